"""One server for all vendors: routing, counting, faults and the clock."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import Self

from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.vendor import SandboxVendor, json_answer, json_body
from sandbox.vendors import VENDORS
from sandbox.world import World


class Sandbox:
    """The APIs of all vendors, or of some, on one port. As a context manager it serves until the block ends.

    `now` given: the clock stands still there until `advance`d, or runs on from there when `ticking`; not given: it is
    the real time. Same seed, days and day: same bytes.
    """

    def __init__(
        self,
        seed: int = 7,
        days: int = 120,
        now: datetime | None = None,
        port: int = 0,
        people: int = 24,
        *,
        ticking: bool | None = None,
        vendors: Sequence[type[SandboxVendor[Any, Any]]] = VENDORS,
    ) -> None:
        self.clock = Clock(now, ticking=ticking)
        self.world = World(seed, days, self.clock.today(), people)
        self.vendors = {cls.name: cls(self.world, self.clock) for cls in vendors}
        self.requests: Counter[str] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()
        self._faults = Faults()
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __getattr__(self, name: str) -> Any:
        """`sandbox.cursor` is the vendor's own object with its knobs."""
        try:
            return self.__dict__["vendors"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def port(self) -> int:
        return self._port

    def url(self, vendor: str) -> str:
        return f"http://localhost:{self._port}/{vendor}"

    def fault(self, vendor: str, fault: Fault) -> Fault:
        return self._faults.add(vendor, fault)

    def heal(self) -> None:
        """Switch every fault off."""
        self._faults.clear()

    def refused(self, status: int = 429) -> int:
        """How many answers had this status."""
        return sum(count for (_, code), count in self.answers.items() if code == status)

    def app(self) -> ASGIApp:
        mounts: Iterable[Mount] = (Mount(f"/{name}", routes=vendor.routes()) for name, vendor in self.vendors.items())
        routes = [Route("/", self._index), Route("/clock", self._clock, methods=["POST"]), *mounts]
        return _Wire(Starlette(routes=routes), self._faults, self.clock, self.requests, self.answers)

    def __enter__(self) -> Self:
        """Raises OSError when the port is taken."""
        listener = socket.create_server(("localhost", self._port))
        # asyncio sets it for sockets that it opened itself; without it every answer waits 40 ms for the reader's ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(self.app(), log_level="critical", lifespan="off", date_header=False)
        self._server = uvicorn.Server(config)
        ready = threading.Event()
        arguments = (self._server, listener, ready)
        self._thread = threading.Thread(target=self._run, args=arguments, daemon=True, name="sandbox")
        self._thread.start()
        if not ready.wait(30):
            raise RuntimeError("the sandbox did not start within 30 s")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server and self._thread
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    @staticmethod
    def _run(server: uvicorn.Server, listener: socket.socket, ready: threading.Event) -> None:
        async def main() -> None:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started and not serving.done():
                await asyncio.sleep(0.005)
            ready.set()
            await serving

        asyncio.run(main())

    async def _index(self, _: Request) -> Response:
        serves: Mapping[str, list[str]] = {
            name: [f"{'/'.join(sorted(route.methods or {'GET'}))} {route.path}" for route in vendor.routes()]
            for name, vendor in self.vendors.items()
        }
        return json_answer(
            {"now": self.clock.now().isoformat(), "serves": serves, "requests": dict(sorted(self.requests.items()))}
        )

    async def _clock(self, request: Request) -> Response:
        """`POST /clock {"advance": seconds}` moves the sandbox's time on."""
        body = await json_body(request)
        self.clock.advance(seconds=body["advance"])
        return json_answer({"now": self.clock.now().isoformat()})


class _Wire:
    """Counts every request by method and path and lets the faults at it."""

    def __init__(
        self, app: ASGIApp, faults: Faults, clock: Clock, requests: Counter[str], answers: Counter[tuple[str, int]]
    ) -> None:
        self._app, self._faults, self._clock, self._requests, self._answers = app, faults, clock, requests, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/", "/clock"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        vendor, _, rest = scope["path"].lstrip("/").partition("/")
        self._requests[f"{scope['method']} {scope['path']}"] += 1

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answers[scope["path"], message["status"]] += 1
                now = format_datetime(self._clock.now(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", now)]}
            await send(message)

        fault = self._faults.due(vendor, scope["method"], f"/{rest}", dict(request.query_params), body)
        if fault is None:
            await self._app(scope, replay, counted)
        elif fault.effect == "answer":
            await _instead(fault)(scope, replay, counted)
        elif fault.effect == "reset":
            send.__self__.transport.abort()  # type: ignore[attr-defined]
        elif fault.effect == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await self._spoil(fault, scope, replay, counted)

    async def _spoil(self, fault: Fault, scope: Scope, replay: Receive, send: Send) -> None:
        """The real answer, spoiled on its way."""
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            else:
                body += message.get("body", b"")

        await self._app(scope, replay, collect)
        if fault.effect == "change" and fault.change:
            body = orjson.dumps(fault.change(orjson.loads(body)))
        if fault.effect == "spoil" and fault.spoil:
            body = fault.spoil(body)
        headers = [(k, v) for k, v in start["headers"] if k != b"content-length"]
        start["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
        await send(start)
        pieces = 8 if fault.effect == "slow" else 1
        size = max(1, -(-len(body) // pieces))
        if fault.effect == "truncate":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionResetError("the answer was cut on purpose")
        for at in range(0, len(body), size):
            more = at + size < len(body)
            await send({"type": "http.response.body", "body": body[at : at + size], "more_body": more})
            await asyncio.sleep(0.02 if more else 0)


def _instead(fault: Fault) -> Response:
    """The answer that a fault gives instead of the real one."""
    if isinstance(fault.body, str):
        raw = fault.body.encode()
    else:
        raw = b"" if fault.body is None else orjson.dumps(fault.body)
    return Response(raw, fault.status, dict(fault.headers), "application/json")
