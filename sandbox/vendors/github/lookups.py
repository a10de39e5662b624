"""Cost centers and seats."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.datastructures import QueryParams

from sandbox.kit import Json, cut
from sandbox.times import stamp
from sandbox.vendor import Call
from sandbox.vendors.github.estate import Account, Center, Member, Organization
from sandbox.vendors.github.knobs import Knobs
from sandbox.vendors.github.refusals import bad_request

CENTERS = "settings/billing/cost-centers"
SEATS = "copilot/billing/seats"
_PAGE, _LARGEST_PAGE = 50, 100


@dataclass(frozen=True)
class Seat:
    """One grant: by an organization, or by one of its teams."""

    member: Member
    organization: Organization
    team: bool


class Lookups:
    def __init__(self, account: Account, knobs: Knobs) -> None:
        self._account, self._knobs = account, knobs

    def centers(self, call: Call, _: object) -> Json:
        """All of a state at once: the reference names no pages."""
        state = call.query.get("state")
        if state not in (None, "active", "deleted"):
            raise bad_request()
        centers = [_center(center) for center in self._account.centers]
        return {"costCenters": [center for center in centers if state in (None, center["state"])]}

    def granted(self, now: datetime) -> Iterator[Seat]:
        """An enterprise lists a seat for every grant: its first person has two."""
        for member in self._account.seated(now.date()):
            yield Seat(member, member.organization, member.team is not None)
            if self._account.enterprise and member.person.number == 1:
                yield Seat(member, self._account.organizations[1], team=False)

    def seats(self, call: Call, _: object) -> Json:
        size = _number(call.query, "per_page", _PAGE)
        size = min(size, _LARGEST_PAGE, self._knobs.page_cap or size)
        page = _number(call.query, "page", 1)
        seats = list(self.granted(call.now))
        rows, more = cut(seats, (page - 1) * size, size)
        pages = -(-len(seats) // size)
        self._link(call, page, pages, size, more=more is not None)
        return {
            "total_seats": len({seat.member.id for seat in seats}),
            "seats": [self._seat(s, call.now) for s in rows],
        }

    def _link(self, call: Call, page: int, pages: int, size: int, *, more: bool) -> None:
        """Its host is GitHub's wherever the request came in, and its path carries a number for the account."""
        kind = "enterprises" if self._account.enterprise else "organizations"
        base = f"https://api.github.com/{kind}/{self._account.id}/{SEATS}?per_page={size}&page="
        wanted = {"prev": page - 1, "first": 1} if page > 1 else {}
        wanted = {**wanted, "next": page + 1, "last": pages} if more else wanted
        if wanted:
            call.headers["Link"] = ", ".join(f'<{base}{number}>; rel="{rel}"' for rel, number in wanted.items())

    def _seat(self, seat: Seat, now: datetime) -> Json:
        member = seat.member
        used = stamp(now - timedelta(hours=5 + member.person.number)) if member.person.intensity else None
        team = {"id": member.team_id, "name": (member.team or "").title(), "slug": member.team}
        organization = {"organization": {"login": seat.organization.login, "id": seat.organization.id}}
        return {
            "created_at": "2026-03-03T18:00:00-06:00",
            "updated_at": "2026-08-20T15:00:00-06:00",
            "pending_cancellation_date": None,
            "last_activity_at": used,
            "last_activity_editor": used and "vscode/1.108.2/copilot/1.300.0",
            "last_authenticated_at": used,
            "plan_type": "enterprise" if seat.organization.plan == "copilot_enterprise" else "business",
            "assignee": {"login": member.login, "id": member.id, "type": "User", "site_admin": False},
            "assigning_team": team if seat.team else None,
            **(organization if self._account.enterprise else {}),
        }


def _center(center: Center) -> Json:
    state = "deleted" if center.deleted else "active"
    return {"id": center.id, "name": center.name, "state": state, "resources": []}


def _number(query: QueryParams, name: str, default: int) -> int:
    """GitHub takes its default for what is no number."""
    text = query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default
