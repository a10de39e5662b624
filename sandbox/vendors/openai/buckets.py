"""Usage and costs over HTTP: time buckets, their bounds and their pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from sandbox.kit import BadCursor, Json, cursor, number, place_of
from sandbox.times import day_at, epoch
from sandbox.vendors.openai.cost_lines import CostRow, add_up_costs
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.endpoints import ENDPOINTS, NEW_TOKENS, Endpoint
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.query import Query
from sandbox.vendors.openai.refusals import invalid
from sandbox.vendors.openai.reported import Reported
from sandbox.vendors.openai.usage_events import DAY, Row, add_up

Results = Callable[[int, int], list[Json]]

# default and maximum number of buckets of a day; the API has other widths, which the source does not ask for
_LIMITS, _COSTS_LIMITS = (7, 31), (7, 180)
_COSTS_DIMENSIONS = ("project_id", "line_item", "api_key_id", "user_id")
_TIMES = ("start_time", "end_time", "bucket_width", "limit", "page", "group_by")


@dataclass(frozen=True)
class _Position:
    """Where a page begins; `asked` is when the first page was asked for."""

    asked: int
    begin: int
    empty: bool = False


class Buckets:
    """The pages of `/organization/usage/<name>` and `/organization/costs`."""

    def __init__(self, reported: Reported, knobs: Knobs, directory: Directory) -> None:
        self._reported, self._knobs, self._directory = reported, knobs, directory

    def usage(self, name: str, query: Query, now: datetime) -> Json:
        endpoint = ENDPOINTS[name]
        if self._knobs.strict_parameters:
            query.known((*_TIMES, *endpoint.filters))
        by = set(query.array("group_by", endpoint.dimensions))
        users = query.array("user_ids")
        user_at = endpoint.dimensions.index("user_id") if users else 0

        def results(begin: int, end: int) -> list[Json]:
            events = self._reported.usage(name, begin, end)
            events = [event for event in events if not users or event.dimensions[user_at] in users]
            return [self._usage_row(endpoint, by, row) for row in add_up(endpoint, events, by)]

        return self._page(query, now, _LIMITS, results)

    def costs(self, query: Query, now: datetime) -> Json:
        if self._knobs.strict_parameters:
            query.known(_TIMES)
        by = set(query.array("group_by", _COSTS_DIMENSIONS))
        for together in self._knobs.refused_cost_groups:
            if together <= by:
                names = " and ".join(sorted(together))
                message = f"Grouping costs by {names} is not supported for this organization and time range."
                raise invalid("group_by", message)

        def results(begin: int, end: int) -> list[Json]:
            return [self._cost_row(row) for row in add_up_costs(self._reported.costs(begin, end), by)]

        return self._page(query, now, _COSTS_LIMITS, results, self._knobs.costs_trailing_page)

    def earliest(self, now: datetime) -> date:
        """The oldest day that is served."""
        return now.date() - timedelta(days=self._knobs.retention_days)

    def _page(
        self, query: Query, now: datetime, limits: tuple[int, int], results: Results, trailing: bool = False
    ) -> Json:
        start, end = self._range(query, now)
        query.choice("bucket_width", ("1d",), "1d")
        limit = min(query.limit(*limits), self._knobs.page_cap or 10**9)
        at = int(now.timestamp())
        after_now = at - at % DAY + DAY
        stop = after_now if end is None else min(end, after_now)
        here = self._position(query) or _Position(at, start)
        if here.empty:
            return self._envelope(query, here, [], _Position(here.asked, here.begin))
        data: list[Json] = []
        begin = here.begin
        while begin < stop and len(data) < limit:
            bucket_end = min(begin - begin % DAY + DAY, stop)
            data.append(_bucket(begin, bucket_end, results(begin, bucket_end)))
            begin = bucket_end
        more = _Position(here.asked, begin, empty=self._knobs.empty_pages)
        return self._envelope(query, here, data, more if begin < stop or (trailing and data) else None)

    def _range(self, query: Query, now: datetime) -> tuple[int, int | None]:
        start, end = query.integer("start_time"), query.integer("end_time")
        if start is None:
            message = "Missing required parameter: 'start_time'."
            raise invalid("start_time", message, "missing_required_parameter")
        if end is not None and end <= start:
            raise invalid("end_time", "Invalid 'end_time': must be greater than 'start_time'.")
        earliest = self.earliest(now)
        if start < epoch(earliest):
            message = "Usage and cost data are available for the past year."
            if self._knobs.retention_names_date:
                message += f" Earliest supported start date: {earliest} (UTC)."
            if self._knobs.retention_echoes:
                asked = (day_at(at) for at in (start, end or int(now.timestamp())))
                message = f"Cannot report {' to '.join(map(str, asked))}. {message}"
            raise invalid("start_time", message, "reporting_lookback_exceeded")
        return start, end

    def _envelope(self, query: Query, here: _Position, data: list[Json], more: _Position | None) -> Json:
        following = _cursor(query, more) if more else None
        if more and self._knobs.broken_cursor == "missing":
            following = None
        elif more and self._knobs.broken_cursor == "repeated":
            following = _cursor(query, here)
        return {"object": "page", "data": data, "has_more": more is not None, "next_page": following}

    def _position(self, query: Query) -> _Position | None:
        """The place that the request's cursor names; a cursor holds for its own query alone."""
        text = query.text("page")
        if text is None:
            return None
        try:
            return _Position(*place_of(text.removeprefix("page_"), query.everything_but("page")))
        except BadCursor:
            raise invalid("page", f"Invalid 'page': '{text}' is not a cursor of this query.") from None

    def _usage_row(self, endpoint: Endpoint, by: set[str], row: Row) -> Json:
        dimensions = dict(zip(endpoint.dimensions, row.dimensions, strict=True))
        metrics = dict(zip(endpoint.metrics, row.metrics, strict=True))
        if "input_cache_write_tokens" in metrics:
            metrics |= self._cache_writes(metrics)
        if row.old or (self._knobs.old_shape and endpoint.name == "completions"):
            metrics = {name: n for name, n in metrics.items() if name not in NEW_TOKENS}
            if row.old and "service_tier" in by:
                del dimensions["service_tier"]
        return {"object": endpoint.object, **metrics, **dimensions}

    def _cache_writes(self, metrics: dict[str, int]) -> dict[str, int]:
        written, half_day = metrics["input_cache_write_tokens"], metrics.pop("input_cache_write_12h_tokens")
        if self._knobs.cache_writes == "one":
            return {}
        half_hour = "_30m" if self._knobs.cache_writes == "split" else ""
        return {f"input_cache_write{half_hour}_tokens": written - half_day, "input_cache_write_12h_tokens": half_day}

    def _cost_row(self, row: CostRow) -> Json:
        answer: Json = {"object": "organization.costs.result"}
        if row.currency is not None:
            value = None if row.amount is None else self._amount(row.amount, row.line_item)
            answer["amount"] = {"value": value, "currency": row.currency}
        answer |= {"line_item": row.line_item, "project_id": row.project}
        if row.amount is None and row.line_item:
            return answer
        answer["quantity"] = None if row.quantity is None else number(row.quantity)
        answer |= {"api_key_id": row.api_key, "user_id": row.user, "quantity_unit": row.unit}
        if row.line_item == "gpt-image-2 image, output":
            answer["organization_id"] = self._directory.organization_id
        return answer

    def _amount(self, value: Decimal, line_item: str | None) -> str | int | float:
        """A string in most rows, a number in some; tiny ones in exponent form."""
        tool = line_item is not None and line_item.endswith("tool calls")
        if self._knobs.amounts == "number" or (self._knobs.amounts == "mixed" and tool):
            return number(value)
        if not value:
            return "0"
        if abs(value) < Decimal("0.0001"):
            return f"{value.normalize():E}"
        return f"{value:f}"


def _bucket(begin: int, end: int, results: list[Json]) -> Json:
    return {
        "object": "bucket",
        "start_time": begin,
        "end_time": end,
        "start_time_iso": datetime.fromtimestamp(begin, timezone.utc).isoformat(),
        "end_time_iso": datetime.fromtimestamp(end, timezone.utc).isoformat(),
        "results": results,
    }


def _cursor(query: Query, position: _Position) -> str:
    return "page_" + cursor(query.everything_but("page"), position.asked, position.begin, position.empty)
