"""Seats: who has Copilot, by whom it was granted, and when it was used last."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.times import parse_time, rfc3339
from source_unified_usage.core.usage import Row, Usage, compact, nested, text, usage
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.github.api import AccountStream
from source_unified_usage.vendors.github.lookups import seats

_ACTIVE = timedelta(days=30)


class Seat(NamedTuple):
    """A row, and when it was read."""

    row: Row
    read: DateTime


class Seats(AccountStream):
    name = "github_copilot_seats"
    about = (
        "One grant of a Copilot seat as it is now: an enterprise has one row for each organization or team that grants "
        "it to a person, who is billed once. What seats cost is in github_billing_usage."
    )
    role = "activity"
    grain = "snapshot"

    def path(self) -> str:
        return self.api.of.copilot("billing", "seats")

    def rows(self, window: Window) -> Iterator[Seat]:
        return (Seat(row, window.start) for page in seats(self.api) for row in page)

    def usages(self, item: Seat) -> Iterator[Usage]:
        seat, account = item.row, self.api.of
        person, team, grantor = nested(seat, "assignee"), nested(seat, "assigning_team"), nested(seat, "organization")
        id = text(person["id"])
        if id is None:
            raise ValueError("no id of the assignee")
        granted_by = text(grantor.get("id")) or text(grantor.get("login"))
        yield usage(
            id=self.id(account.id, granted_by, text(team.get("id")), id),
            product={"id": "copilot"},
            metric_name="seat",
            resources=[found for found in (_named(team, "name"), _named(grantor, "login")) if found],
            organization={"id": account.id},
            user=compact(id=id, name=text(person.get("login"))),
            usage={"quantity": 1, "unit": "seat", "activity": {"is_active": _is_active(seat, item.read)}},
            start_date=rfc3339(item.read),
            end_date=rfc3339(item.read),
            created_at=_time(seat.get("created_at")),
            updated_at=_time(seat.get("updated_at")),
            remote_data=seat,
        )


def _named(what: Row, name: str) -> dict[str, Any]:
    return compact(id=text(what.get("id")), name=text(what.get(name)))


def _is_active(seat: Row, read: DateTime) -> bool:
    last = text(seat.get("last_activity_at"))
    return last is not None and parse_time(last) >= read - _ACTIVE


def _time(value: Any) -> str | None:
    time = text(value)
    return rfc3339(parse_time(time)) if time else None
