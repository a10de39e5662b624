"""The bill of every credential is whole before anything else is asked for, counted in requests, whatever they take."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests.harness import NOW, Output, Source, sandbox_config
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
    sharing: Collection[str]
    all: Sequence[str]


def credentials(vendor: type[Vendor], block: dict[str, Any]) -> Iterator[Credential]:
    """Those that read a bill."""
    queues: dict[int, list[UsageStream]] = {}
    streams = vendor(block).streams()
    for stream in streams:
        stream.plan(Range(START, None, False, clock_now()), Covered())
        queues.setdefault(id(stream.api.window_queue), []).append(stream)
    for found in queues.values():
        bills = [stream for stream in found if stream.role == "bill"]
        questions = {question for bill in bills for question in bill.questions()}
        sharing = {stream.name for stream in found if not questions.isdisjoint(stream.questions())}
        if bills:
            yield Credential([bill.name for bill in bills], sharing, [stream.name for stream in found])
