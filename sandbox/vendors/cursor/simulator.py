"""Cursor's routes: keys, minute buckets per endpoint, parameters, pages."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.limits import Limit
from sandbox.vendor import SandboxVendor, json_answer, json_body
from sandbox.vendors.cursor.books import DAY_MS, HOME_TEAM, OTHER_TEAM, Books, Event
from sandbox.vendors.cursor.enterprise import METRICS, Enterprise, user_id
from sandbox.vendors.cursor.keys import (
    FOREIGN_ORGANIZATION_ID,
    KEYS,
    ORGANIZATION_ID,
    Refusal,
    authorize,
    presented,
    refuse,
)
from sandbox.vendors.cursor.money import group_spend, member_spend, pool
from sandbox.vendors.cursor.paging import page_of, pagination, unending
from sandbox.vendors.cursor.truth import Truth
from sandbox.world import World

_LIMITS = (
    ("/organizations/", 20),
    ("filtered-usage-events", 60),
    ("/analytics/team/", 100),
    ("/analytics/by-user/", 50),
    ("", 20),
)
_HOSTING = {"CLOUD", "SELF_HOSTED", "SELF_HOSTED_POOL", "SELF_HOSTED_MACHINE"}


class CursorSandbox(SandboxVendor):
    """A company of two teams in one organization; a team key sees team 101.

    Knobs: `keys`; `limits` (requests a minute by part of the path, None: unlimited); `retry_after` (send the header on
    429); `era_2025` (kindLabel, no chargedCents); `drift` (so many times a late event slips in between two pages);
    `page_cap` (rows a page of events holds at most, for paging with little data); `restless` (events of one millisecond
    come in another order at every request); `listless` (a time without events comes without its list, totals as text);
    `endless` (a list never ends: ever new rows, totals that grow).
    """

    name = "cursor"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        self.books = Books(world, clock)
        self.enterprise = Enterprise(self.books)
        self.keys = dict(KEYS)
        self.limits: dict[str, int | None] = dict(_LIMITS)
        self.retry_after = True
        self.era_2025 = False
        self.drift = 0
        self.page_cap = 1000
        self.restless = False
        self.listless = False
        self.endless = False
        self._turns = 0
        self._buckets: dict[str, Limit] = {}

    def routes(self) -> list[Route]:
        posts = {
            "/teams/filtered-usage-events": self._events,
            "/teams/daily-usage-data": self._daily,
            "/teams/spend": self._spend,
            "/organizations/filtered-usage-events": self._events,
            "/organizations/daily-usage-data": self._daily,
            "/organizations/spend": self._spend,
            "/organizations/pooled-usage": self._pooled,
        }
        gets = {
            "/teams/members": self._members,
            "/organizations/members": self._members,
            "/teams/groups": self._groups,
            "/analytics/ai-code/{what}": self._ai_code,
            "/analytics/by-user/{metric}": self._by_user,
            "/analytics/team/bugbot": self._bugbot,
        }
        return [
            *(Route(path, self._answering(answer), methods=["POST"]) for path, answer in posts.items()),
            *(Route(path, self._answering(answer), methods=["GET"]) for path, answer in gets.items()),
            Route("/{path:path}", _unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def ledger(self, start: date, end: date) -> Ledger:
        """As a team key sees it, with the Enterprise streams."""
        return Truth(self.books, self.enterprise, {HOME_TEAM}, organization=False).ledger(start, end)

    def organization_ledger(self, start: date, end: date) -> Ledger:
        """As the organization's key sees both teams."""
        return Truth(self.books, self.enterprise, {HOME_TEAM, OTHER_TEAM}, organization=True).ledger(start, end)

    def remove(self, number: int) -> None:
        """Take a member out of the team: the address vanishes from all events."""
        self.books.removed.add(number)

    def _answering(self, answer: Callable[[Request, dict[str, Any]], Any]) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            path = request.url.path.removeprefix(f"/{self.name}")
            try:
                authorize(path, self.keys.get(presented(request)))
                self._count(path)
                body = await json_body(request) if request.method == "POST" else dict(request.query_params)
                if not isinstance(body, dict):
                    raise refuse(400, "Body must be a JSON object")
                if self.endless and "page" in body:
                    return json_answer(unending(answer(request, {**body, "page": 1}), int(body["page"])))
                return json_answer(answer(request, body))
            except Refusal as refusal:
                return json_answer(refusal.body, refusal.status, refusal.headers)

        return handle

    def _count(self, path: str) -> None:
        """One request in this endpoint's minute. Raises the 429."""
        allowed = next(number for part, number in self.limits.items() if part in path)
        bucket = self._buckets.setdefault(path, Limit(allowed, 60, aligned=True))
        bucket.requests = allowed
        wait = bucket.take("", self.clock.now())
        if wait is not None:
            headers = {"Retry-After": str(math.ceil(wait))} if self.retry_after else {}
            body = {"error": "Too Many Requests", "message": "Rate limit exceeded. Please try again later."}
            raise Refusal(429, body, headers)

    def _teams(self, request: Request, asked: Mapping[str, Any]) -> set[int]:
        """The teams that the request covers. Raises for a missing or foreign organization."""
        if "/organizations/" not in request.url.path:
            return {HOME_TEAM}
        organization = asked.get("organizationId")
        if not organization:
            raise refuse(400, "organizationId is required")
        if organization == FOREIGN_ORGANIZATION_ID:
            raise refuse(403, "Not authorized")
        if organization != ORGANIZATION_ID:
            raise Refusal(404, {"error": "Organization not found"})
        return {HOME_TEAM, OTHER_TEAM} & set(asked.get("teamIds") or (HOME_TEAM, OTHER_TEAM))

    def _events(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        teams = self._teams(request, asked)
        first, last = _instants(asked)
        if asked.get("hostingType") not in (None, *_HOSTING):
            raise refuse(400, "Invalid hostingType")
        organization = "/organizations/" in request.url.path
        page, size = page_of(asked, default=10 if organization else 100, most=1000)
        size = min(size, self.page_cap)
        if page > 1 and self.drift:
            self.drift -= 1
            self.books.injected.append(self._late(last))
        rows = self.books.events(first, last, teams)
        if not organization:
            rows = [{name: value for name, value in row.items() if name != "teamId"} for row in rows]
        if self.era_2025:
            rows = [_as_of_2025(row) for row in rows]
        self._turns += 1
        if self.restless and self._turns % 2:
            rows.reverse()
            rows.sort(key=lambda row: -int(row["timestamp"]))
        pages = math.ceil(len(rows) / size)
        answer = {
            "totalUsageEventsCount": str(len(rows)) if self.listless else len(rows),
            "pagination": {
                "numPages": pages,
                "currentPage": page,
                "pageSize": size,
                "hasNextPage": page < pages,
                "hasPreviousPage": page > 1,
            },
            "usageEvents": rows[(page - 1) * size : page * size],
            "period": {"startDate": first, "endDate": last},
        }
        if self.listless and not rows:
            del answer["usageEvents"]
        return answer

    def _late(self, last: int) -> Event:
        """An event that arrives just now, the newest of its window."""
        person = self.books.teams[HOME_TEAM][0]
        row = {
            "timestamp": str(last - 1000),
            "userEmail": person.email,
            "model": "default",
            "kind": "Usage-based",
            "requestsCosts": 1,
            "isTokenBasedCall": False,
            "isChargeable": True,
            "chargedCents": 4,
        }
        now = self.clock.now()
        return Event(last - 1000, HOME_TEAM, person, row, now, now, row)

    def _daily(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        teams = self._teams(request, asked)
        first, last = _instants(asked)
        if last - first > 30 * DAY_MS:
            raise refuse(400, "Date range cannot exceed 30 days")
        organization = "/organizations/" in request.url.path
        paged = organization or ("page" in asked and "pageSize" in asked)
        page, size = page_of(asked, default=1000, most=1000)
        begin = datetime.fromtimestamp(first / 1000, timezone.utc).date()
        days = [begin + timedelta(days=n) for n in range(math.ceil((last - first + 1) / DAY_MS))]
        days = [day for day in days if day <= self.clock.today()]
        people = [p for p in self.world.people if self.books.team_of(p) in teams and any(map(p.active_on, days))]
        rows = {p.number: [self._day_row(day, p, organization) for day in days if p.active_on(day)] for p in people}
        answer: dict[str, Any] = {"period": {"startDate": first, "endDate": last}}
        if not paged:
            people = [p for p in people if any(row["isActive"] for row in rows[p.number])]
        else:
            pages = math.ceil(len(people) / size)
            answer["pagination"] = pagination(page, size, pages, totalUsers=len(people))
            people = people[(page - 1) * size : page * size]
        answer["data"] = [row for person in people for row in rows[person.number] if paged or row["isActive"]]
        return answer

    def _day_row(self, day: date, person: Any, organization: bool) -> dict[str, Any]:
        who: dict[str, Any] = {"userId": 12_000 + person.number}
        if organization:
            who = {"userId": user_id(person), "teamId": self.books.team_of(person)}
        email = {} if self.books.gone(person) else {"email": person.email}
        return {**who, **self.books.daily(day, person), **email}

    def _spend(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        teams = self._teams(request, asked)
        organization = "/organizations/" in request.url.path
        page, size = page_of(asked, default=100, most=1000 if organization else 100)
        start, end = self.books.contract() if organization else self.books.cycle(self.clock.now())
        people = [p for p in self.world.people if self.books.team_of(p) in teams]
        by = {"email": lambda p: p.email, "name": lambda p: p.name}.get(asked.get("sortBy", ""), user_id)
        people.sort(key=by, reverse=asked.get("sortDirection", "desc") == "desc")
        shown = people[(page - 1) * size : page * size]
        rows = [member_spend(self.books, p, start, end, organization=organization) for p in shown]
        totals = {"totalMembers": len(people), "totalPages": max(1, math.ceil(len(people) / size))}
        bounds = {"subscriptionCycleStart": round(start.timestamp() * 1000)}
        if organization:
            first, last = (round(moment.timestamp() * 1000) for moment in (start, end))
            bounds = {"period": {"startDate": first, "endDate": last}}  # type: ignore[dict-item]
            totals["totalCount"] = len(people)
        return {"teamMemberSpend": rows, **bounds, **totals}

    def _pooled(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        self._teams(request, asked)
        return pool(self.books)

    def _members(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        teams = self._teams(request, asked)
        people = [p for p in self.world.people if self.books.team_of(p) in teams and not self.books.gone(p)]
        if "/organizations/" not in request.url.path:
            rows = [
                {"id": user_id(p), "name": p.name, "email": p.email, "role": "member", "isRemoved": False}
                for p in people
            ]
            return {"teamMembers": rows}
        page, size = page_of(asked, default=50, most=10_000)
        size = min(size, 200)
        pages = math.ceil(len(people) / size)
        members = [
            {
                "userId": 12_000 + p.number,
                "email": p.email,
                "name": p.name,
                "organizationRole": "member",
                "teams": [{"teamId": self.books.team_of(p), "teamRole": "member"}],
            }
            for p in people[(page - 1) * size : page * size]
        ]
        return {"members": members, "pagination": pagination(page, size, pages, totalCount=len(people))}

    def _groups(self, _: Request, asked: dict[str, Any]) -> dict[str, Any]:
        now = self.clock.now()
        if not asked.get("billingCycle"):
            return group_spend(self.books, now)
        day = _date(asked["billingCycle"])
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        return group_spend(self.books, min(midnight, now))

    def _ai_code(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        what = request.path_params["what"]
        if what not in ("commits", "changes"):
            raise Refusal(404, {"error": "Not Found", "message": "Resource not found"})
        page, size = page_of(asked, default=100, most=1000)
        size = min(size, 500)  # a client found that the server serves no more
        first, last = asked.get("startDate", ""), asked.get("endDate", "")
        begin, end = _date(first), _date(last)
        make = self.enterprise.commits if what == "commits" else self.enterprise.changes
        days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
        items = [row for day in days for row in make(day, HOME_TEAM)]
        now = self.clock.now().isoformat()
        items = [row for row in items if first <= row["createdAt"] <= last and row["createdAt"][:19] <= now[:19]]
        return {
            "items": items[(page - 1) * size : page * size],
            "totalCount": len(items),
            "page": page,
            "pageSize": size,
        }

    def _analytics_days(self, asked: Mapping[str, Any]) -> list[date]:
        begin, end = _date(asked.get("startDate", "")), _date(asked.get("endDate", ""))
        if (end - begin).days >= 30:
            raise refuse(400, "Date range cannot exceed 30 days")
        days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
        return [day for day in days if day <= self.clock.today()]

    def _by_user(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        metric = request.path_params["metric"]
        if metric not in METRICS:
            raise Refusal(404, {"error": "Not Found", "message": "Resource not found"})
        page, size = page_of(asked, default=100, most=500)
        days = self._analytics_days(asked)
        people = [p for p in self.books.teams[HOME_TEAM] if not self.books.gone(p)]
        shown = people[(page - 1) * size : page * size]
        pages = math.ceil(len(people) / size)
        mappings = [{"id": user_id(p), "email": p.email} for p in shown]
        return {
            "data": {p.email: [row for day in days for row in self.enterprise.by_user(metric, day, p)] for p in shown},
            "pagination": pagination(page, size, pages, totalUsers=len(people)),
            "params": {"metric": metric, "teamId": HOME_TEAM, **asked, "userMappings": mappings},
        }

    def _bugbot(self, _: Request, asked: dict[str, Any]) -> dict[str, Any]:
        page, size = page_of(asked, default=100, most=250)
        every = asked.get("prState", "merged") == "all"
        rows = [row for day in self._analytics_days(asked) for row in self.enterprise.bugbot(day)]
        rows = [
            {name: value for name, value in row.items() if name != "merged"} for row in rows if every or row["merged"]
        ]
        pages = max(1, math.ceil(len(rows) / size))
        return {
            "data": rows[(page - 1) * size : page * size],
            "pagination": pagination(page, size, pages, totalItems=len(rows)),
            "params": {"metric": "bugbot", "teamId": HOME_TEAM, **asked},
        }


async def _unknown(_: Request) -> Response:
    return json_answer({"error": "Not Found", "message": "Resource not found"}, 404)


def _instants(asked: Mapping[str, Any]) -> tuple[int, int]:
    first, last = asked.get("startDate"), asked.get("endDate")
    if not isinstance(first, int) or not isinstance(last, int) or last < first:
        raise refuse(400, "startDate and endDate must be epoch milliseconds")
    return first, last


def _date(text: str) -> date:
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise refuse(400, "Invalid date")
    return date.fromisoformat(text[:10])


def _as_of_2025(row: Mapping[str, Any]) -> dict[str, Any]:
    gone = ("kind", "chargedCents", "isChargeable", "isHeadless", "conversationId")
    return {**{name: value for name, value in row.items() if name not in gone}, "kindLabel": row["kind"]}
