"""How many round trips a first sync takes, one after another: what it lasts where every answer is late.

All requests that are under way are answered together, and only when the source has nothing left to do without an
answer. So the machine's speed and load do not matter: a sync lasts its round trips times the latency.
"""

import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from starlette.types import ASGIApp

from integration_tests.bills import AskedSandbox, Call, Request, block_of, credentials
from integration_tests.harness import NOW, Running, Source, sandbox_config
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.vendors import VENDORS

DAYS = 10
_POLL = 0.02  # seconds
_QUIET = 10  # polls in a row without a thread that runs


class LockstepSandbox(AskedSandbox):
    """Holds every answer until `release`; `rounds` has the requests that were answered together."""

    def __init__(self) -> None:
        super().__init__(days=DAYS + 2, now=NOW, people=6)
        self.rounds: list[list[Request]] = []
        self._held: list[tuple[Request, asyncio.Event]] = []

    async def answer(self, request: Request, inner: ASGIApp, call: Call) -> None:
        event = asyncio.Event()
        self._held.append((request, event))
        await event.wait()
        await inner(*call)

    @property
    def held(self) -> int:
        return len(self._held)

    def release(self) -> None:
        held, self._held = self._held, []
        self.rounds.append([request for request, _ in held])
        for _, event in held:
            self.set(event)


def _runs(pid: int) -> bool:
    """Whether a thread of the process runs or could."""
    try:
        states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return True  # a thread has just ended
    return any(state in "RD" for state in states)


def _step(sandbox: LockstepSandbox, running: Running, written: list[int], ended: threading.Event) -> None:
    """Answer whenever nothing has happened for some polls: no thread runs, nothing is asked for or written."""
    quiet, before = 0, (0, 0)
    pid = running._process.pid
    assert pid
    while not ended.wait(_POLL):
        now = sandbox.held, written[0]
        quiet = quiet + 1 if now[0] and now == before and not _runs(pid) else 0
        before = now
        if quiet >= _QUIET:
            sandbox.release()
            quiet = 0


def sync(vendor: str, streams: Sequence[str], folder: Path) -> list[list[Request]]:
    """The round trips of a first sync."""
    with LockstepSandbox() as sandbox:
        source = Source(sandbox, folder)
        start = (NOW - timedelta(days=DAYS)).date()
        config = sandbox_config(sandbox, [vendor], start_date=start.isoformat())
        catalog = source.reading(config, streams)
        ended, written = threading.Event(), [0]
        with source.start(*catalog) as running:
            stepper = threading.Thread(target=_step, args=(sandbox, running, written, ended))
            stepper.start()
            while chunk := running.stdout.read(1 << 20):
                written[0] += len(chunk)
            ended.set()
            stepper.join()
            assert running.code == 0
    return sandbox.rounds


class Trips(NamedTuple):
    """Round trips of all, and until the bill's last request, beside other streams and alone."""

    bills: Sequence[str]
    all: int
    bill: int
    alone: int


def measure(vendor: type[Vendor]) -> list[Trips]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        every = sync(vendor.name, (), Path(folder))
        for credential in credentials(vendor, block_of(vendor), DAYS):
            alone = sync(vendor.name, sorted(credential.sharing), Path(folder))
            found.append(Trips(credential.bills, len(every), _until(every, alone), len(alone)))
    return found


def _until(rounds: Sequence[Sequence[Request]], alone: Sequence[Sequence[Request]]) -> int:
    missing = [request for trip in alone for request in trip]
    for number, trip in enumerate(rounds, 1):
        for request in trip:
            if request in missing:
                missing.remove(request)
        if not missing:
            return number
    raise AssertionError(f"not asked for: {missing}")


if __name__ == "__main__":
    for vendor in VENDORS:
        if vendor.name in sys.argv[1:]:
            began = time.monotonic()
            for trips in measure(vendor):
                print(vendor.name, json.dumps(trips._asdict()), f"{time.monotonic() - began:.0f} s", flush=True)
