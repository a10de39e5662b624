"""The four cost and usage reports of the Analytics API."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.kit import Json
from sandbox.times import DAY, day_stamp, days_between, midnight, stamp
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.metering import DIMENSIONS, Event, Group, Metering, group
from sandbox.vendors.claude.organizations import ENTERPRISE_ID, FIRST_ANALYTICS_DAY, members
from sandbox.vendors.claude.query import Query, bounds
from sandbox.vendors.claude.refusals import invalid
from sandbox.world import World

ENDPOINTS = ("user_usage_report", "user_cost_report", "usage_report", "cost_report")
Page = tuple[list[Json], str | None]
_EXPORT_LAG = timedelta(hours=4)  # how old the export behind the reports is, cut to the hour
MAX_SPAN = timedelta(days=31)
HISTORY = timedelta(days=365)
_LIMITS = (7, 31)  # default and most buckets of a page


class Reports:
    """Answers of `user_usage_report`, `user_cost_report`, `usage_report` and `cost_report`."""

    def __init__(self, world: World, knobs: Knobs) -> None:
        self._knobs = knobs
        self._metering = Metering(world)
        self.members = members(world)

    def refreshed_at(self, now: datetime) -> datetime:
        """The moment of the export that is served: whatever counts later is not in it."""
        return (now - _EXPORT_LAG).replace(minute=0, second=0, microsecond=0)

    def events(self, day: date, now: datetime) -> list[Event]:
        """The pieces of use of a day that the export served at `now` counts."""
        export = self.refreshed_at(now)
        return [event for event in self._metering.events(day) if event.arrives <= export]

    def bucket(self, day: date, dimensions: Sequence[str], now: datetime, *, cost: bool) -> list[Group]:
        """The rows of a day: the greatest first, cut after `top_groups`."""
        rows = group(self.events(day, now), dimensions, day, per_actor=False)
        return _ranked(rows, cost)[: self._knobs.top_groups]

    def oldest(self, now: datetime) -> datetime:
        return max(midnight(FIRST_ANALYTICS_DAY), now - HISTORY)

    def answer(self, endpoint: str, query: Query) -> Json:
        export = stamp(self.refreshed_at(query.now))
        query.resume(f"{export} {self._knobs.refreshes}")
        dimensions = query.some_of("group_by", DIMENSIONS)
        serve = self._per_user if endpoint.startswith("user_") else self._bucketed
        data, next_page = serve(query, "cost" in endpoint, dimensions)
        refreshed: str | None = export
        if self._knobs.no_export:
            data, next_page = [], None
            refreshed = "" if self._knobs.no_export == "empty" else None
        return {
            "organization_id": ENTERPRISE_ID,
            "data": data,
            "has_more": next_page is not None,
            "next_page": next_page,
            "data_refreshed_at": refreshed,
        }

    def _range(self, query: Query) -> tuple[datetime, datetime]:
        start = query.required_instant("starting_at")
        oldest = self.oldest(query.now)
        if start < oldest:
            raise invalid(f"starting_at: must be on or after {stamp(oldest)}")
        end = query.instant("ending_at") or min(query.now, start + MAX_SPAN)
        if end <= start:
            raise invalid("ending_at: must be after starting_at")
        if end - midnight(start.date()) > MAX_SPAN:
            raise invalid("The range may span at most 31 days")
        return start, end

    def _bucketed(self, query: Query, cost: bool, dimensions: list[str]) -> Page:
        """Whole days, of which the last is the one that began last."""
        query.one_of("bucket_width", ("1d",), "1d")
        limit = query.whole("limit", *_LIMITS)
        start, end = self._range(query)
        page, next_page = query.cut(days_between(start.date(), min(end.date(), query.now.date() + DAY)), limit)
        shown = _cost_row if cost else _usage_row
        data = [
            {**bounds(day), "results": [shown(row) for row in self.bucket(day, dimensions, query.now, cost=cost)]}
            for day in page
        ]
        return data, next_page

    def _per_user(self, query: Query, cost: bool, dimensions: list[str]) -> Page:
        """Rows by day: without a width the API adds up the range, which the source does not ask for."""
        if query.one_of("bucket_width", ("1d",), "") == "":
            raise invalid("bucket_width: Field required")
        limit = query.whole("limit", 20, 1000)
        start, end = self._range(query)
        if query.instant("ending_at") is None:
            raise invalid("ending_at: required when bucket_width is set")
        rows = [
            row
            for day in days_between(start.date(), (end - timedelta(microseconds=1)).date() + DAY)
            for row in group([e for e in self.events(day, query.now) if e.member], dimensions, day, per_actor=True)
        ]
        page, next_page = query.cut(_ranked(rows, cost), limit)
        return [_user_row(row, cost, query.now.date()) for row in page], next_page


def cents(amount: int) -> str:
    """Millionths of a cent as the vendor prints cents."""
    return f"{Decimal(amount).scaleb(-6):.6f}" if amount else "0"


def _ranked(rows: Sequence[Group], cost: bool) -> list[Group]:
    """The greatest amount first, or the most tokens."""

    def identity(row: Group) -> str:
        who = row.member.user_id if row.member else ""
        return repr((day_stamp(row.day), who, *row.dimensions.values()))

    return sorted(rows, key=lambda row: (-(row.amount if cost else row.total_tokens), identity(row)))


def _user_row(row: Group, cost: bool, today: date) -> Json:
    assert row.member
    line = _cost_row(row) if cost else {**_usage_row(row), "total_tokens": row.total_tokens}
    return {"actor": row.member.actor(today), **line, **bounds(row.day)}


def _dimensions(row: Group) -> dict[str, str | None]:
    return {name: row.dimensions.get(name) for name in DIMENSIONS}


def _usage_row(row: Group) -> Json:
    return {
        **_dimensions(row),
        "uncached_input_tokens": row.tokens.uncached,
        "output_tokens": row.tokens.output,
        "cache_read_input_tokens": row.tokens.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": row.tokens.write_5m,
            "ephemeral_1h_input_tokens": row.tokens.write_1h,
        },
        "server_tool_use": {"web_search_requests": row.searches},
        "requests": row.requests,
    }


def _cost_row(row: Group) -> Json:
    return {
        **_dimensions(row),
        "amount": cents(row.amount),
        "list_amount": cents(row.list_amount),
        "currency": "USD",
        "cost_type": None,
        "token_type": None,
        "requests": row.requests,
    }
