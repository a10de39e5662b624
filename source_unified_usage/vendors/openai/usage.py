"""Usage of the API: ten endpoints, one row per day and everything that OpenAI tells apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from source_unified_usage.core.errors import UNMAPPABLE, ConfigError, Unmappable
from source_unified_usage.core.progress import logger
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Number, Row, Usage, compact, quantity, text, usage
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
    ) -> None:
        self._endpoint = endpoint
        self.name = f"openai_usage_{endpoint.name}"
        dimensions = ", ".join(dimension.removesuffix("_id").replace("_", " ") for dimension in endpoint.dimensions)
        self.about = f"The {endpoint.what} of one day, by {dimensions}."
        self.route, self.dimensions = f"usage/{endpoint.name}", endpoint.dimensions
        self._product = {"id": endpoint.name, "name": f"OpenAI {endpoint.name.replace('_', ' ').title()}"}
        self._warned = False
        super().__init__(api, directory, user_ids)

    def results(self, window: Window) -> list[Row]:
        try:
            rows = super().results(window)
        except ConfigError as error:
            if error.status != 404 or not self._endpoint.recent:
                raise
            self.not_available(
                window, f'OpenAI does not offer it to this organization yet (404 "{error.vendor_message}")'
            )
            return []
        if self._endpoint.name == "completions":
            self._warn_of_disagreement(rows)
        return rows

    def usages(self, row: tuple[Row, int], window: Window) -> Iterator[Usage]:
        result, ordinal = row
        day = utc_day(result["start_time"])
        model = text(result.get("model"))
        yield usage(
            id=f"{self.key(result)}/{ordinal}",
            product=self._product,
            metric_name=self._endpoint.metric,
            resources=self.names.resources(result),
            organization=compact(id=text(result.get("organization_id"))),
            user=self.names.user(result),
            model={"id": model, "provider": "openai"} if model else None,
            usage=self._figures(result),
            **day_period(day),
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
                agrees = _input(row).agree
            except UNMAPPABLE as error:
                raise Unmappable(row, error) from error
            if agrees or self._warned:
                continue
            self._warned = True
            logger.warning(
                f"{self.name}: OpenAI's token counts do not add up in {self.key(row)}; input is taken as input_tokens "
                f"less cached and cache write tokens, and where that is negative only output and total are emitted."
            )


class _Input(NamedTuple):
    """`input_tokens` without what was read from a cache: `fresh` and `written`, whether the vendor's parts `agree`."""

    fresh: Number
    written: Number | None
    agree: bool


def _input(row: Row) -> _Input:
    """The spelling of cache writes whose identity holds; where none does, the first. Raises KeyError or ValueError."""
    rest = _count(row["input_tokens"]) - (quantity(row.get("input_cached_tokens")) or 0)
    told = quantity(row.get("input_uncached_tokens"))
    spellings, agree = _written(row)
    for written in spellings:
        fresh = rest - (written or 0)
        if fresh >= 0 and told in (None, fresh):
            return _Input(fresh, written, agree or told is not None)
    return _Input(rest - (spellings[0] or 0), spellings[0], False)


def _written(row: Row) -> tuple[list[Number | None], bool]:
    """What may have been written to a cache, the likeliest first, and whether the classes agree with their sum.

    Either `input_cache_write_tokens` is the class of 30 minutes beside the one of 12 hours, or it is the sum of both.
    """
    names = ("input_cache_write_tokens", "input_cache_write_30m_tokens", "input_cache_write_12h_tokens")
    written, half_hour, half_day = (quantity(row.get(name)) for name in names)
    beside = _sum(written, half_day)
    if half_hour is None:
        return [beside, written], True
    classes = _sum(half_hour, half_day)
    return [classes, beside, written], written in (None, classes)


def _sum(*figures: Number | None) -> Number | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _tokens(row: Row) -> Mapping[str, Number]:
    """The inclusive counts as classes that add up; older rows lack some of them."""
    entered, output = _input(row), _count(row["output_tokens"])
    total = _count(row["input_tokens"]) + output
    if entered.fresh < 0:
        return {"output": output, "total": total}
    return compact(
        input=entered.fresh,
        output=output,
        cache_read=quantity(row.get("input_cached_tokens")),
        cache_write=entered.written,
        total=total,
    )


def _count(value: Any) -> Number:
    count = quantity(value)
    if count is None:
        raise ValueError("a token count is missing")
    return count
