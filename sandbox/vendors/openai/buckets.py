"""Usage and costs over HTTP: time buckets, their bounds and their pages."""

import base64
import binascii
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sandbox.vendors.openai.books import Books
from sandbox.vendors.openai.cost_lines import CostEvent, CostRow, add_up_costs
from sandbox.vendors.openai.directory import Directory, epoch
from sandbox.vendors.openai.endpoints import ENDPOINTS, NEW_TOKENS, Endpoint
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.parameters import Parameters
from sandbox.vendors.openai.refusals import platform
from sandbox.vendors.openai.usage_events import DAY, HOUR, Event, Row, add_up

Json = dict[str, Any]
Results = Callable[[int, int], list[Json]]

_WIDTHS = {"1m": 60, "1h": HOUR, "1d": DAY}
# default and maximum number of buckets
_LIMITS = {"1m": (60, 1440), "1h": (24, 168), "1d": (7, 31)}
_COSTS_LIMITS = {"1d": (7, 180)}
_COSTS_FILTERS = {"project_ids": "project", "api_key_ids": "api_key", "line_items": "line_item"}
_COSTS_DIMENSIONS = ("project_id", "line_item", "api_key_id")
_TIMES = ("start_time", "end_time", "bucket_width", "limit", "page", "group_by")


@dataclass(frozen=True)
class _Position:
    """Where a page begins; `asked` is when the first page was asked for."""

    asked: int
    begin: int
    empty: bool = False


class Buckets:
    """The pages of `/organization/usage/<name>` and `/organization/costs`."""

    def __init__(self, books: Books, knobs: Knobs, directory: Directory) -> None:
        self._books, self._knobs, self._directory = books, knobs, directory

    def usage(self, name: str, parameters: Parameters, now: datetime) -> Json:
        endpoint = ENDPOINTS[name]
        if self._knobs.strict_parameters:
            parameters.known((*_TIMES, *endpoint.filters))
        by = set(parameters.array("group_by", endpoint.dimensions))
        wanted = _wanted(endpoint, parameters)

        def results(begin: int, end: int) -> list[Json]:
            events = [e for e in self._books.usage(name, begin, end) if wanted(e)]
            return [self._usage_row(endpoint, by, row) for row in add_up(endpoint, events, by)]

        return self._page(parameters, now, _LIMITS, results)

    def costs(self, parameters: Parameters, now: datetime) -> Json:
        if self._knobs.strict_parameters:
            parameters.known((*_TIMES, *_COSTS_FILTERS))
        by = set(parameters.array("group_by", _COSTS_DIMENSIONS))
        filters = {field: values for name, field in _COSTS_FILTERS.items() if (values := parameters.array(name))}

        def wanted(event: CostEvent) -> bool:
            return all(getattr(event, field) in values for field, values in filters.items())

        def results(begin: int, end: int) -> list[Json]:
            events = [event for event in self._books.costs(begin, end) if wanted(event)]
            return [self._cost_row(row) for row in add_up_costs(events, by)]

        return self._page(parameters, now, _COSTS_LIMITS, results, self._knobs.costs_trailing_page)

    def earliest(self, now: datetime) -> date:
        """The oldest day that is served."""
        return now.date() - timedelta(days=self._knobs.retention_days)

    def _page(
        self,
        parameters: Parameters,
        now: datetime,
        limits: dict[str, tuple[int, int]],
        results: Results,
        trailing: bool = False,
    ) -> Json:
        start, end = self._range(parameters, now)
        width_name = parameters.choice("bucket_width", tuple(limits), "1d")
        width = _WIDTHS[width_name]
        limit = min(parameters.limit(*limits[width_name]), self._knobs.page_cap or 10**9)
        at = int(now.timestamp())
        after_now = at - at % width + width
        stop = after_now if end is None else min(end, after_now)
        here = self._position(parameters) or _Position(at, start)
        if here.empty:
            return self._envelope(parameters, here, [], _Position(here.asked, here.begin))
        data: list[Json] = []
        begin = here.begin
        while begin < stop and len(data) < limit:
            bucket_end = min(begin - begin % width + width, stop)
            data.append(_bucket(begin, bucket_end, results(begin, bucket_end)))
            begin = bucket_end
        if begin < stop or (trailing and data):
            more = _Position(here.asked, begin, empty=self._knobs.empty_pages)
            return self._envelope(parameters, here, data, more)
        return self._envelope(parameters, here, data, None)

    def _range(self, parameters: Parameters, now: datetime) -> tuple[int, int | None]:
        start, end = parameters.integer("start_time"), parameters.integer("end_time")
        if start is None:
            raise platform(
                400,
                "Missing required parameter: 'start_time'.",
                param="start_time",
                code="missing_required_parameter",
            )
        if end is not None and end <= start:
            raise platform(
                400,
                "Invalid 'end_time': must be greater than 'start_time'.",
                param="end_time",
                code="invalid_value",
            )
        earliest = self.earliest(now)
        if start < epoch(earliest):
            message = "Usage and cost data are available for the past year."
            if self._knobs.retention_names_date:
                message += f" Earliest supported start date: {earliest} (UTC)."
            if self._knobs.retention_echoes:
                asked = (datetime.fromtimestamp(at, timezone.utc).date() for at in (start, end or int(now.timestamp())))
                message = f"Cannot report {' to '.join(map(str, asked))}. {message}"
            code = "reporting_lookback_exceeded"
            raise platform(400, message, param="start_time", code=code)
        return start, end

    def _envelope(self, parameters: Parameters, here: _Position, data: list[Json], more: _Position | None) -> Json:
        cursor = _cursor(parameters, more) if more else None
        if more and self._knobs.broken_cursor == "missing":
            cursor = None
        elif more and self._knobs.broken_cursor == "repeated":
            cursor = _cursor(parameters, here)
        return {"object": "page", "data": data, "has_more": more is not None, "next_page": cursor}

    def _position(self, parameters: Parameters) -> _Position | None:
        """The place that the request's cursor names; a cursor holds for its own query alone."""
        text = parameters.text("page")
        if text is None:
            return None
        try:
            raw = base64.b64decode(text.removeprefix("page_"), validate=True)
            asked, seal, begin = struct.unpack(">qIq", raw)
        except (binascii.Error, struct.error, ValueError):
            seal = None
        if seal is not None and text.startswith("page_"):
            for empty in (False, True):
                if seal == _seal(parameters, empty):
                    return _Position(asked, begin, empty)
        message = f"Invalid 'page': '{text}' is not a cursor of this query."
        raise platform(400, message, param="page", code="invalid_value")

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
        quantity = row.quantity
        if quantity is not None:
            whole = quantity == quantity.to_integral_value()
            answer["quantity"] = int(quantity) if whole else float(quantity)
        else:
            answer["quantity"] = None
        answer |= {"api_key_id": row.api_key, "quantity_unit": row.unit}
        if row.line_item == "gpt-image-2 image, output":
            answer["organization_id"] = self._directory.organization_id
        return answer

    def _amount(self, value: Decimal, line_item: str | None) -> str | int | float:
        """A string in most rows, a number in some; tiny ones in exponent form."""
        tool = line_item is not None and line_item.endswith("tool calls")
        if self._knobs.amounts == "number" or (self._knobs.amounts == "mixed" and tool):
            return int(value) if value == value.to_integral_value() else float(value)
        if not value:
            return "0"
        if abs(value) < Decimal("0.0001"):
            return f"{value.normalize():E}"
        return f"{value:f}"


