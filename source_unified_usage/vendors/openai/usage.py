"""Usage of the API: an endpoint for each kind, one row per day and combination of all that it can be grouped by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, quantity, text, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.openai.api import PlatformApi
from source_unified_usage.vendors.openai.buckets import BucketItem, BucketStream
from source_unified_usage.vendors.openai.lookups import Lookups
from source_unified_usage.vendors.openai.mapping import model, utc_day

_OWNER = ("project_id", "user_id", "api_key_id")
_MODEL = (*_OWNER, "model")


@dataclass(frozen=True)
class Endpoint:
    """`figure`: the metered field, in `unit`s (None: tokens); `dimensions`: all it can be grouped by, in order."""

    name: str
    metric: str
    figure: str
    unit: str | None
    dimensions: Sequence[str]
    what: str
    recent: bool = False  # since July 2026 or later (OpenAI API reference: Usage), not on every account yet


_TIER = (*_MODEL, "batch", "service_tier")

# Decisions count as completions do; since they came, completions and web searches can be grouped by api_source too
# (OpenAI Python SDK, autumn of 2026), which would change the ids of streams that exist
CACHING = (
    Endpoint("completions", "tokens", "input_tokens", None, _TIER, "tokens"),
    Endpoint("decisions", "tokens", "input_tokens", None, (*_TIER, "api_source"), "tokens of decisions", recent=True),
)
ENDPOINTS = (
    Endpoint("embeddings", "tokens", "input_tokens", None, _MODEL, "tokens embedded"),
    Endpoint("moderations", "tokens", "input_tokens", None, _MODEL, "tokens moderated"),
    Endpoint("images", "images", "images", "image", (*_MODEL, "size", "source"), "images made"),
    Endpoint("audio_speeches", "characters", "characters", "character", _MODEL, "characters spoken"),
    Endpoint("audio_transcriptions", "seconds", "seconds", "second", _MODEL, "seconds transcribed"),
    Endpoint("vector_stores", "bytes", "usage_bytes", "byte", ("project_id",), "bytes stored in vector stores"),
    Endpoint("code_interpreter_sessions", "sessions", "num_sessions", "session", ("project_id",), "sessions"),
    Endpoint(
        "file_search_calls",
        "file_searches",
        "num_requests",
        "request",
        (*_OWNER, "vector_store_id"),
        "file searches",
        recent=True,
    ),
    Endpoint(
        "web_search_calls",
        "web_searches",
        "num_requests",
        "request",
        (*_MODEL, "context_level"),
        "web searches",
        recent=True,
    ),
)


class ApiUsage(BucketStream):
    """The usage of one endpoint, without money."""

    role = "activity"
    step = days(31)  # the most buckets of a page (OpenAI API reference: Usage)
    lookback = days(3)  # how long usage is corrected is not documented; clients see minutes to hours, and a margin

    def __init__(self, endpoint: Endpoint, api: PlatformApi, lookups: Lookups, user_ids: Sequence[str] = ()) -> None:
        self._endpoint = endpoint
        self.name = f"openai_usage_{endpoint.name}"
        dimensions = ", ".join(dimension.removesuffix("_id").replace("_", " ") for dimension in endpoint.dimensions)
        self.about = f"The {endpoint.what} of one day, by {dimensions.replace('api ', 'API ')}."
        self.counts_tokens = endpoint.unit is None
        self.route, self.dimensions = f"usage/{endpoint.name}", endpoint.dimensions
        self._product = {"id": endpoint.name, "name": f"OpenAI {endpoint.name.replace('_', ' ').title()}"}
        super().__init__(api, lookups, user_ids)

    def results(self, window: Window) -> list[Row]:
        try:
            return super().results(window)
        except ConfigError as error:
            if error.status != 404 or not self._endpoint.recent:
                raise
            why = f'OpenAI does not offer it to this organization yet (404 "{error.vendor_message}")'
            self.not_available(window, why)
            return []

    def usages(self, item: BucketItem) -> Iterator[Usage]:
        row = item.row
        yield usage(
            id=f"{self.key(row)}/{item.ordinal}",
            product=self._product,
            metric_name=self._endpoint.metric,
            resources=item.names.resources(row),
            organization=compact(id=text(row.get("organization_id"))),
            user=item.names.user(row),
            model=model(text(row.get("model"))),
            usage=self.figures(row),
            **day_period(utc_day(row["start_time"])),
            surface="api",
            remote_data=row,
        )

    def filters(self) -> Mapping[str, Sequence[str]]:
        return {"user_ids": self.user_ids}

    def figures(self, row: Row) -> dict[str, Any]:
        """A record's `usage`."""
        requests, figure = quantity(row.get("num_model_requests")), quantity(row[self._endpoint.figure])
        if self._endpoint.unit is None:
            return compact(requests=compact(total=requests), tokens=compact(input=figure, total=figure))
        if self._endpoint.name == "file_search_calls":
            requests = figure
        searches = figure if self._endpoint.name == "web_search_calls" else None
        return compact(
            quantity=figure,
            unit=self._endpoint.unit,
            requests=compact(total=requests),
            tools=compact(web_search_count=searches),
        )
