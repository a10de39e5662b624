"""The engagement endpoints: one day per request, or a range rolled up to one row per entity."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.vendors.claude.activity import AGGREGATED_AT, Activity, Row, older, without_null_blocks
from sandbox.vendors.claude.adoption import Adoption
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.organizations import FIRST_ANALYTICS_DAY, days_between
from sandbox.vendors.claude.query import STOP, Query, invalid, not_yet_available, page_end
from sandbox.vendors.claude.twins import with_twin
from sandbox.world import World

MAX_ROLLUP_DAYS = 366
_IDENTITIES = {
    "users": ("email_address",),
    "apps/chat/projects": ("project_id",),
    "skills": ("skill_name",),
    "connectors": ("connector_name",),
    "plugins": ("plugin_name", "plugin_id"),
    "artifacts": ("artifact_type", "is_shared"),
}


class Engagement:
    """Answers of the engagement endpoints."""

    def __init__(self, world: World, knobs: Knobs) -> None:
        self._world, self._knobs = world, knobs
        self._activity = Activity(world)
        self._adoption = Adoption(world, self._activity)

    def latest(self, endpoint: str, now: datetime) -> date:
        """The newest day that is published: aggregated at 10:00 UTC of the following day."""
        aggregated = (now - AGGREGATED_AT).date()
        return aggregated - timedelta(days=self._knobs.lag_days[endpoint])

    def oldest(self, now: datetime) -> date:
        """The oldest day that is served."""
        days = self._knobs.history_days
        return FIRST_ANALYTICS_DAY if days is None else max(FIRST_ANALYTICS_DAY, now.date() - timedelta(days=days))

    def rows(self, endpoint: str, day: date, now: datetime) -> list[Row]:
        """The rows of one day, sorted as the vendor sorts them."""
        rows = self._users(day, now) if endpoint == "users" else self._adoption.rows(endpoint, day, now)
        return with_twin(rows) if self._knobs.twins else rows

    def _users(self, day: date, now: datetime) -> list[Row]:
        rows = self._activity.rows(day, now)
        if not self._knobs.idle_seats:
            rows = [row for row in rows if row["last_activity_date"]]
        if not self._knobs.null_blocks:
            rows = [without_null_blocks(row) for row in rows]
        return [older(row) for row in rows] if self._knobs.older_users else rows

    def summaries(self, days: list[date], now: datetime) -> list[Row]:
        """One row per day, of the days that are published and have data."""
        latest = self.latest("summaries", now)
        served = [day for day in days if day <= latest and self._world.has_data(day)]
        rows = [[self._adoption.summary(day, now)] for day in served]
        return [row for day in rows for row in (with_twin(day) if self._knobs.twins else day)]

    def answer(self, endpoint: str, query: Query) -> Mapping[str, Any]:
        if endpoint == "summaries":
            return self._summaries(query)
        if query.many("group_by") or query.many("filter"):
            raise invalid("group_by[] and filter[] are not available for this organization")
        query.resume()
        rows = self._rows(endpoint, query)
        if endpoint == "artifacts":
            return {"data": rows, "next_page": None}
        limit = query.whole("limit", 100, 1000)
        page = rows[query.offset : query.offset + limit]
        more = query.offset + limit < len(rows)
        next_page = query.cursor(query.offset + limit) if more else None
        return {"data": page, **page_end(next_page, self._knobs.end_of_pages)}

    def _rows(self, endpoint: str, query: Query) -> list[Row]:
        oldest = self.oldest(query.now)
        day, start, end = (query.day_since(oldest, name) for name in ("date", "starting_date", "ending_date"))
        latest = self.latest(endpoint, query.now)
        if day is not None:
            if start is not None or end is not None:
                raise invalid("Use either date or starting_date, not both")
            if day > latest:
                raise not_yet_available(day, latest)
            return self.rows(endpoint, day, query.now)
        if start is None or endpoint == "artifacts":
            raise invalid("date: Field required")
        end = end or latest + timedelta(days=1)
        if end - timedelta(days=1) > latest:
            raise not_yet_available(end - timedelta(days=1), latest)
        return self._rollup(endpoint, _days(start, end, MAX_ROLLUP_DAYS), query.now)

    def _rollup(self, endpoint: str, days: list[date], now: datetime) -> list[Row]:
        """One row per entity over the range; distinct counts do not add up, so they are null."""
        total: dict[str, Row] = {}
        for day in days:
            for row in self.rows(endpoint, day, now):
                key = repr([row.get("user", row).get(name) for name in _IDENTITIES[endpoint]])
                total[key] = _added(total[key], row) if key in total else row
        return [total[key] for key in sorted(total)]

    def _summaries(self, query: Query) -> Mapping[str, Any]:
        oldest = self.oldest(query.now)
        start, end = (query.day_since(oldest, name) for name in ("starting_date", "ending_date"))
        if start is None:
            raise invalid("starting_date: Field required")
        latest = self.latest("summaries", query.now)
        end = end or latest + timedelta(days=1)
        if end > query.now.date():
            raise not_yet_available(end - timedelta(days=1), latest)
        if self._knobs.summaries_whole and end - timedelta(days=1) > latest:
            raise not_yet_available(end, latest)
        if start > latest:
            raise not_yet_available(start, latest)
        days = _days(start, end, self._knobs.summaries_max_days)
        rows = self.summaries(days, query.now)
        if query.flag("beta") or self._knobs.summaries_envelope == "data":
            return {"data": rows, **page_end(None, self._knobs.end_of_pages)}
        return {"summaries": rows}


def _days(start: date, end: date, most: int) -> list[date]:
    days = days_between(start, end)
    if not days:
        raise invalid("ending_date: must be after starting_date", STOP)
    if len(days) > most:
        raise invalid(f"The range may span at most {most} days")
    return days


def _added(one: Any, other: Any, name: str = "") -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        names = {**one, **other}
        return {part: _added(one.get(part), other.get(part), part) for part in names}
    if name.startswith("distinct_"):
        return None
    if type(one) is int and type(other) is int:
        return one + other
    return other if one is None else one
