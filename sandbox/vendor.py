"""What every simulated vendor has in common."""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.ledger import Ledger
from sandbox.world import World


class SandboxVendor:
    """One vendor's API, served below `/<name>`. Its knobs are plain attributes that a test sets."""

    name: str

    def __init__(self, world: World, clock: Clock) -> None:
        self.world, self.clock = world, clock

    def routes(self) -> list[Route]:
        """The routes below `/<name>`, and a catch-all where the vendor has its own 404."""
        raise NotImplementedError

    def ledger(self, start: date, end: date) -> Ledger:
        """By stream, what a reader with every option on must emit for the days from start (inclusive) to end."""
        raise NotImplementedError

    def characterize(self, draw: Random) -> None:
        """Set the knobs in which one made-up customer differs from another, once."""

    def repage(self, draw: Random) -> Sequence[Fault]:
        """Set the knobs that page and order the same rows otherwise, before every sync; faults that do it too."""
        return ()


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")


async def json_body(request: Request) -> Any:
    """The request's JSON body; None when it is not JSON."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return None
