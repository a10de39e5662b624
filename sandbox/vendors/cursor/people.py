"""What the members did and spent: daily usage, spend, billing groups, the pool, and who they are."""

import math
from datetime import date, datetime, timedelta, timezone
from typing import Any

from starlette.requests import Request

from sandbox.vendors.cursor.books import DAY_MS, Books
from sandbox.vendors.cursor.enterprise import user_id
from sandbox.vendors.cursor.keys import refuse
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.money import group_spend, member_spend, pool
from sandbox.vendors.cursor.paging import cut, page_of, pagination
from sandbox.vendors.cursor.query import Asked, date_of, instants, of_organization, teams_of


class People:
    """The members of the teams that a request covers."""

    def __init__(self, books: Books, knobs: Knobs) -> None:
        self._books, self._clock, self._knobs = books, books.clock, knobs

    def daily(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        first, last = instants(asked)
        if last - first > 30 * DAY_MS:
            raise refuse(400, "Date range cannot exceed 30 days")
        organization = of_organization(request)
        paged = organization or ("page" in asked and "pageSize" in asked)
        page, size = page_of(asked, self._knobs, default=1000, most=1000)
        begin = datetime.fromtimestamp(first / 1000, timezone.utc).date()
        days = [begin + timedelta(days=n) for n in range(math.ceil((last - first + 1) / DAY_MS))]
        days = [day for day in days if day <= self._clock.today()]
        people = [
            p for p in self._books.world.people if self._books.team_of(p) in teams and any(map(p.active_on, days))
        ]
        rows = {p.number: [self._day_row(day, p, organization) for day in days if p.active_on(day)] for p in people}
        answer: dict[str, Any] = {"period": {"startDate": first, "endDate": last}}
        if not paged:
            people = [p for p in people if any(row["isActive"] for row in rows[p.number])]
        else:
            pages = math.ceil(len(people) / size)
            answer["pagination"] = pagination(page, size, pages, totalUsers=len(people))
            people = cut(people, page, size, self._knobs)
        answer["data"] = [row for person in people for row in rows[person.number] if paged or row["isActive"]]
        return answer

    def _day_row(self, day: date, person: Any, organization: bool) -> dict[str, Any]:
        who: dict[str, Any] = {"userId": 12_000 + person.number}
        if organization:
            who = {"userId": user_id(person), "teamId": self._books.team_of(person)}
        email = {} if self._books.gone(person) else {"email": person.email}
        return {**who, **self._books.daily(day, person), **email}

    def spend(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        organization = of_organization(request)
        page, size = page_of(asked, self._knobs, default=100, most=1000 if organization else 100)
        start, end = self._books.contract() if organization else self._books.cycle(self._clock.now())
        people = [p for p in self._books.world.people if self._books.team_of(p) in teams]
        by = {"email": lambda p: p.email, "name": lambda p: p.name}.get(asked.get("sortBy", ""), user_id)
        people.sort(key=by, reverse=asked.get("sortDirection", "desc") == "desc")
        shown = cut(people, page, size, self._knobs)
        rows = [member_spend(self._books, p, start, end, organization=organization) for p in shown]
        totals = {"totalMembers": len(people), "totalPages": max(1, math.ceil(len(people) / size))}
        bounds = {"subscriptionCycleStart": round(start.timestamp() * 1000)}
        if organization:
            first, last = (round(moment.timestamp() * 1000) for moment in (start, end))
            bounds = {"period": {"startDate": first, "endDate": last}}  # type: ignore[dict-item]
            totals["totalCount"] = len(people)
        return {"teamMemberSpend": rows, **bounds, **totals}

    def pooled(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams_of(request, asked)
        return pool(self._books)

    def members(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        people = [p for p in self._books.world.people if self._books.team_of(p) in teams and not self._books.gone(p)]
        if not of_organization(request):
            rows = [
                {"id": user_id(p), "name": p.name, "email": p.email, "role": "member", "isRemoved": False}
                for p in people
            ]
            return {"teamMembers": rows}
        page, size = page_of(asked, self._knobs, default=50, most=10_000)
        size = min(size, 200)
        pages = math.ceil(len(people) / size)
        members = [
            {
                "userId": 12_000 + p.number,
                "email": p.email,
                "name": p.name,
                "organizationRole": "member",
                "teams": [{"teamId": self._books.team_of(p), "teamRole": "member"}],
            }
            for p in cut(people, page, size, self._knobs)
        ]
        return {"members": members, "pagination": pagination(page, size, pages, totalCount=len(people))}

    def groups(self, _: Request, asked: Asked) -> dict[str, Any]:
        now = self._clock.now()
        if not asked.get("billingCycle"):
            return group_spend(self._books, now)
        day = date_of(asked["billingCycle"])
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        return group_spend(self._books, min(midnight, now))
