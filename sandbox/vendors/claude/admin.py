"""Usage and cost reports of the Admin API."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from sandbox.kit import Json
from sandbox.times import DAY, days_between
from sandbox.vendors.claude.console import MESSAGE_DIMENSIONS, PARSED, ApiEvent, Console, cost_lines
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.organizations import Tokens
from sandbox.vendors.claude.query import Query, bounds
from sandbox.vendors.claude.refusals import invalid, no_complete_bucket

_LIMITS = (7, 31)  # default and most buckets of a page
Value = TypeVar("Value")
MessageKey = tuple[str | None, ...]


class Admin:
    """Answers of `usage_report/messages` and `cost_report`."""

    def __init__(self, console: Console, knobs: Knobs) -> None:
        self._console, self._knobs = console, knobs

    def usage(self, day: date, now: datetime, dimensions: Sequence[str]) -> list[tuple[MessageKey, tuple[Tokens, int]]]:
        """Tokens and web searches of the day by the values of `dimensions`."""
        return self._rows(_summed(self.traffic(day, now), dimensions), (Tokens(output=1), 0))

    def costs(self, day: date, now: datetime, by_workspace: bool, by_description: bool) -> list[tuple[MessageKey, int]]:
        """Millionths of a cent by workspace, description and the fields parsed from it."""
        amounts: dict[MessageKey, int] = {}
        for event in self.traffic(day, now):
            for line in cost_lines(event):
                workspace = line.workspace_id if by_workspace else None
                described = (line.description, *line.parsed) if by_description else (None,) * 7
                key = (workspace, *described)
                amounts[key] = amounts.get(key, 0) + line.amount
        return self._rows({key: amounts[key] for key in sorted(amounts, key=repr)}, 1)

    def _rows(self, sums: dict[MessageKey, Value], least: Value) -> list[tuple[MessageKey, Value]]:
        """The sums by key; the first has a twin of the same key, the least that there is, before it."""
        rows = list(sums.items())
        return [(rows[0][0], least), *rows] if rows and self._knobs.twins else rows

    def traffic(self, day: date, now: datetime) -> Iterable[ApiEvent]:
        """What counts at `now` of the day's traffic."""
        return (event for event in self._console.traffic(day) if event.arrives <= now)

    def usage_report(self, query: Query) -> Json:
        query.resume()
        query.one_of("bucket_width", ("1d",), "1d")
        limit = query.whole("limit", *_LIMITS)
        dimensions = query.some_of("group_by", MESSAGE_DIMENSIONS)
        if len(dimensions) > 5:
            # an answer quoted in PostHog/posthog#72556
            raise invalid("Cannot specify more than 5 group_by[] dimensions.")
        if "speed" in dimensions:
            raise invalid("speed: requires the anthropic-beta header fast-mode-2026-02-01")
        start, end = _range(query)
        page, next_page = query.cut(days_between(start, min(end.date(), query.now.date() + DAY)), limit)
        rows = {day: self.usage(day, query.now, dimensions) for day in page}
        data = [
            {**bounds(day), "results": [self._message_row(dimensions, *row) for row in found]}
            for day, found in rows.items()
        ]
        if limit > 1 and sum(len(bucket["results"]) for bucket in data) > self._knobs.row_cap:
            raise invalid("Too many results; reduce limit or the number of group_by dimensions")
        return {"data": data, "has_more": next_page is not None, "next_page": next_page}

    def _message_row(self, dimensions: Sequence[str], key: MessageKey, sums: tuple[Tokens, int]) -> Json:
        tokens, searches = sums
        known = dict(zip(dimensions, key, strict=True))
        return {
            **{name: known.get(name) for name in MESSAGE_DIMENSIONS if name != "speed"},
            "uncached_input_tokens": tokens.uncached,
            "cache_read_input_tokens": tokens.cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": tokens.write_5m,
                "ephemeral_1h_input_tokens": tokens.write_1h,
            },
            "output_tokens": tokens.output,
            "server_tool_use": {"web_search_requests": searches},
        }

    def cost_report(self, query: Query) -> Json:
        query.resume()
        query.one_of("bucket_width", ("1d",), "1d")
        limit = query.whole("limit", *_LIMITS)
        dimensions = query.some_of("group_by", ("workspace_id", "description"))
        start, end = _range(query)
        days = days_between(start, min(end.date(), query.now.date()))
        if not days:
            raise no_complete_bucket()
        by = ("workspace_id" in dimensions, "description" in dimensions)
        page, next_page = query.cut(days, limit)
        data = [
            {**bounds(day), "results": [_cost_row(*row) for row in self.costs(day, query.now, *by)]} for day in page
        ]
        return {"data": data, "has_more": next_page is not None, "next_page": next_page}


def _range(query: Query) -> tuple[date, datetime]:
    asked = query.required_instant("starting_at")
    end = query.instant("ending_at") or query.now
    if end <= asked:
        raise no_complete_bucket()
    return asked.date(), end


def _summed(events: Iterable[ApiEvent], dimensions: Sequence[str]) -> dict[MessageKey, tuple[Tokens, int]]:
    sums: dict[MessageKey, tuple[Tokens, int]] = {}
    for event in events:
        key = tuple(event.dimensions.get(name) for name in dimensions)
        tokens, searches = sums.get(key, (Tokens(), 0))
        sums[key] = (tokens.plus(event.tokens), searches + event.searches)
    return {key: sums[key] for key in sorted(sums, key=repr)}


def _cost_row(key: MessageKey, amount: int) -> Json:
    workspace, description, *parsed = key
    fields = dict(zip(PARSED, parsed, strict=True))
    digits = Decimal(amount).scaleb(-6)
    # clients report both spellings: with six decimals, and with as many as needed
    exact = f"{digits:.6f}" if fields["token_type"] != "output_tokens" else f"{digits.normalize():f}"
    head = {"amount": exact, "currency": "USD", "workspace_id": workspace}
    return {**head, "description": description, **fields}
