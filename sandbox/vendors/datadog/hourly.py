"""Hourly usage: one record per organization, product family and hour."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import pi, sin

from sandbox.kit import Json
from sandbox.times import DAY, HOUR, days_between, midnight
from sandbox.vendors.datadog.catalog import EVERY, FAMILIES, OWN, PARTNER, ROOT, Family, Organization
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import offset_stamp, plus_months
from sandbox.vendors.datadog.query import Query, identifier
from sandbox.vendors.datadog.refusals import plain
from sandbox.world import World

_MAX_PAGE = 500
_SHARED_WINDOW = timedelta(hours=24)
_LAG = timedelta(hours=72)  # how old an hour must be for its measurements to be final
_HUGE = 56_355_942_906_113_522


@dataclass(frozen=True)
class Record:
    """`values`: what each measurement settles at, in the family's order."""

    org: Organization
    family: Family
    hour: datetime
    values: tuple[int | None, ...]


class Hourly:
    """What was measured, and how it is paged."""

    def __init__(self, world: World, knobs: Knobs) -> None:
        self._world, self._knobs = world, knobs
        self._day = world.by_day(self._made)

    def answer(self, query: Query) -> Json:
        start, end = query.hours("filter[timestamp][start]", "filter[timestamp][end]")
        families = {name.strip() for name in query.required("filter[product_families]").split(",")}
        descendants = query.flag("filter[include_descendants]")
        orgs = covered(query.caller, descendants, query.flag("filter[include_connected_accounts]"))
        if (descendants or len(orgs) > 1) and end - start > _SHARED_WINDOW:
            raise plain(400, "The time range cannot exceed 24 hours for several organizations")
        if end > midnight(plus_months(start.date(), 2)).replace(day=min(start.day, 28), hour=start.hour):
            raise plain(400, "The time range cannot exceed two months")
        rows = [
            record
            for record in self.records(start, end, query.now)
            if record.org.public_id in orgs and ("all" in families or record.family.name in families)
        ]
        page, cursor = query.page(rows, self._page_size(query), "page[next_record_id]")
        only = cursor is None and query.text("page[next_record_id]") is None
        return {"data": [_row(record) for record in page], **self._meta(cursor, only)}

    def records(self, start: datetime, end: datetime, now: datetime) -> Iterator[Record]:
        """What is known at `now` about the hours from start to end."""
        for day in days_between(start.date(), end.date() + DAY):
            for record in self._day(day):
                if start <= record.hour < end:
                    known = self._known(record, now)
                    if known is not None:
                        yield known

    def _known(self, record: Record, now: datetime) -> Record | None:
        age = now - record.hour - HOUR
        if age >= _LAG:
            return record
        young = self._knobs.young_hours
        if age < timedelta() or young == "missing":
            return None
        if young == "unmeasured":
            return Record(record.org, record.family, record.hour, ())
        if young == "null":
            values: tuple[int | None, ...] = (None,) * len(record.values)
        elif age < record.family.delay * HOUR:
            return None
        else:
            values = tuple(value and value * 93 // 100 for value in record.values)
        return Record(record.org, record.family, record.hour, values)

    def _meta(self, cursor: str | None, only: bool) -> Json:
        kind = self._knobs.last_page
        if cursor is None and (kind == "no_meta" or (kind == "mixed" and only)):
            return {}
        if cursor is None and kind == "no_pagination":
            return {"meta": {}}
        ended = "" if kind == "empty" else None
        return {"meta": {"pagination": {"next_record_id": cursor or ended}}}

    def _page_size(self, query: Query) -> int:
        asked = query.text("page[limit]") or str(_MAX_PAGE)
        if not asked.isdecimal() or not 1 <= int(asked) <= _MAX_PAGE:
            raise plain(400, f"page[limit] must be between 1 and {_MAX_PAGE}")
        return int(asked)

    def _made(self, day: date) -> Iterator[Record]:
        draw = self._world.random("datadog", "hourly", day)
        rhythm = self._world.rhythm(day)
        for hour in range(24):
            wave = 1 + 0.6 * sin((hour - 8) / 12 * pi)
            for org in EVERY:
                for name in org.families:
                    family = FAMILIES[name]
                    busy = 1 + (wave - 1) * 0.1 if family.level else wave * rhythm
                    values = tuple(
                        usual if usual is None else int(usual * org.scale * busy * draw.uniform(0.9, 1.1))
                        for _, usual in family.measurements
                    )
                    if org == ROOT and name == "logs" and (day.day, hour) == (10, 1):
                        values = (_HUGE, *values[1:])
                    yield Record(org, family, midnight(day) + hour * HOUR, values)


def covered(caller: Organization, descendants: bool, connected: bool = False) -> set[str]:
    """Public ids of the organizations that a key sees; only the root has others below it."""
    if caller != ROOT:
        return {caller.public_id}
    orgs = [*(OWN if descendants else (ROOT,)), *((PARTNER,) if connected else ())]
    return {org.public_id for org in orgs}


def _row(record: Record) -> Json:
    org = record.org
    account = {"account_name": org.account[0], "account_public_id": org.account[1]}
    at = offset_stamp(record.hour)
    measured = zip(record.family.measurements, record.values, strict=bool(record.values))
    measurements = [{"usage_type": usage_type, "value": value} for (usage_type, _), value in measured]
    return {
        "id": identifier("hourly", org.public_id, record.family.name, at),
        "type": "usage_timeseries",
        "attributes": {
            "product_family": record.family.name,
            "org_name": org.name,
            "public_id": org.public_id,
            "region": org.region,
            **({} if org.bare else account),
            "timestamp": at,
            **({"measurements": measurements or None} if measurements or record.hour.hour % 2 else {}),
        },
    }
