"""Usage of the API: ten endpoints, one row per day and everything that OpenAI tells apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_unified_usage.core.errors import UNMAPPABLE, ConfigError, Unmappable
from source_unified_usage.core.progress import logger
from source_unified_usage.core.usage import Number, Row, Usage, compact, midnight, next_midnight, quantity, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.openai.api import PlatformApi
from source_unified_usage.vendors.openai.buckets import BucketStream
from source_unified_usage.vendors.openai.directory import Directory
from source_unified_usage.vendors.openai.terms import utc_day

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
    recent: bool = False  # since July 2026, not on every account yet


ENDPOINTS = (
    Endpoint("completions", "tokens", "input_tokens", None, (*_MODEL, "batch", "service_tier"), "tokens"),
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

    step = days(31)  # the most buckets of a page
    lookback = days(3)

    def __init__(
        self,
        endpoint: Endpoint,
        api: PlatformApi,
        directory: Directory,
        user_ids: Sequence[str] = (),
        lookback_days: int | None = None,
    ) -> None:
        self._endpoint = endpoint
        self.name = f"openai_usage_{endpoint.name}"
        dimensions = ", ".join(dimension.removesuffix("_id").replace("_", " ") for dimension in endpoint.dimensions)
        self.about = f"The {endpoint.what} of one day, by {dimensions}."
        self.route, self.dimensions = f"usage/{endpoint.name}", endpoint.dimensions
        self._product = {"id": endpoint.name, "name": f"OpenAI {endpoint.name.replace('_', ' ').title()}"}
        self._warned = False
        super().__init__(api, directory, user_ids, lookback_days)

    def results(self, window: Window) -> list[Row]:
        try:
            rows = super().results(window)
        except ConfigError as error:
            if error.status != 404 or not self._endpoint.recent:
                raise
            self.leave_unread(window, f'OpenAI does not offer it to this organization yet (404 "{error.words}")')
            return []
        if self._endpoint.name == "completions":
            self._warn_of_disagreement(rows)
        return rows

    def usages(self, row: tuple[Row, int], window: Window) -> Iterator[Usage]:
        result, ordinal = row
        day = utc_day(result["start_time"])
        model = result.get("model")
        yield usage(
            id=f"{self.key(result)}/{ordinal}",
            product=self._product,
            metric_name=self._endpoint.metric,
            resources=self.names.resources(result),
            organization=compact(id=result.get("organization_id")),
            user=self.names.user(result),
            model={"id": model, "provider": "openai"} if model else None,
            usage=self._figures(result),
            start_date=midnight(day),
            end_date=next_midnight(day),
            surface="api",
            remote_data=result,
        )

    def _figures(self, row: Row) -> dict[str, Any]:
        requests = quantity(row.get("num_model_requests"))
        if self._endpoint.name == "completions":
            return compact(requests=compact(total=requests), tokens=_tokens(row))
        figure = quantity(row[self._endpoint.figure])
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

    def _warn_of_disagreement(self, rows: Sequence[Row]) -> None:
        """Tell once that the vendor's token counts do not add up, and what becomes of them."""
        for row in rows:
            try:
                agrees = _agrees(row)
            except UNMAPPABLE as error:
                raise Unmappable(row, error) from error
            if agrees or self._warned:
                continue
            self._warned = True
            logger.warning(
                f"{self.name}: OpenAI's token counts do not add up in {self.key(row)}; input is taken as input_tokens "
                f"less cached and cache write tokens, and where that is negative only output and total are emitted."
            )


def _uncached(row: Row) -> Number:
    """Input neither read from nor written to a cache; `input_tokens` includes both. Raises KeyError or TypeError."""
    cached, written = row.get("input_cached_tokens"), row.get("input_cache_write_tokens")
    return _count(row["input_tokens"]) - _count(cached or 0) - _count(written or 0)


def _agrees(row: Row) -> bool:
    told = quantity(row.get("input_uncached_tokens"))
    rest = _uncached(row)
    return rest >= 0 and told in (None, rest)


def _tokens(row: Row) -> Mapping[str, Number]:
    """The inclusive counts as classes that add up; older rows lack some of them."""
    uncached, output = _uncached(row), _count(row["output_tokens"])
    total = _count(row["input_tokens"]) + output
    if uncached < 0:
        return {"output": output, "total": total}
    return compact(
        input=uncached,
        output=output,
        cache_read=quantity(row.get("input_cached_tokens")),
        cache_write=quantity(row.get("input_cache_write_tokens")),
        total=total,
    )


def _count(value: Any) -> Number:
    count = quantity(value)
    if count is None:
        raise ValueError("a token count is missing")
    return count