def _wanted(endpoint: Endpoint, parameters: Parameters) -> Callable[[Event], bool]:
    """Whether the request's filters let an event through."""
    filters: list[tuple[int, list[str]]] = []
    batch: bool | None = None
    for name, dimension in endpoint.filters.items():
        if name == "batch":
            batch = parameters.boolean(name)
        elif values := parameters.array(name, endpoint.enums.get(name, ())):
            filters.append((endpoint.dimensions.index(dimension), values))
    batch_at = endpoint.dimensions.index("batch") if batch is not None else 0

    def wanted(event: Event) -> bool:
        if batch is not None and bool(event.dimensions[batch_at]) != batch:
            return False
        return all(event.dimensions[at] in values for at, values in filters)

    return wanted


def _bucket(begin: int, end: int, results: list[Json]) -> Json:
    return {
        "object": "bucket",
        "start_time": begin,
        "end_time": end,
        "start_time_iso": datetime.fromtimestamp(begin, timezone.utc).isoformat(),
        "end_time_iso": datetime.fromtimestamp(end, timezone.utc).isoformat(),
        "results": results,
    }


def _cursor(parameters: Parameters, position: _Position) -> str:
    seal = _seal(parameters, position.empty)
    raw = struct.pack(">qIq", position.asked, seal, position.begin)
    return f"page_{base64.b64encode(raw).decode()}"


def _seal(parameters: Parameters, empty: bool) -> int:
    """Four bytes that belong to the query, so that a cursor of another one is noticed."""
    return zlib.crc32(repr((parameters.everything_but("page"), empty)).encode())
