"""Which streams one credential reads, and which requests its bill needs."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from pendulum import instance
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_tests.harness import NOW, ROOT, Output, Running
from sandbox import Sandbox
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.core.window import Covered


class Credential(NamedTuple):
    """The streams that one credential reads: its bills, what shares their answers, and all of them."""

    bills: Sequence[str]
    sharing: set[str]
    all: Sequence[str]


def block_of(vendor: type[Vendor]) -> dict[str, Any]:
    """The vendor's part of the sandbox's configuration."""
    blocks = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())
    return {**blocks[vendor.name]}


def credentials(vendor: type[Vendor], block: dict[str, Any], days: int) -> Iterator[Credential]:
    """Those that read a bill, for a first sync of so many days."""
    queues: dict[int, list[UsageStream]] = {}
    for stream in vendor(block).streams():
        stream.plan(Range((NOW - timedelta(days=days)).date(), None, False, instance(NOW)), Covered())
        queues.setdefault(id(stream.api.window_queue), []).append(stream)
    for found in queues.values():
        bills = [stream for stream in found if stream.role == "bill"]
        questions = {question for bill in bills for question in bill.questions()}
        sharing = {stream.name for stream in found if not questions.isdisjoint(stream.questions())}
        if bills:
            yield Credential([bill.name for bill in bills], sharing, [stream.name for stream in found])


class Request(NamedTuple):
    """What was asked: two requests are the same when everything but their time is."""

    method: str
    path: str
    query: bytes = b""
    body: bytes = b""


Call = tuple[Scope, Receive, Send]


class AskedSandbox(Sandbox):
    """A sandbox that knows every request in its order."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked: list[Request] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def app(self) -> ASGIApp:
        inner = super().app()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self._loop = asyncio.get_running_loop()
            if scope["type"] != "http" or scope["path"] in ("/", "/clock"):
                await inner(scope, receive, send)
                return
            body = await _body(receive)
            request = Request(scope["method"], scope["path"], scope["query_string"], body)
            self.asked.append(request)

            async def replay() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            await self.answer(request, inner, (scope, replay, send))

        return app

    async def answer(self, request: Request, inner: ASGIApp, call: Call) -> None:
        """Answer at once; a subclass may hold the answer back."""
        await inner(*call)

    def set(self, event: asyncio.Event) -> None:
        """From any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(event.set)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def states_of(output: Output) -> dict[str, Any]:
    """The last state of every stream by its name."""
    return {state["stream"]["stream_descriptor"]["name"]: state["stream"]["stream_state"] for state in output.states}


def lines_of(running: Running) -> Iterator[bytes]:
    """What a source writes, as soon as it does."""
    rest = b""
    while chunk := running.stdout.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    assert not rest


class Whole:
    """Watches messages: `seen` once all of these streams have written their last state."""

    def __init__(self, last: Mapping[str, Any]) -> None:
        self._open = dict(last)

    def see(self, message: Mapping[str, Any]) -> bool:
        """Whether it is this message that makes them whole."""
        if not self._open or message["type"] != "STATE":
            return False
        state = message["state"]["stream"]
        name = state["stream_descriptor"]["name"]
        if self._open.get(name) == state["stream_state"]:
            del self._open[name]
            return not self._open
        return False

    @property
    def seen(self) -> bool:
        return not self._open
