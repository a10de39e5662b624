"""Cursor's routes: keys, minute buckets per endpoint, and who answers."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from random import Random
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.ledger import Ledger
from sandbox.limits import Limit
from sandbox.vendor import SandboxVendor, json_answer, json_body
from sandbox.vendors.cursor.analytics import Analytics
from sandbox.vendors.cursor.books import HOME_TEAM, OTHER_TEAM, Books
from sandbox.vendors.cursor.enterprise import Enterprise
from sandbox.vendors.cursor.feed import Feed
from sandbox.vendors.cursor.keys import Refusal, authorize, presented, refuse
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.paging import unending
from sandbox.vendors.cursor.people import People
from sandbox.vendors.cursor.truth import Truth
from sandbox.world import World


class CursorSandbox(Knobs, SandboxVendor):
    """A company of two teams in one organization; a team key sees team 101."""

    name = "cursor"

    def __init__(self, world: World, clock: Clock) -> None:
        SandboxVendor.__init__(self, world, clock)
        Knobs.__init__(self)
        self.books = Books(world, clock)
        self.enterprise = Enterprise(self.books)
        self._feed = Feed(self.books, self)
        self._people = People(self.books, self)
        self._analytics = Analytics(self.books, self.enterprise, self)
        self._buckets: dict[str, Limit] = {}

    def routes(self) -> list[Route]:
        posts = {
            "/teams/filtered-usage-events": self._feed.events,
            "/teams/daily-usage-data": self._people.daily,
            "/teams/spend": self._people.spend,
            "/organizations/filtered-usage-events": self._feed.events,
            "/organizations/daily-usage-data": self._people.daily,
            "/organizations/spend": self._people.spend,
            "/organizations/pooled-usage": self._people.pooled,
        }
        gets = {
            "/teams/members": self._people.members,
            "/organizations/members": self._people.members,
            "/teams/groups": self._people.groups,
            "/analytics/ai-code/{what}": self._analytics.ai_code,
            "/analytics/by-user/{metric}": self._analytics.by_user,
            "/analytics/team/bugbot": self._analytics.bugbot,
            "/analytics/team/bugbot-reviews": self._analytics.reviews,
        }
        return [
            *(Route(path, self._answering(answer), methods=["POST"]) for path, answer in posts.items()),
            *(Route(path, self._answering(answer), methods=["GET"]) for path, answer in gets.items()),
            Route("/{path:path}", _unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def repage(self, draw: Random) -> Sequence[Fault]:
        self.page_cap = draw.choice([3, 10, 1000])
        self.limits = dict.fromkeys(self.limits)  # many small pages would only wait

        def shuffled(body: Any) -> Any:
            draw.shuffle(body["usageEvents"])
            return body

        return [Fault("filtered-usage-events", effect="change", change=shuffled, times=None)]

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


async def _unknown(_: Request) -> Response:
    return json_answer({"error": "Not Found", "message": "Resource not found"}, 404)
