"""Who the members of a team or an organization are."""

from typing import Any

from starlette.requests import Request

from sandbox.kit import Json
from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.enterprise import user_id
from sandbox.vendors.cursor.events import team_of
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.query import Asked, cut, of_organization, page_of, pagination, teams_of

# the server serves no more, whatever pageSize says, as a client reports
_LARGEST_PAGE = 200


class Lookups:
    """The members of the teams that a request covers; who was removed is not listed."""

    def __init__(self, customer: Customer, knobs: Knobs) -> None:
        self._customer, self._knobs = customer, knobs

    def members(self, request: Request, asked: Asked) -> Json:
        customer, teams = self._customer, teams_of(request, asked)
        people = [p for p in customer.world.people if team_of(p) in teams and not customer.gone(p)]
        if not of_organization(request):
            rows = [
                {"id": user_id(p), "name": p.name, "email": p.email, "role": "member", "isRemoved": False}
                for p in people
            ]
            return {"teamMembers": rows}
        page, size = page_of(asked, self._knobs, default=50, most=10_000)
        size = min(size, _LARGEST_PAGE)
        members: list[dict[str, Any]] = [
            {
                "userId": 12_000 + p.number,
                "email": p.email,
                "name": p.name,
                "organizationRole": "member",
                "teams": [{"teamId": team_of(p), "teamRole": "member"}],
            }
            for p in cut(people, page, size, self._knobs)
        ]
        return {"members": members, "pagination": pagination(page, size, totalCount=len(people))}
