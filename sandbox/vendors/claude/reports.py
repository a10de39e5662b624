"""The four cost and usage reports of the Analytics API."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.metering import DIMENSIONS, Event, Group, Kind, Metering, floor, group
from sandbox.vendors.claude.organizations import (
    ENTERPRISE_ID,
    FIRST_ANALYTICS_DAY,
    TOKEN_TYPES,
    days_between,
    midnight,
    stamp,
)
from sandbox.vendors.claude.query import WIDTHS, Query, invalid
from sandbox.world import World

ENDPOINTS = ("user_usage_report", "user_cost_report", "usage_report", "cost_report")
MAX_SPAN = timedelta(days=31)
HISTORY = timedelta(days=365)
_COST_ONLY = ("cost_type", "token_type")
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 256)}  # default and most per page
_FILTERS = {
    "products": "product",
    "models": "model",
    "context_windows": "context_window",
    "inference_geos": "inference_geo",
    "speeds": "speed",
    "slack_channel_ids": "slack_channel_id",
}
_ORDERS = {
    False: ("total_tokens", "output_tokens", "uncached_input_tokens", "requests"),
    True: ("amount", "list_amount"),
}


class Reports:
    """Answers of `user_usage_report`, `user_cost_report`, `usage_report` and `cost_report`."""

    def __init__(self, world: World, knobs: Knobs) -> None:
        self._knobs = knobs
        self._metering = Metering(world)

    def refreshed_at(self, now: datetime) -> datetime:
        """The moment of the export that is served: whatever counts later is not in it."""
        return floor(now - self._knobs.export_lag, WIDTHS["1h"])

    def events(self, start: datetime, end: datetime, now: datetime) -> list[Event]:
        """The pieces of use in [start, end) that the export served at `now` counts."""
        export = self.refreshed_at(now)
        last = (end - timedelta(microseconds=1)).date()
        return [
            event
            for day in days_between(start.date(), last + timedelta(days=1))
            for event in self._metering.events(day)
            if start <= event.at < end and event.arrives <= export
        ]

    def buckets(
        self,
        events: Sequence[Event],
        dimensions: Sequence[str],
        width: timedelta,
        cost: bool,
    ) -> dict[datetime, list[Group]]:
        """By start of the bucket, its rows: the greatest first, cut after `top_groups`."""
        rows: dict[datetime, list[Group]] = {}
        for row in group(events, dimensions, width, per_actor=False):
            assert row.start
            rows.setdefault(row.start, []).append(row)
        metric = _ORDERS[cost][0]
        top = self._knobs.top_groups
        return {start: _ranked(found, metric, "desc")[:top] for start, found in rows.items()}

    def oldest(self, now: datetime) -> datetime:
        return max(midnight(FIRST_ANALYTICS_DAY), now - HISTORY)

    def answer(self, endpoint: str, query: Query) -> Mapping[str, Any]:
        export = stamp(self.refreshed_at(query.now))
        query.resume(f"{export} {self._knobs.refreshes}")
        cost, per_user = "cost" in endpoint, endpoint.startswith("user_")
        allowed = (*DIMENSIONS, *(_COST_ONLY if cost else ()))
        dimensions = query.some_of("group_by", allowed)
        serve = self._per_user if per_user else self._bucketed
        data, more = serve(query, cost, dimensions)
        refreshed: str | None = export
        if self._knobs.no_export:
            data, more = [], None
            refreshed = "" if self._knobs.no_export == "empty" else None
        return {
            "organization_id": ENTERPRISE_ID,
            "data": data,
            "has_more": more is not None,
            "next_page": None if more is None else query.cursor(more),
            "data_refreshed_at": refreshed,
        }

    def _range(self, query: Query, grain: timedelta) -> tuple[datetime, datetime]:
        asked = query.required_instant("starting_at")
        oldest = self.oldest(query.now)
        if asked < oldest:
            raise invalid(f"starting_at: must be on or after {stamp(oldest)}")
        start = floor(asked, grain)
        default = min(query.now, start + MAX_SPAN)
        end = query.instant("ending_at") or default
        if end <= asked:
            raise invalid("ending_at: must be after starting_at")
        if end - start > MAX_SPAN:
            raise invalid("The range may span at most 31 days")
        return start, end

    def _bucketed(self, query: Query, cost: bool, dimensions: list[str]) -> tuple[list[Any], int | None]:
        unit = query.one_of("bucket_width", tuple(WIDTHS), "1d")
        width = WIDTHS[unit]
        limit = query.whole("limit", *_BUCKETS[unit])
        start, end = self._range(query, width)
        end = floor(end, width)
        until = min(end, floor(query.now, width) + width)
        starts = [start + width * n for n in range(max(0, (until - start) // width))]
        page = starts[query.offset : query.offset + limit]
        if not page:
            return [], None
        events = self._matching(query, self.events(page[0], page[-1] + width, query.now))
        rows = self.buckets(events, _base(dimensions), width, cost)
        data = [
            {
                "starting_at": stamp(at),
                "ending_at": stamp(at + width),
                "results": [
                    line
                    for row in rows.get(at, ())
                    for line in (_cost_rows(row, dimensions) if cost else [_usage_row(row)])
                ],
            }
            for at in page
        ]
        more = query.offset + limit
        return data, more if more < len(starts) else None

    def _per_user(self, query: Query, cost: bool, dimensions: list[str]) -> tuple[list[Any], int | None]:
        unit = query.one_of("bucket_width", tuple(WIDTHS), "")
        width = WIDTHS[unit] if unit else None
        limit = query.whole("limit", 20, 1000)
        orders = _ORDERS[cost]
        metric = query.one_of("order_by", orders, orders[0])
        direction = query.one_of("order", ("asc", "desc"), "desc")
        start, end = self._range(query, WIDTHS["1h"])
        if width and query.instant("ending_at") is None:
            raise invalid("ending_at: required when bucket_width is set")
        if unit == "1m" and end - start > timedelta(hours=24):
            raise invalid("The range may span at most 24 hours with bucket_width=1m")
        events = [event for event in self.events(start, end, query.now) if event.member]
        rows = group(self._matching(query, events), _base(dimensions), width, per_actor=True)
        ranked = _ranked(rows, metric, direction)
        more = query.offset + limit
        today = query.now.date()
        data = []
        for row in ranked[query.offset : more]:
            assert row.member
            actor = row.member.actor(today)
            if actor["deleted"] and query.flag("exclude_deleted_users"):
                continue
            ending = row.start + width if row.start and width else None
            bounds = {
                "starting_at": row.start and stamp(row.start),
                "ending_at": ending and stamp(ending),
            }
            lines = _cost_rows(row, dimensions) if cost else [_usage_row(row)]
            totals = {} if cost else {"total_tokens": row.total_tokens}
            data += [{"actor": actor, **line, **totals, **bounds} for line in lines]
        return data, more if more < len(ranked) else None

    def _matching(self, query: Query, events: list[Event]) -> list[Event]:
        for name, dimension in _FILTERS.items():
            if wanted := query.many(name):
                events = [event for event in events if event.dimensions.get(dimension) in wanted]
        if users := query.many("user_ids"):
            if len(users) > 100:
                raise invalid("user_ids[]: at most 100 values")
            events = [event for event in events if event.member and event.member.user_id in users]
        if teams := set(query.many("rbac_group_ids")):
            events = [event for event in events if event.member and teams & {*event.member.groups}]
        return events


def cents(amount: int) -> str:
    """Millionths of a cent as the vendor prints cents."""
    return f"{Decimal(amount).scaleb(-6):.6f}" if amount else "0"


def _base(dimensions: Sequence[str]) -> list[str]:
    """The dimensions that make a row of their own, as against those that split a row's money."""
    return [name for name in dimensions if name not in _COST_ONLY]


