"""The vendor's API on one address: routes, keys and limits."""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date, datetime
from math import ceil
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.vendor import SandboxVendor, json_answer
from sandbox.vendors.scenario import query
from sandbox.vendors.scenario.books import Books
from sandbox.vendors.scenario.credentials import USAGE_SCOPE, Key
from sandbox.vendors.scenario.estate import Estate
from sandbox.vendors.scenario.knobs import Knobs, Trouble
from sandbox.vendors.scenario.lookups import Lookups
from sandbox.vendors.scenario.refusals import (
    Refusal,
    protected,
    throttled,
    timed_out,
    too_large,
    unauthorized,
    unknown_route,
)
from sandbox.vendors.scenario.studio import Studio
from sandbox.vendors.scenario.truth import Truth
from sandbox.world import World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_TROUBLED_WAIT = 12
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
LookUp = Callable[[Key, Mapping[str, str], datetime], Any]


class ScenarioSandbox(Knobs, SandboxVendor):
    """Usage in compute units, and the look-ups of teams and projects."""

    name = "scenario"

    def __init__(self, world: World, clock: Clock) -> None:
        SandboxVendor.__init__(self, world, clock)
        Knobs.__init__(self)
        self.estate = Estate(world)
        self._books = Books(Studio(world, self.estate), self.estate, self)
        self._truth = Truth(self._books, self.estate, self)
        self._lookups = Lookups(self.estate, self._books, self)
        self._answered = 0

    def routes(self) -> list[Route]:
        look_ups: dict[str, LookUp] = {
            "/v1/teams": self._lookups.teams,
            "/v1/projects": self._lookups.projects,
            "/v1/teams/{teamId}/limits": self._lookups.limits,
            "/v1/oscu/prices": self._lookups.prices,
        }
        return [
            Route("/v1/usages", self._answering(self._usages)),
            *(Route(path, self._answering(self._looking_up(look_up))) for path, look_up in look_ups.items()),
            Route("/{path:path}", self._answering(_unknown), methods=_METHODS),
        ]

    def ledger(self, start: date, end: date) -> Ledger:
        """All seven streams, as `reader` reads them."""
        return self._truth.ledger(start, end, self.clock.now())

    def _usages(self, request: Request) -> Response:
        key, now = self._admit(request), self.clock.now()
        if not key.may(USAGE_SCOPE):
            raise protected()
        asked = query.read(request.query_params, key, self.estate, now, self.retention)
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble in ("cooldown", "retry-after", "retry-after-ms", "bare"):
            raise throttled(_TROUBLED_WAIT, trouble)
        if trouble == "504" or (self.slow_window is not None and asked.width > self.slow_window):
            raise timed_out()
        raw = orjson.dumps(self._books.answer(asked, now))
        if trouble == "502" or (self.payload_limit is not None and len(raw) > self.payload_limit):
            raise too_large()
        return _spoiled(raw, trouble)

    def _looking_up(self, look_up: LookUp) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            key = self._admit(request)
            return json_answer(look_up(key, {**request.query_params, **request.path_params}, self.clock.now()))

        return answer

    def _admit(self, request: Request) -> Key:
        """The key of a request that may be made now. Raises Refusal."""
        id, key = self._key(request)
        wait = self.limit.take(id, self.clock.now())
        if wait is not None:
            raise throttled(max(1, ceil(wait)), self.throttle_form)
        return key

    def _key(self, request: Request) -> tuple[str, Key]:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise unauthorized()
        try:
            id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized() from None
        key = self.keys.get(id)
        if key is None or key.secret != secret:
            raise unauthorized()
        return id, key

    def _answering(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                return answer(request)
            except Refusal as refusal:
                return json_answer(refusal.body(self._trace_id()), refusal.status, refusal.headers)

        return endpoint

    def _trace_id(self) -> str:
        self._answered += 1
        return f"tr_{self.world.random('scenario', 'trace', self._answered).getrandbits(96):024x}"


def _unknown(_request: Request) -> Response:
    raise unknown_route()


def _spoiled(raw: bytes, trouble: Trouble | None) -> Response:
    """The body, or what the trouble makes of it; a truncated one still counts as whole."""
    if trouble == "html":
        return Response(_HTML, 502, media_type="text/html")
    if trouble == "empty":
        raw = b"{}"
    if trouble == "truncated":
        raw = raw[: len(raw) // 2]
    return Response(raw, media_type="application/json")
