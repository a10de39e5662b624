"""The vendor's API on one address: paths, keys and limits."""

import orjson
from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.kit import Refusal, basic, whole_seconds
from sandbox.limits import Limit
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.scenario import query
from sandbox.vendors.scenario.credentials import USAGE_SCOPE, Key
from sandbox.vendors.scenario.estate import Estate
from sandbox.vendors.scenario.knobs import Knobs, Trouble
from sandbox.vendors.scenario.ledger import ScenarioLedger
from sandbox.vendors.scenario.lookups import Lookups
from sandbox.vendors.scenario.refusals import protected, throttled, timed_out, too_large, unauthorized, unknown_route
from sandbox.vendors.scenario.studio import Studio
from sandbox.vendors.scenario.usages import Usages
from sandbox.world import World

_TROUBLED_WAIT = 12
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class ScenarioSandbox(SandboxVendor[Endpoint, Key], Knobs):
    """Usage in compute units, and the look-ups of teams and projects."""

    name = "scenario"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        self.estate = Estate(world)
        self._usages = Usages(Studio(world, self.estate), self.estate, self)
        self._ledger = ScenarioLedger(self._usages, self.estate, self)
        self._lookups = Lookups(self.estate, self._usages, self)

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("/v1/usages", self._usage),
            Endpoint("/v1/teams", self._lookups.teams),
            Endpoint("/v1/projects", self._lookups.projects),
        ]

    def authenticate(self, endpoint: Endpoint, call: Call) -> Key:
        user, secret = basic(call.request)
        key = self.keys.get(user)
        if key is None or key.secret != secret:
            raise unauthorized()
        return key

    def limit_of(self, endpoint: Endpoint, call: Call, key: Key) -> tuple[Limit, str]:
        return self.limit, key.secret

    def throttled(self, endpoint: Endpoint, call: Call, key: Key, wait: float) -> Refusal:
        return throttled(whole_seconds(wait), self.throttle_form)

    def unknown(self, call: Call) -> Refusal:
        return unknown_route()

    def request_id(self, number: int) -> str:
        return f"tr_{self.world.random('scenario', 'trace', number).getrandbits(96):024x}"

    def _usage(self, call: Call, key: Key) -> Response:
        if not key.may(USAGE_SCOPE):
            raise protected()
        asked = query.read(call.query, key, self.estate, call.now, self.retention)
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble in ("cooldown", "retry-after", "retry-after-ms", "bare"):
            raise throttled(_TROUBLED_WAIT, trouble)
        if trouble == "504" or (self.slow_window is not None and asked.width > self.slow_window):
            raise timed_out()
        raw = orjson.dumps(self._usages.answer(asked, call.now))
        if trouble == "502" or (self.payload_limit is not None and len(raw) > self.payload_limit):
            raise too_large()
        return _spoiled(raw, trouble)


def _spoiled(raw: bytes, trouble: Trouble | None) -> Response:
    """The body, or what the trouble makes of it; a truncated one still counts as whole."""
    if trouble == "html":
        return Response(_HTML, 502, media_type="text/html")
    if trouble == "empty":
        raw = b"{}"
    if trouble == "truncated":
        raw = raw[: len(raw) // 2]
    return Response(raw, media_type="application/json")
