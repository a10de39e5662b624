"""What several streams map alike: the team or organization, the user, the model, the money."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.lookup import mailbox
from source_unified_usage.core.provider import provider_of
from source_unified_usage.core.usage import Amount, Row, decimal, text

PRODUCT = {"id": "cursor", "name": "Cursor"}

_CENT = Decimal("0.01")
_PLACES = Decimal("1e-10")  # float noise such as 40.16699999999999 cents exists, as clients recorded
_NOTHING = frozenset(("", "null", "undefined", "none"))


class People:
    """The members by e-mail, the only name that all endpoints share."""

    def __init__(self, members: Mapping[str, Row]) -> None:
        self._members = members
        self.by_email = cache(self.user)  # every event has one, out of few

    def user(self, email: str | None, id: Any = None) -> dict[str, Any]:
        """The record's user; empty when neither id nor e-mail is known."""
        email = stated(email)
        member = self._members.get(mailbox(email), {}) if email else {}
        if id is None:
            id = member.get("id", member.get("userId"))
        user = {"id": None if id is None else str(id), "email": email, "name": member.get("name")}
        return {name: value for name, value in user.items() if value}


class Item(NamedTuple):
    """A row, the people who may have made it, and its ordinal among its twins."""

    row: Row
    people: People
    ordinal: int = 0


class Snapshot(NamedTuple):
    """A row that says how things are now, and when that was."""

    row: Row
    time: DateTime


class Scope(NamedTuple):
    """One team, or the teams of an organization (all when `teams` is empty)."""

    organization: str | None = None
    teams: tuple[int, ...] = ()

    def path(self, route: str) -> str:
        return f"/organizations/{route}" if self.organization else f"/teams/{route}"

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if not self.organization:
            return dict(body)
        teams = {"teamIds": list(self.teams)} if self.teams else {}
        return {"organizationId": self.organization, **teams, **body}

    @property
    def options(self) -> Mapping[str, Any]:
        """What narrows a stream, for its state."""
        return {"cursor.organization_id": self.organization, "cursor.team_ids": list(self.teams)}

    def of(self, row: Row) -> dict[str, Any]:
        """The fields of a record that name organization and team; none for a single team."""
        if not self.organization:
            return {}
        team = row.get("teamId")
        resource = {"id": str(team), "name": "team", "workspace": {"id": str(team)}}
        return {
            "organization": {"id": self.organization},
            "resources": [resource] if team is not None else [],
        }

    def key(self, row: Row) -> tuple[Any, ...]:
        """The leading parts of an id: the team, where the organization's rows name it. Raises KeyError."""
        return (row["teamId"],) if self.organization else ()


def stated(said: str | None) -> str | None:
    """A text that says something: Cursor also writes `null` and its like (apache/incubator-devlake's raw tables)."""
    return said if said and said.strip().lower() not in _NOTHING else None


def needed(row: Row, name: str) -> Any:
    """A field that tells rows apart. Raises KeyError also where it is null or empty: all such rows would be one."""
    if text(row[name]) is None:
        raise KeyError(name)
    return row[name]


def member_key(row: Row) -> Any:
    """What tells members apart in an id: the user's id, else the e-mail. Raises KeyError."""
    if row.get("userId") is not None:
        return row["userId"]
    if (email := stated(row["email"])) is None:
        raise KeyError("email")
    return mailbox(email)


@cache
def model_of(name: str | None) -> Mapping[str, str]:
    """The record's model; Cursor's own names (default, auto, composer-1, ...) are Cursor's."""
    return {"id": name, "provider": provider_of(name, "cursor")} if name else {}


def dollars(cents: Decimal) -> Decimal:
    """Rounded to ten places, never to cents."""
    return (cents * _CENT).quantize(_PLACES)


def amount_of(cents: Any) -> Amount | None:
    """As `dollars_of`, at a third of its price, which events pay twice: a number where that is the exact amount.

    Whole units of 1e-8 cents below 1e15 are exact as a float, and a quotient of two such numbers is the float nearest
    to it. With at most 15 digits it also reads as the same digits, so nothing is lost.
    """
    if (cents.__class__ is float or cents.__class__ is int) and -1e7 < cents < 1e7:
        units = round(cents * 1e8)
        if units / 1e8 == cents:
            amount = units / 1e10
            return int(amount) if amount.is_integer() else amount
    return dollars_of(cents)


def dollars_of(cents: Any) -> Decimal | None:
    """The same of what Cursor sends; None where it sends none."""
    exact = decimal(cents)
    return None if exact is None else dollars(exact)
