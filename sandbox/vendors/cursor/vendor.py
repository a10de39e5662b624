"""Cursor's paths: keys, minute buckets per endpoint, and who answers."""

from collections.abc import Callable, Sequence
from datetime import date
from random import Random
from typing import Any

from starlette.requests import Request

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.kit import Json, Refusal, basic, whole_seconds
from sandbox.ledger import Ledger
from sandbox.limits import Limit
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.cursor.analytics import Analytics
from sandbox.vendors.cursor.credentials import Key
from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.enterprise import Enterprise
from sandbox.vendors.cursor.events import HOME_TEAM, OTHER_TEAM
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.ledger import CursorLedger
from sandbox.vendors.cursor.lookups import Lookups
from sandbox.vendors.cursor.people import Feed, People
from sandbox.vendors.cursor.query import Asked, unending
from sandbox.vendors.cursor.refusals import check_kind, check_rights, not_found, refuse, throttled
from sandbox.world import World

Answer = Callable[[Request, Asked], Json]


class CursorSandbox(SandboxVendor[Endpoint, Key], Knobs):
    """A company of two teams in one organization; a team key sees team 101."""

    name = "cursor"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        self.customer = Customer(world, clock)
        self.enterprise = Enterprise(self.customer)
        self._feed = Feed(self.customer, self)
        self._people = People(self.customer, self)
        self._lookups = Lookups(self.customer, self)
        self._analytics = Analytics(self.customer, self.enterprise, self)
        self._minutes: dict[str, Limit] = {}

    def endpoints(self) -> list[Endpoint]:
        posts: dict[str, Answer] = {
            "/teams/filtered-usage-events": self._feed.events,
            "/teams/daily-usage-data": self._people.daily,
            "/teams/spend": self._people.spend,
            "/organizations/filtered-usage-events": self._feed.events,
            "/organizations/daily-usage-data": self._people.daily,
            "/organizations/spend": self._people.spend,
            "/organizations/pooled-usage": self._people.pooled,
        }
        gets: dict[str, Answer] = {
            "/teams/members": self._lookups.members,
            "/organizations/members": self._lookups.members,
            "/teams/groups": self._people.groups,
            "/analytics/ai-code/{what}": self._analytics.ai_code,
            "/analytics/by-user/{metric}": self._analytics.by_user,
            "/analytics/team/bugbot": self._analytics.bugbot,
            "/analytics/team/bugbot-reviews": self._analytics.reviews,
        }
        return [
            *(Endpoint(path, self._asking(answer), "POST") for path, answer in posts.items()),
            *(Endpoint(path, self._asking(answer)) for path, answer in gets.items()),
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
        return CursorLedger(self.customer, self.enterprise, {HOME_TEAM}, organization=False).ledger(start, end)

    def organization_ledger(self, start: date, end: date) -> Ledger:
        """As the organization's key sees both teams."""
        teams = {HOME_TEAM, OTHER_TEAM}
        return CursorLedger(self.customer, self.enterprise, teams, organization=True).ledger(start, end)

    def remove(self, number: int) -> None:
        """Take a member out of the team: the address vanishes from all events."""
        self.customer.removed.add(number)

    def add_late_event(self, last_ms: int) -> None:
        """An event that arrives just now, the newest of the time that ends with this millisecond."""
        self.customer.add_late_event(last_ms)

    def authenticate(self, endpoint: Endpoint, call: Call) -> Key:
        """The key is HTTP Basic's user, with an empty password."""
        user, password = basic(call.request)
        return check_kind(call.path, None if password else self.keys.get(user))

    def authorize(self, endpoint: Endpoint, call: Call, key: Key) -> None:
        check_rights(call.path, key)

    def limit_of(self, endpoint: Endpoint, call: Call, key: Key) -> tuple[Limit, str]:
        """Every path has its own minute."""
        minute = self._minutes.setdefault(call.path, Limit(None, 60, aligned=True))
        minute.requests = next(number for part, number in self.limits.items() if part in call.path)
        return minute, ""

    def throttled(self, endpoint: Endpoint, call: Call, key: Key, wait: float) -> Refusal:
        return throttled({"Retry-After": str(whole_seconds(wait))} if self.retry_after else {})

    def unknown(self, call: Call) -> Refusal:
        return not_found()

    def _asking(self, answer: Answer) -> Callable[[Call, Key], Any]:
        def answered(call: Call, _: Key) -> Json:
            asked = call.body if call.request.method == "POST" else dict(call.query)
            if not isinstance(asked, dict):
                raise refuse(400, "Body must be a JSON object")
            if self.endless and "page" in asked:
                return unending(answer(call.request, {**asked, "page": 1}), int(asked["page"]))
            return answer(call.request, asked)

        return answered
