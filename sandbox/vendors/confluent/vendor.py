"""The vendor's APIs on one address: routes, keys and limits."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from random import Random
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.ledger import Ledger
from sandbox.limits import Limit
from sandbox.vendor import SandboxVendor, json_answer, json_body
from sandbox.vendors.confluent import costs, lookups, metrics
from sandbox.vendors.confluent.books import Books
from sandbox.vendors.confluent.cost_lines import CostLines
from sandbox.vendors.confluent.credentials import MAY_READ_COSTS, MAY_READ_METRICS, Key
from sandbox.vendors.confluent.estate import Estate
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.refusals import (
    Refusal,
    not_found,
    throttled,
    unauthenticated,
    unauthorized,
)
from sandbox.vendors.confluent.traffic import Traffic
from sandbox.world import World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_EVERYBODY = "organization"
# the metrics API spells them as some of the vendor's services do
_METRICS_HEADERS = ("rateLimit-limit", "rateLimit-remaining", "rateLimit-reset")


@dataclass(frozen=True)
class Meter:
    """What counts a request: a limit, whom it is counted for, and its headers' names."""

    limit: Limit
    who: str
    headers: tuple[str, str, str]


Answer = Callable[[Request, Meter], Awaitable[Any]]
MeterOf = Callable[[Request], Meter]


class ConfluentSandbox(Knobs, SandboxVendor):
    """Costs, look-ups and metrics."""

    name = "confluent"

    def __init__(self, world: World, clock: Clock) -> None:
        SandboxVendor.__init__(self, world, clock)
        Knobs.__init__(self)
        self.estate = Estate(world)
        self._books = Books(CostLines(world, self.estate), self)
        self._traffic = Traffic(world, self.estate, self)
        self._costs = costs.Costs(self._books, self)
        self._lookups = lookups.Lookups(self.estate, self)
        self._metrics = metrics.Metrics(self._traffic, self)
        self._answered = 0

    def routes(self) -> list[Route]:
        look_ups = {
            lookups.ENVIRONMENTS: self._lookups.environments,
            lookups.ORGANIZATIONS: self._lookups.organizations,
            lookups.CLUSTERS: self._lookups.clusters,
        }
        served = self._answering(self._cost_page, self._costs_meter)
        query = self._answering(self._query, self._metrics_meter)
        unknown = self._answering(_unknown, self._lookups_meter)
        return [
            Route(f"/{costs.PATH}", served),
            *(
                Route(f"/{path}", self._answering(self._looking_up(look_up), self._lookups_meter))
                for path, look_up in look_ups.items()
            ),
            Route(f"/{metrics.PATH}", query, methods=["POST"]),
            Route("/{path:path}", unknown, methods=_METHODS),
        ]

    def repage(self, draw: Random) -> Sequence[Fault]:
        self.page_cap = draw.choice([7, 50, None])
        self.empty_pages = draw.random() < 0.5
        self.limit.requests = None  # many small pages would only wait
        return ()

    def ledger(self, start: date, end: date) -> Ledger:
        """Costs, and the metrics of the days that they still reach."""
        now = self.clock.now()
        return {
            "confluent_costs": list(self._books.entries(start, end, now)),
            "confluent_metrics_usage": list(self._traffic.entries(start, end, now)),
        }

    def _costs_meter(self, _: Request) -> Meter:
        return Meter(self.limit, _EVERYBODY, self.rate_headers)

    def _lookups_meter(self, _: Request) -> Meter:
        return Meter(self.lookup_limit, _EVERYBODY, self.rate_headers)

    def _metrics_meter(self, request: Request) -> Meter:
        address = request.client.host if request.client else ""
        return Meter(self.metrics_limit, address, _METRICS_HEADERS)

    async def _cost_page(self, request: Request, meter: Meter) -> Any:
        self._admit(request, meter, MAY_READ_COSTS)
        return self._costs.page(request.query_params, _base(request), self.clock.now())

    def _looking_up(self, look_up: Callable[..., Any]) -> Answer:
        async def answer(request: Request, meter: Meter) -> Any:
            key = self._admit(request, meter)
            return look_up(key, request.query_params, _base(request), self.clock.now())

        return answer

    async def _query(self, request: Request, meter: Meter) -> Any:
        self._admit(request, meter, MAY_READ_METRICS)
        token = request.query_params.get("page_token")
        return self._metrics.page(await json_body(request), token, self.clock.now())

    def _admit(self, request: Request, meter: Meter, roles: frozenset[str] | None = None) -> Key:
        """The key of a request that may be made, now. Raises Refusal."""
        key = self._key(request)
        if key is None or not key.cloud:
            raise unauthenticated()
        if roles is not None and not key.roles & roles:
            raise unauthorized()
        wait = meter.limit.take(meter.who, self.clock.now())
        if wait is not None:
            raise throttled({"Retry-After": str(max(1, ceil(wait)))} if self.retry_after else {})
        return key

    def _key(self, request: Request) -> Key | None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        key = self.keys.get(id)
        return key if key and key.secret == secret else None

    def _headers(self, meter: Meter, request_id: str) -> dict[str, str]:
        """What every answer carries."""
        now = self.clock.now()
        remaining = meter.limit.remaining(meter.who, now)
        if remaining is None:
            return {"X-Request-Id": request_id}
        reset = ceil(meter.limit.reset(meter.who, now))
        if self.reset_as_epoch:
            reset += int(now.timestamp())
        figures = (meter.limit.requests, max(0, remaining), reset)
        told = dict(zip(meter.headers, map(str, figures), strict=True))
        return {"X-Request-Id": request_id, **told}

    def _answering(self, answer: Answer, meter_of: MeterOf) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            request_id, meter = self._request_id(), meter_of(request)
            more: Mapping[str, str] = {}
            try:
                status, body = 200, await answer(request, meter)
            except Refusal as refusal:
                status, body, more = refusal.status, refusal.body(request_id), refusal.headers
            headers = {**self._headers(meter, request_id), **more}
            if status == 429 and self.throttle_body == "empty":
                return Response(status_code=status, headers=headers)
            return json_answer(body, status, headers)

        return endpoint

    def _request_id(self) -> str:
        self._answered += 1
        bits = self.world.random("confluent", "request", self._answered).getrandbits(128)
        return str(UUID(int=bits, version=4))


async def _unknown(_request: Request, _meter: Meter) -> Any:
    raise not_found()


def _base(request: Request) -> str:
    """The address that the request took for the vendor's, with the prefix it is served below."""
    return str(request.url.replace(path=request.scope["root_path"], query=""))