def _ranked(rows: Sequence[Group], metric: str, direction: str) -> list[Group]:
    def value(row: Group) -> int:
        known = {
            "requests": row.requests or 0,
            "output_tokens": row.tokens.output,
            "uncached_input_tokens": row.tokens.uncached,
            "total_tokens": row.total_tokens,
            "amount": row.amount,
            "list_amount": row.list_amount,
        }
        return known[metric] * (-1 if direction == "desc" else 1)

    def identity(row: Group) -> str:
        who = row.member.user_id if row.member else ""
        return repr((row.start and stamp(row.start), who, *row.dimensions.values()))

    return sorted(rows, key=lambda row: (value(row), identity(row)))


def _dimensions(row: Group) -> dict[str, str | None]:
    return {name: row.dimensions.get(name) for name in DIMENSIONS}


def _usage_row(row: Group) -> dict[str, Any]:
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


def _cost_rows(row: Group, dimensions: Sequence[str]) -> list[dict[str, Any]]:
    """One row, or one for every cost type or token type when grouped by these."""
    split = [name for name in _COST_ONLY if name in dimensions]
    order: dict[Kind, int] = {("tokens", kind): n for n, kind in enumerate(TOKEN_TYPES)}
    lines: dict[tuple[str | None, ...], tuple[int, int]] = {}
    for kind in sorted(row.money, key=lambda kind: (order.get(kind, 9), kind[0])):
        values = dict(zip(_COST_ONLY, kind, strict=True))
        shown = tuple(values[name] if name in split else None for name in _COST_ONLY)
        listed, net = row.money[kind]
        before = lines.get(shown, (0, 0))
        lines[shown] = (before[0] + listed, before[1] + net)
    return [
        {
            **_dimensions(row),
            "amount": cents(net),
            "list_amount": cents(listed),
            "currency": "USD",
            "cost_type": cost_type,
            "token_type": token_type,
            "requests": None if split else row.requests,
        }
        for (cost_type, token_type), (listed, net) in lines.items()
    ]
