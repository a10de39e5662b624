"""What the members did and spent: usage events, daily usage, spend, billing groups and the pool."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request

from sandbox.times import DAY, day_at, days_between, midnight
from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.enterprise import user_id
from sandbox.vendors.cursor.events import DAY_MS, team_of
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.money import group_spend, member_spend, pool
from sandbox.vendors.cursor.query import Asked, cut, date_of, instants, of_organization, page_of, pagination, teams_of
from sandbox.vendors.cursor.refusals import refuse
from sandbox.world import Person


class People:
    """The members of the teams that a request covers."""

    def __init__(self, customer: Customer, knobs: Knobs) -> None:
        self._customer, self._clock, self._knobs = customer, customer.clock, knobs

    def daily(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        first, last = instants(asked)
        if last - first > 30 * DAY_MS:
            raise refuse(400, "Date range cannot exceed 30 days")
        organization = of_organization(request)
        paged = organization or ("page" in asked and "pageSize" in asked)
        page, size = page_of(asked, self._knobs, default=1000, most=1000)
        begin = day_at(first / 1000)
        end = begin + math.ceil((last - first + 1) / DAY_MS) * DAY
        days = days_between(begin, min(end, self._clock.today() + DAY))
        people = [p for p in self._customer.world.people if team_of(p) in teams and any(map(p.active_on, days))]
        rows = {p.number: [self._day_row(day, p, organization) for day in days if p.active_on(day)] for p in people}
        answer: dict[str, Any] = {"period": {"startDate": first, "endDate": last}}
        if not paged:
            people = [p for p in people if any(row["isActive"] for row in rows[p.number])]
        else:
            answer["pagination"] = pagination(page, size, totalUsers=len(people))
            people = cut(people, page, size, self._knobs)
        answer["data"] = [row for person in people for row in rows[person.number] if paged or row["isActive"]]
        return answer

    def _day_row(self, day: date, person: Person, organization: bool) -> dict[str, Any]:
        who: dict[str, Any] = {"userId": 12_000 + person.number}
        if organization:
            who = {"userId": user_id(person), "teamId": team_of(person)}
        email = {} if self._customer.gone(person) else {"email": person.email}
        return {**who, **self._customer.daily(day, person), **email}

    def spend(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        organization = of_organization(request)
        page, size = page_of(asked, self._knobs, default=100, most=1000 if organization else 100)
        start, end = self._customer.contract() if organization else self._customer.cycle(self._clock.now())
        people = [p for p in self._customer.world.people if team_of(p) in teams]
        people.sort(
            key=(lambda person: person.email) if asked.get("sortBy") == "email" else user_id,
            reverse=asked.get("sortDirection", "desc") == "desc",
        )
        shown = cut(people, page, size, self._knobs)
        rows = [member_spend(self._customer, p, start, end, organization=organization) for p in shown]
        totals = {"totalMembers": len(people), "totalPages": max(1, math.ceil(len(people) / size))}
        bounds = {"subscriptionCycleStart": round(start.timestamp() * 1000)}
        if organization:
            first, last = (round(moment.timestamp() * 1000) for moment in (start, end))
            bounds = {"period": {"startDate": first, "endDate": last}}  # type: ignore[dict-item]
            totals["totalCount"] = len(people)
        return {"teamMemberSpend": rows, **bounds, **totals}

    def pooled(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams_of(request, asked)
        return pool(self._customer)

    def groups(self, _: Request, asked: Asked) -> dict[str, Any]:
        now = self._clock.now()
        if not asked.get("billingCycle"):
            return group_spend(self._customer, now)
        day = date_of(asked["billingCycle"])
        return group_spend(self._customer, min(midnight(day), now))


class Feed:
    """Newest first, in pages by number; events of one millisecond have no order."""

    def __init__(self, customer: Customer, knobs: Knobs) -> None:
        self._customer, self._clock, self._knobs = customer, customer.clock, knobs
        self._turns = 0

    def events(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        first, last = instants(asked)
        organization = of_organization(request)
        page, size = page_of(asked, self._knobs, default=10 if organization else 100, most=1000)
        if page > 1 and self._knobs.drift:
            self._knobs.drift -= 1
            self._customer.add_late_event(last)
        rows = self._customer.events(first, last, teams)
        if not organization:
            rows = [{name: value for name, value in row.items() if name != "teamId"} for row in rows]
        if self._knobs.era_2025:
            rows = [_as_of_2025(row) for row in rows]
        self._turns += 1
        if self._knobs.restless and self._turns % 2:
            rows.reverse()
            rows.sort(key=lambda row: -int(row["timestamp"]))
        pages = math.ceil(len(rows) / size)
        answer = {
            "totalUsageEventsCount": str(len(rows)) if self._knobs.listless else len(rows),
            "pagination": {
                "numPages": pages,
                "currentPage": page,
                "pageSize": size,
                "hasNextPage": page < pages,
                "hasPreviousPage": page > 1,
            },
            "usageEvents": cut(rows, page, size, self._knobs),
            "period": {"startDate": first, "endDate": last},
        }
        if self._knobs.listless and not rows:
            del answer["usageEvents"]
        return answer


def _as_of_2025(row: Mapping[str, Any]) -> dict[str, Any]:
    gone = ("kind", "chargedCents", "isChargeable", "isHeadless", "conversationId")
    return {**{name: value for name, value in row.items() if name not in gone}, "kindLabel": row["kind"]}
