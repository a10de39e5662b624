"""The bill of every credential is never held up by another stream: counted in requests, whatever they take."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from integration_tests.bills import (
    AskedSandbox,
    Call,
    Request,
    Whole,
    block_of,
    credentials,
    lines_of,
    states_of,
)
from integration_tests.harness import NOW, Output, Source, sandbox_config
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.vendors import VENDORS

DAYS = 10
# Vendors whose bill leaves no request to others while it is read: Claude and Datadog read one window at a time,
# Scenario tells no limit
ALONE = {"claude", "datadog", "scenario"}


class HoldingSandbox(AskedSandbox):
    """Answers what is needed, each as often as it is; everything else only after `release`.

    `beside`: how many others waited when the last of what is needed was asked for. Later a slot is free for them.
    """

    def __init__(self, needed: Sequence[Request]) -> None:
        super().__init__(days=DAYS + 2, now=NOW, people=6)
        self._missing, self._released = Counter(needed), asyncio.Event()
        self.held: list[Request] = []
        self.beside = 0

    async def answer(self, request: Request, inner: ASGIApp, call: Call) -> None:
        if self._missing[request]:
            self._missing[request] -= 1
            self.beside = len(self.held)
        elif not self._released.is_set():
            self.held.append(request)
            await self._released.wait()
        await inner(*call)

    def release(self) -> None:
        self.set(self._released)


def arguments(sandbox: AskedSandbox, source: Source, vendor: str, streams: Sequence[str]) -> list[str]:
    start = (NOW - timedelta(days=DAYS)).date()
    return source.reading(sandbox_config(sandbox, [vendor], start_date=start.isoformat()), streams)


def alone(vendor: str, streams: Sequence[str], folder: Path) -> tuple[Output, list[Request]]:
    """A first sync of these streams alone, and what it asked."""
    with AskedSandbox(days=DAYS + 2, now=NOW, people=6) as sandbox:
        source = Source(sandbox, folder)
        output = source.run(*arguments(sandbox, source, vendor, streams))
    assert (output.code, output.traces) == (0, [])
    return output, sandbox.asked


@pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.name for vendor in VENDORS])
def test_the_bill_becomes_whole_though_nobody_else_gets_an_answer(vendor: type[Vendor], tmp_path: Path) -> None:
    """Nobody else holds a slot that the bill wants, or an answer that it needs; others ask in the other slots alone."""
    found = [*credentials(vendor, block_of(vendor), DAYS)]
    assert found
    for credential in found:
        output, needed = alone(vendor.name, sorted(credential.sharing), tmp_path)
        bill, before = Whole({name: states_of(output)[name] for name in credential.bills}), set[str]()
        with HoldingSandbox(needed) as sandbox:
            source = Source(sandbox, tmp_path)
            with source.start(*arguments(sandbox, source, vendor.name, credential.all)) as running:
                for message in map(json.loads, lines_of(running)):
                    if message["type"] == "RECORD" and not bill.seen:
                        before.add(message["record"]["stream"])
                    if bill.see(message):
                        sandbox.release()
                assert running.code == 0
        assert bill.seen
        assert sandbox.beside <= (0 if vendor.name in ALONE else credential.slots - 1)
        assert before <= credential.sharing
