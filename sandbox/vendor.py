"""What every simulated vendor does with a request: key, rights, limit, then parameters and answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, Generic, Protocol, TypeVar

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.kit import Refusal
from sandbox.ledger import Ledger
from sandbox.limits import Limit
from sandbox.world import World

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Call:
    """One request and what is known of it; `headers` are those that its answer gets."""

    request: Request
    body: Any
    now: datetime
    id: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def path(self) -> str:
        """The path below `/<name>`."""
        return str(self.request.scope["path"]).removeprefix(self.request.scope["root_path"])

    @property
    def base(self) -> str:
        """The address that the request took for the vendor's, with the prefix it is served below."""
        return str(self.request.url.replace(path=self.request.scope["root_path"], query=""))


@dataclass(frozen=True)
class Endpoint:
    """A path below `/<name>`. `answer` makes JSON or a whole response of a call and its key; it may raise Refusal."""

    path: str
    answer: Callable[[Call, Any], Any]
    method: str = "GET"


class LedgerKeeper(Protocol):
    """Knows the ledger as of a moment."""

    def ledger(self, start: date, end: date, now: datetime) -> Ledger: ...


E = TypeVar("E", bound=Endpoint)
K = TypeVar("K")


class SandboxVendor(Generic[E, K]):
    """One vendor's API, served below `/<name>`. Its knobs are plain attributes that a test sets."""

    name: str
    _ledger: LedgerKeeper

    def __init__(self, world: World, clock: Clock) -> None:
        self.reset()
        self.world, self.clock = world, clock
        self._calls = 0

    def reset(self) -> None:
        """Set every knob back to its default: they are the other base of every vendor."""
        super().__init__()

    def endpoints(self) -> Sequence[E]:
        raise NotImplementedError

    def ledger(self, start: date, end: date) -> Ledger:
        """By stream, what a reader with every option on must emit for the days from start (inclusive) to end."""
        return self._ledger.ledger(start, end, self.clock.now())

    def characterize(self, draw: Random) -> None:
        """Set the knobs in which one made-up customer differs from another, once."""

    def repage(self, draw: Random) -> Sequence[Fault]:
        """Set the knobs that page and order the same rows otherwise, before every sync; faults that do it too."""
        return ()

    def authenticate(self, endpoint: E, call: Call) -> K:
        """The key that the request shows. Raises Refusal."""
        raise NotImplementedError

    def authorize(self, endpoint: E, call: Call, key: K) -> None:
        """Raises Refusal when the key may not ask for this."""

    def limit_of(self, endpoint: E, call: Call, key: K) -> tuple[Limit, str] | None:
        """What counts the request, and for whom; None: nothing does."""
        raise NotImplementedError

    def throttled(self, endpoint: E, call: Call, key: K, wait: float) -> Refusal:
        raise NotImplementedError

    def counted(self, endpoint: E, call: Call, key: K) -> None:
        """Called when the limit has let the request pass. Raises Refusal for what is refused only then."""

    def unknown(self, call: Call) -> Refusal:
        """A path that the vendor does not have."""
        raise NotImplementedError

    def finish(self, call: Call) -> None:
        """Called before an answer leaves, whatever it is: headers that say what is left of a limit."""

    def refused(self, refusal: Refusal, call: Call) -> Response:
        raw = orjson.dumps(refusal.body(call.id))
        return Response(raw, refusal.status, {**call.headers, **refusal.headers}, refusal.media_type)

    def request_id(self, number: int) -> str:
        """What the vendor names its answers by; by default nothing."""
        return ""

    def routes(self) -> list[Route]:
        own = [Route(e.path, self._serving(self._answering(e)), methods=[e.method]) for e in self.endpoints()]
        return [*own, Route("/{path:path}", self._serving(self._unknown), methods=[*_METHODS])]

    def _answering(self, endpoint: E) -> Callable[[Call], Any]:
        def answer(call: Call) -> Any:
            key = self.authenticate(endpoint, call)
            self.authorize(endpoint, call, key)
            if (meter := self.limit_of(endpoint, call, key)) is not None:
                limit, who = meter
                wait = limit.take(who, call.now)
                if wait is not None:
                    raise self.throttled(endpoint, call, key, wait)
                self.counted(endpoint, call, key)
            return endpoint.answer(call, key)

        return answer

    def _unknown(self, call: Call) -> Any:
        raise self.unknown(call)

    def _serving(self, answer: Callable[[Call], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            self._calls += 1
            call = Call(request, await json_body(request), self.clock.now(), self.request_id(self._calls))
            try:
                body = answer(call)
            except Refusal as refusal:
                self.finish(call)
                return self.refused(refusal, call)
            self.finish(call)
            return body if isinstance(body, Response) else json_answer(body, headers=call.headers)

        return serve


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")


async def json_body(request: Request) -> Any:
    """The request's JSON body; None when it is not JSON."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return None
