"""The engagement endpoints: one day per request, and the days of the summaries."""

from datetime import date, datetime, timedelta
from typing import Any

from sandbox.kit import Json
from sandbox.times import days_between
from sandbox.vendors.claude.activity import AGGREGATED_AT, Activity, Row, older
from sandbox.vendors.claude.adoption import Adoption
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.organizations import FIRST_ANALYTICS_DAY
from sandbox.vendors.claude.query import Query, page_end
from sandbox.vendors.claude.refusals import empty_range, invalid, not_yet_available
from sandbox.world import World

_EQUAL = "chat_metrics"  # a block in which twins agree


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
        return [older(row) for row in rows] if self._knobs.older_users else rows

    def summaries(self, days: list[date], now: datetime) -> list[Row]:
        """One row per day, of the days that are published and have data."""
        latest = self.latest("summaries", now)
        served = [day for day in days if day <= latest and self._world.has_data(day)]
        rows = [[self._adoption.summary(day, now)] for day in served]
        return [row for day in rows for row in (with_twin(day) if self._knobs.twins else day)]

    def answer(self, endpoint: str, query: Query) -> Json:
        if endpoint == "summaries":
            return self._summaries(query)
        if query.many("group_by") or query.many("filter"):
            raise invalid("group_by[] and filter[] are not available for this organization")
        query.resume()
        rows = self.rows(endpoint, self._day(endpoint, query), query.now)
        if endpoint == "artifacts":
            return {"data": rows, "next_page": None}
        page, next_page = query.cut(rows, query.whole("limit", 100, 1000))
        return {"data": page, **page_end(next_page, self._knobs.end_of_pages)}

    def _day(self, endpoint: str, query: Query) -> date:
        """The day that is asked for. The API also takes a range, which the source does not ask for."""
        day = query.day_since(self.oldest(query.now), "date")
        if day is None:
            raise invalid("date: Field required")
        if query.text("starting_date") or query.text("ending_date"):
            raise invalid("Use either date or starting_date, not both")
        latest = self.latest(endpoint, query.now)
        if day > latest:
            raise not_yet_available(day, latest)
        return day

    def _summaries(self, query: Query) -> Json:
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
        days = days_between(start, end)
        if not days:
            raise empty_range()
        if len(days) > self._knobs.summaries_max_days:
            raise invalid(f"The range may span at most {self._knobs.summaries_max_days} days")
        rows = self.summaries(days, query.now)
        if self._knobs.summaries_envelope == "data":
            return {"data": rows, **page_end(None, self._knobs.end_of_pages)}
        return {"summaries": rows}


def with_twin(rows: list[Row]) -> list[Row]:
    """The rows, two of which agree in their whole key, as those of two things of one name do.

    The first row that counts anything has a twin that counts nothing, or only chats; it comes right before it.

    Ordered by what the rows are and then by their figures, the twin is the first of the two.
    """
    for place, row in enumerate(rows):
        if (twin := _emptied(row)) != row:
            return [*rows[:place], twin, *rows[place:]]
    return rows


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: part if name == _EQUAL else _emptied(part) for name, part in value.items()}
    return 0 if type(value) in (int, float) else value
