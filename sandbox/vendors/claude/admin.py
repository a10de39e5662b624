"""Usage and cost reports of the Admin API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sandbox.vendors.claude.console import (
    MESSAGE_DIMENSIONS,
    PARSED,
    ApiEvent,
    Console,
    cost_lines,
)
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.metering import floor
from sandbox.vendors.claude.organizations import (
    Tokens,
    days_between,
    midnight,
    stamp,
)
from sandbox.vendors.claude.query import WIDTHS, Query, invalid, no_complete_bucket

FAST_MODE = "fast-mode-2026-02-01"
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}  # default and most per page
_FILTERS = {
    "account_ids": "account_id",
    "api_key_ids": "api_key_id",
    "workspace_ids": "workspace_id",
    "models": "model",
    "service_tiers": "service_tier",
    "context_window": "context_window",
    "inference_geos": "inference_geo",
    "service_account_ids": "service_account_id",
    "speeds": "speed",
}
Value = TypeVar("Value")
MessageKey = tuple[str | None, ...]


class Admin:
    """Answers of `usage_report/messages` and `cost_report`."""

    def __init__(self, console: Console, knobs: Knobs) -> None:
        self._console, self._knobs = console, knobs

    def messages(
        self, start: datetime, end: datetime, now: datetime, dimensions: Sequence[str]
    ) -> list[tuple[MessageKey, tuple[Tokens, int]]]:
        """Tokens and web searches in [start, end) by the values of `dimensions`."""
        return self._rows(_summed(self._traffic(start, end, now), dimensions), (Tokens(output=1), 0))

    def costs(self, day: date, now: datetime, by_workspace: bool, by_description: bool) -> list[tuple[MessageKey, int]]:
        """Millionths of a cent by workspace, description and the fields parsed from it."""
        amounts: dict[MessageKey, int] = {}
        for event in self._traffic(midnight(day), midnight(day + timedelta(days=1)), now):
            for line in cost_lines(event):
                workspace = line.workspace_id if by_workspace else None
                told = (line.description, *line.parsed) if by_description else (None,) * 7
                key = (workspace, *told)
                amounts[key] = amounts.get(key, 0) + line.amount
        return self._rows({key: amounts[key] for key in sorted(amounts, key=repr)}, 1)

    def _rows(self, sums: dict[MessageKey, Value], least: Value) -> list[tuple[MessageKey, Value]]:
        """The sums by key; the first has a twin of the same key, the least that there is, before it."""
        rows = list(sums.items())
        return [(rows[0][0], least), *rows] if rows and self._knobs.twins else rows

    def answer(self, endpoint: str, query: Query, betas: str) -> Mapping[str, Any]:
        query.resume()
        if endpoint == "cost_report":
            return self._cost_report(query)
        return self._usage_report(query, betas)

    def _traffic(self, start: datetime, end: datetime, now: datetime) -> Iterable[ApiEvent]:
        last = (end - timedelta(microseconds=1)).date()
        for day in days_between(start.date(), last + timedelta(days=1)):
            for event in self._console.traffic(day):
                if start <= event.at < end and event.arrives <= now:
                    yield event

    def _usage_report(self, query: Query, betas: str) -> Mapping[str, Any]:
        unit = query.one_of("bucket_width", tuple(WIDTHS), "1d")
        width = WIDTHS[unit]
        limit = query.whole("limit", *_BUCKETS[unit])
        dimensions = query.some_of("group_by", MESSAGE_DIMENSIONS)
        if len(dimensions) > 5:
            raise invalid("Cannot specify more than 5 group_by[] dimensions.")
        if ("speed" in dimensions or query.many("speeds")) and FAST_MODE not in betas:
            raise invalid(f"speed: requires the anthropic-beta header {FAST_MODE}")
        start, end = _range(query, width)
        until = min(floor(end, width), floor(query.now, width) + width)
        starts = [start + width * n for n in range(max(0, (until - start) // width))]
        page = starts[query.offset : query.offset + limit]
        data = []
        for at in page:
            events = list(_matching(query, self._traffic(at, at + width, query.now)))
            rows = self._rows(_summed(events, dimensions), (Tokens(output=1), 0))
            results = [self._message_row(dimensions, key, *sums) for key, sums in rows]
            data.append(_bucket(at, at + width, results))
        if limit > 1 and sum(len(bucket["results"]) for bucket in data) > self._knobs.row_cap:
            raise invalid("Too many results; reduce limit or the number of group_by dimensions")
        more, next_page = query.has_more(query.offset + limit, len(starts))
        return {"data": data, "has_more": more, "next_page": next_page}

    def _message_row(self, dimensions: Sequence[str], key: MessageKey, tokens: Tokens, searches: int) -> dict[str, Any]:
        told = dict(zip(dimensions, key, strict=True))
        shown = [name for name in MESSAGE_DIMENSIONS if name != "speed" or name in told]
        nested = {
            "cache_creation": {
                "ephemeral_5m_input_tokens": tokens.write_5m,
                "ephemeral_1h_input_tokens": tokens.write_1h,
            }
        }
        flat = {"cache_creation_input_tokens": tokens.write_5m + tokens.write_1h}
        written: Mapping[str, Any] = flat if self._knobs.flat_cache_creation else nested
        return {
            **{name: told.get(name) for name in shown},
            "uncached_input_tokens": tokens.uncached,
            "cache_read_input_tokens": tokens.cache_read,
            **written,
            "output_tokens": tokens.output,
            "server_tool_use": {"web_search_requests": searches},
        }

    def _cost_report(self, query: Query) -> Mapping[str, Any]:
        query.one_of("bucket_width", ("1d",), "1d")
        limit = query.whole("limit", 7, 31)
        dimensions = query.some_of("group_by", ("workspace_id", "description"))
        start, end = _range(query, WIDTHS["1d"])
        days = days_between(start.date(), min(end.date(), query.now.date()))
        if not days:
            raise no_complete_bucket()
        data = []
        for day in days[query.offset : query.offset + limit]:
            by = ("workspace_id" in dimensions, "description" in dimensions)
            rows = self.costs(day, query.now, *by)
            results = [_cost_row(key, amount) for key, amount in rows]
            data.append(_bucket(midnight(day), midnight(day + timedelta(days=1)), results))
        more, next_page = query.has_more(query.offset + limit, len(days))
        return {"data": data, "has_more": more, "next_page": next_page}


def _range(query: Query, width: timedelta) -> tuple[datetime, datetime]:
    asked = query.required_instant("starting_at")
    end = query.instant("ending_at") or query.now
    if end <= asked:
        raise no_complete_bucket()
    return floor(asked, width), end


def _matching(query: Query, events: Iterable[ApiEvent]) -> Iterable[ApiEvent]:
    wanted = {dimension: query.many(name) for name, dimension in _FILTERS.items()}
    for event in events:
        told = event.dimensions
        if all(not only or told.get(name) in only for name, only in wanted.items()):
            yield event


def _summed(events: Iterable[ApiEvent], dimensions: Sequence[str]) -> dict[MessageKey, tuple[Tokens, int]]:
    sums: dict[MessageKey, tuple[Tokens, int]] = {}
    for event in events:
        key = tuple(event.dimensions.get(name) for name in dimensions)
        tokens, searches = sums.get(key, (Tokens(), 0))
        added = Tokens(*map(sum, zip(tokens, event.tokens, strict=True)))
        sums[key] = (added, searches + event.searches)
    return {key: sums[key] for key in sorted(sums, key=repr)}


def _cost_row(key: MessageKey, amount: int) -> dict[str, Any]:
    workspace, description, *parsed = key
    told = dict(zip(PARSED, parsed, strict=True))
    digits = Decimal(amount).scaleb(-6)
    # Both spellings are seen: with six decimals, and with as many as needed.
    exact = f"{digits:.6f}" if told["token_type"] != "output_tokens" else f"{digits.normalize():f}"
    head = {"amount": exact, "currency": "USD", "workspace_id": workspace}
    return {**head, "description": description, **told}


def _bucket(start: datetime, end: datetime, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"starting_at": stamp(start), "ending_at": stamp(end), "results": results}
