"""Vendors that answer anything: the samples' answers with wild values, read the way a sync reads a window."""

import importlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import orjson
import pendulum
import requests_mock
from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

from source_unified_usage.core import clock
from source_unified_usage.core.pages import RecordPage
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.reading import StreamReading, WindowPartition
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import Window
from source_unified_usage.vendors import VENDORS
from unit_tests.vendors.edits import Reply
from unit_tests.vendors.samples import Case, FileRows, sample, stream_of, window

NOW = {"datadog": pendulum.datetime(2025, 8, 14, 9, 30)}
MOST_REQUESTS = 150
BACKGROUND = "key names"  # the name of OpenAI's threads
SECRET_OPTIONS = ("key", "secret", "token")


class Endless(BaseException):
    """More requests than any answer justifies; nothing may swallow it."""


@dataclass(frozen=True, eq=False)
class WildCase:
    """A mapping case with its answers as JSON, by request."""

    vendor: str
    case: Case
    config: Mapping[str, Any]
    answers: Mapping[str, Sequence[Any]]

    def __str__(self) -> str:
        return f"{self.vendor}-{self.case}"

    @property
    def secrets(self) -> list[str]:
        return [value for name, value in _leaves(self.config) if name.endswith(SECRET_OPTIONS)]

    def stream(self) -> UsageStream:
        return stream_of(self.vendor, self.config, self.case.stream)


@dataclass
class Outcome:
    """What one window came to."""

    records: list[dict[str, Any]]
    failure: Exception | None
    requests: int


@cache
def wild_cases() -> list[WildCase]:
    """Every mapping case of every vendor."""
    found = []
    for vendor in (vendor.name for vendor in VENDORS):
        module = importlib.import_module(f"unit_tests.vendors.{vendor}.test_{vendor}_mapping")
        for case in module.CASES:
            answers = {
                path: [sample(vendor, body) if isinstance(body, str) else body for body in bodies]
                for path, bodies in case.answers.items()
            }
            found.append(WildCase(vendor, case, {**module.CONFIG, **case.config}, answers))
    return found


@dataclass
class Asked:
    """A stream whose vendor answers, and the window to read of it."""

    stream: UsageStream
    window: Window
    now: pendulum.DateTime
    served: dict[str, int]


@contextmanager
def answering(wild: WildCase, answers: Mapping[str, Sequence[Any]]) -> Iterator[Asked]:
    """For the block the vendor answers so, without waiting; Endless when requests do not end."""
    update_secrets([*wild.secrets])
    served: dict[str, int] = {}

    def answer(request: Any, context: Any) -> bytes:
        served["all"] = count = served.get("all", 0) + 1
        if count > MOST_REQUESTS:
            raise Endless(f"{count} requests, the last one {request.method} {request.url}")
        key = f"{request.method} {request.path_url.partition('?')[0]}"
        bodies = answers.get(key, ())
        if not bodies:
            context.status_code = 404
            return b'{"error": {"message": "not here"}}'
        at = served.get(key, 0)
        served[key] = at + 1
        body = bodies[min(at, len(bodies) - 1)]
        if isinstance(body, Reply):
            context.status_code = body.status
            context.headers.update(body.headers)
            return body.content
        return body.encode() if isinstance(body, FileRows) else orjson.dumps(body)

    now = NOW.get(wild.vendor, pendulum.datetime(2026, 9, 22, 9, 30))
    with _standing(now), requests_mock.Mocker() as server:
        server.register_uri(requests_mock.ANY, re.compile("^https://"), content=answer)
        stream = wild.stream()
        asked = Window(now, now) if stream.grain == "snapshot" else window(wild.case.start, wild.case.end)
        stream.windows = [asked]
        yield Asked(stream, asked, now, served)
        _joined()


def read(wild: WildCase, answers: Mapping[str, Sequence[Any]]) -> Outcome:
    """One window, read as the core reads it."""
    with answering(wild, answers) as asked:
        reading = StreamReading(asked.stream, closed=asked.now, as_bytes=True)
        records: list[dict[str, Any]] = []
        for item in WindowPartition(reading, asked.window).read():
            if isinstance(item, RecordPage):
                records += [orjson.loads(line)["record"]["data"] for line in item.lines.splitlines()]
            else:
                records.append(orjson.loads(orjson.dumps(item.data)))
    return Outcome(records, reading.failure, asked.served.get("all", 0))


def _joined() -> None:
    """Names that are still read in the background: their requests and their waits belong to this case, not the next."""
    for thread in threading.enumerate():
        if thread.name == BACKGROUND:
            thread.join(timeout=60)


@contextmanager
def _standing(now: pendulum.DateTime) -> Iterator[None]:
    """Time goes on only by what is waited, and no budget holds a request back."""
    at = [now]

    def sleep(seconds: float) -> None:
        assert seconds >= 0
        at[0] = at[0].add(seconds=seconds)

    with (
        patch.object(clock, "sleep", sleep),
        patch.object(clock, "now", lambda: at[0]),
        patch.object(clock, "monotonic", lambda: at[0].timestamp()),
        patch.object(RateLimit, "take", lambda *_: 0.0),
    ):
        yield


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, key)
    elif isinstance(value, str):
        yield name, value
