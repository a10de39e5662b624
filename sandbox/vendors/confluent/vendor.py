"""The vendor's APIs on one address: paths, keys and limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from random import Random
from uuid import UUID

from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.kit import Json, Refusal, basic, whole_seconds
from sandbox.limits import Limit
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.confluent import costs, lookups, metrics
from sandbox.vendors.confluent.bill import Bill
from sandbox.vendors.confluent.cost_lines import CostLines
from sandbox.vendors.confluent.credentials import MAY_READ_COSTS, MAY_READ_METRICS, Key
from sandbox.vendors.confluent.estate import Estate
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.ledger import ConfluentLedger
from sandbox.vendors.confluent.refusals import not_found, throttled, unauthenticated, unauthorized
from sandbox.vendors.confluent.traffic import Traffic
from sandbox.world import World

# some of Confluent's services spell them so, as clients report
_METRICS_HEADERS = ("rateLimit-limit", "rateLimit-remaining", "rateLimit-reset")


@dataclass(frozen=True)
class Path(Endpoint):
    """`roles`: one of them must be the key's, unless there are none."""

    roles: frozenset[str] = frozenset()


class ConfluentSandbox(SandboxVendor[Path, Key], Knobs):
    """Costs, look-ups and metrics."""

    name = "confluent"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        self.estate = Estate(world)
        bill, traffic = Bill(CostLines(world, self.estate), self), Traffic(world, self.estate, self)
        self._ledger = ConfluentLedger(bill, traffic, self.estate, self)
        self._costs = costs.Costs(bill, self)
        self._lookups = lookups.Lookups(self.estate, self)
        self._metrics = metrics.Metrics(traffic, self)

    def endpoints(self) -> list[Path]:
        return [
            Path(f"/{costs.PATH}", self._cost_page, roles=MAY_READ_COSTS),
            Path(f"/{lookups.ENVIRONMENTS}", self._lookups.environments),
            Path(f"/{lookups.ORGANIZATIONS}", self._lookups.organizations),
            Path(f"/{lookups.CLUSTERS}", self._lookups.clusters),
            Path(f"/{metrics.PATH}", self._points, "POST", roles=MAY_READ_METRICS),
        ]

    def repage(self, draw: Random) -> Sequence[Fault]:
        self.page_cap = draw.choice([7, 50, None])
        self.empty_pages = draw.random() < 0.5
        self.limit.requests = None  # many small pages would only wait
        return ()

    def _cost_page(self, call: Call, _: Key) -> Json:
        page = self._costs.page(call.query, call.base, call.now)
        if self.slow_pages:
            self.slow_pages -= 1
            self.clock.advance(hours=1)
        return page

    def _points(self, call: Call, _: Key) -> Json:
        return self._metrics.page(call.body, call.query.get("page_token"), call.now)

    def authenticate(self, endpoint: Path, call: Call) -> Key:
        user, secret = basic(call.request)
        key = self.keys.get(user)
        if key is None or key.secret != secret or not key.cloud:
            raise unauthenticated()
        return key

    def authorize(self, endpoint: Path, call: Call, key: Key) -> None:
        if endpoint.roles and not key.roles & endpoint.roles:
            raise unauthorized()

    def limit_of(self, endpoint: Path, call: Call, key: Key) -> tuple[Limit, str]:
        return self._meter(call)

    def throttled(self, endpoint: Path, call: Call, key: Key, wait: float) -> Refusal:
        return throttled({"Retry-After": str(whole_seconds(wait))} if self.retry_after else {})

    def unknown(self, call: Call) -> Refusal:
        return not_found()

    def request_id(self, number: int) -> str:
        bits = self.world.random("confluent", "request", number).getrandbits(128)
        return str(UUID(int=bits, version=4))

    def finish(self, call: Call) -> None:
        """Every answer has its id, and what is left of its limit."""
        call.headers["X-Request-Id"] = call.id
        limit, who = self._meter(call)
        remaining = limit.remaining(who, call.now)
        if remaining is None:
            return
        reset = ceil(limit.reset(who, call.now)) + (int(call.now.timestamp()) if self.reset_as_epoch else 0)
        names = _METRICS_HEADERS if _asks_metrics(call) else self.rate_headers
        call.headers |= dict(zip(names, map(str, (limit.requests, max(0, remaining), reset)), strict=True))

    def refused(self, refusal: Refusal, call: Call) -> Response:
        if refusal.status == 429 and self.throttle_body == "empty":
            return Response(status_code=429, headers={**call.headers, **refusal.headers})
        return super().refused(refusal, call)

    def _meter(self, call: Call) -> tuple[Limit, str]:
        """Metrics are counted by address, everything else for the organization."""
        if _asks_metrics(call):
            return self.metrics_limit, call.request.client.host if call.request.client else ""
        return self.limit if call.path == f"/{costs.PATH}" else self.lookup_limit, "organization"


def _asks_metrics(call: Call) -> bool:
    return call.path == f"/{metrics.PATH}"
