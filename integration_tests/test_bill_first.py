"""The bill of every credential is whole before anything else is asked for, counted in requests, whatever they take."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pendulum import instance

from integration_tests.harness import NOW, ROOT, Output, Source, sandbox_config
from sandbox import Sandbox
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors import VENDORS

DAYS = 10
START = (NOW - timedelta(days=DAYS)).date()


class Log(Counter[str]):
    """The sandbox's count of requests, which also keeps their order."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def __setitem__(self, request: str, count: int) -> None:
        super().__setitem__(request, count)
        self.order.append(request)


class Credential(NamedTuple):
    """The streams that one credential reads: its bills, what shares their answers, and the others."""

    bills: Sequence[str]
    sharing: set[str]
    all: Sequence[str]


def credentials(vendor: type[Vendor], block: dict[str, Any]) -> Iterator[Credential]:
    """Those that read a bill."""
    queues: dict[int, list[UsageStream]] = {}
    streams = vendor(block).streams()
    for stream in streams:
        stream.plan(Range(START, None, False, instance(NOW)), Covered())
        queues.setdefault(id(stream.api.window_queue), []).append(stream)
    for found in queues.values():
        bills = [stream for stream in found if stream.role == "bill"]
        questions = {question for bill in bills for question in bill.questions()}
        sharing = {stream.name for stream in found if not questions.isdisjoint(stream.questions())}
        if bills:
            yield Credential([bill.name for bill in bills], sharing, [stream.name for stream in found])


def read(credential_streams: Sequence[str], vendor: str, folder: Path) -> tuple[Output, list[str]]:
    """A first sync of these streams of a new sandbox; the paths it asked for, in order."""
    sandbox = Sandbox(days=DAYS + 2, now=NOW, people=6)
    sandbox.requests = Log()
    with sandbox:
        source = Source(sandbox, folder)
        config = sandbox_config(sandbox, [vendor], start_date=START.isoformat())
        arguments = source.reading(config, credential_streams)
        sandbox.requests.order.clear()
        output = source.run(*arguments)
    assert (output.code, output.traces) == (0, [])
    return output, sandbox.requests.order


def needless(asked: Sequence[str], needed: Sequence[str]) -> list[str]:
    """What was asked for beside what is needed, until nothing more is needed."""
    missing, beside = Counter(needed), []
    for request in asked:
        if not missing.total():
            break
        if missing[request]:
            missing[request] -= 1
        else:
            beside.append(request)
    assert not missing.total()
    return beside


def whole_at(output: Output, bills: Sequence[str]) -> int:
    """The place among the messages of the first state that says that all of the bills is read."""
    last = {state["stream"]["stream_descriptor"]["name"]: state["stream"] for state in output.states}
    places: dict[str, int] = {}
    for place, message in enumerate(output.messages):
        if message["type"] == "STATE":
            state = message["state"]["stream"]
            name = state["stream_descriptor"]["name"]
            if name in bills and state == last[name]:
                places.setdefault(name, place)
    return max(places[bill] for bill in bills)


@pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.name for vendor in VENDORS])
def test_the_bill_is_whole_before_anything_is_asked_for_that_it_does_not_need(
    vendor: type[Vendor], tmp_path: Path
) -> None:
    block = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())[vendor.name]
    found = [*credentials(vendor, block)]
    assert found
    for credential in found:
        _, needed = read(credential.bills, vendor.name, tmp_path)
        output, asked = read(credential.all, vendor.name, tmp_path)
        assert needless(asked, needed) == []
        first = {
            message["record"]["stream"]
            for message in output.messages[: whole_at(output, credential.bills)]
            if message["type"] == "RECORD"
        }
        assert first <= credential.sharing
