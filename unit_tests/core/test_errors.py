"""Errors of the machine: each is reported as what it is, however deep it is wrapped."""

import errno
import os
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests
from pendulum import datetime
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import SourceError, ran_out
from source_unified_usage.core.json_body import parse
from source_unified_usage.core.reading import StreamReading, WindowPartition
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import Window

OPEN_FILES = "Too many open files: raise the limit (ulimit -n) or read fewer streams at once."
NO_MEMORY = "Out of memory: give the source more or read fewer streams at once."
NO_THREAD = "No further thread can be started: raise the limit (ulimit -u, memory) or read fewer streams at once."
DISK_FULL = "The disk is full: free space where temporary files go (TMPDIR)."


def of(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def refused_for(cause: OSError) -> requests.ConnectionError:
    """As requests and urllib3 wrap it."""
    pool = HTTPConnectionPool("localhost")
    try:
        try:
            try:
                raise cause
            except OSError as error:
                raise NewConnectionError(pool, f"Failed to establish a new connection: {error}") from error  # type: ignore[arg-type]
        except NewConnectionError as error:
            raise MaxRetryError(pool, "/", error) from error
    except MaxRetryError as error:
        try:
            raise requests.ConnectionError(error)
        except requests.ConnectionError as error:
            return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (of(errno.EMFILE), OPEN_FILES),
        (of(errno.ENFILE), OPEN_FILES),
        (refused_for(of(errno.EMFILE)), OPEN_FILES),
        (of(errno.ENOMEM), NO_MEMORY),
        (MemoryError(), NO_MEMORY),
        (orjson.JSONDecodeError("Not enough memory to allocate buffer for parsing", "", 0), NO_MEMORY),
        (RuntimeError("can't start new thread"), NO_THREAD),
        (of(errno.ENOSPC), DISK_FULL),
    ],
)
def test_limits_of_the_machine(error: Exception, sentence: str) -> None:
    assert str(ran_out(error)) == sentence


@pytest.mark.parametrize(
    "error",
    [
        refused_for(of(errno.ECONNREFUSED)),
        ValueError("Not enough memory, says the vendor"),
        orjson.JSONDecodeError("unexpected character", "", 0),
        RuntimeError("something else"),
    ],
)
def test_any_other_error(error: Exception) -> None:
    assert ran_out(error) is None


class Acme(Api):
    title = "Acme"


def api() -> Acme:
    return Acme("http://localhost:9", Credential("acme.api_key", {}))


class Greedy(UsageStream):
    name = "acme_usage"
    role = "bill"

    def __init__(self, error: Exception) -> None:
        super().__init__(api())
        self._error = error

    def rows(self, window: Window) -> Iterator[Any]:
        raise self._error
        yield


@pytest.mark.parametrize(("error", "sentence"), [(MemoryError(), NO_MEMORY), (of(errno.EMFILE), OPEN_FILES)])
def test_a_stream_ends_with_the_sentence(error: Exception, sentence: str) -> None:
    day = Window(datetime(2026, 9, 1), datetime(2026, 9, 2))
    reading = StreamReading(Greedy(error), closed=day.end, as_bytes=True)
    list(WindowPartition(reading, day).read())
    assert isinstance(reading.failure, SourceError)
    assert str(reading.failure).startswith(sentence)


def test_the_request_is_not_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor is not to blame, and waiting for minutes does not help."""
    asked = []

    def request(*_: object, **__: object) -> None:
        asked.append(1)
        raise refused_for(of(errno.EMFILE))

    monkeypatch.setattr(requests.Session, "request", request)
    with pytest.raises(SourceError) as raised:
        api().get("/usage")
    assert (str(raised.value), asked) == (OPEN_FILES, [1])


def test_a_body_that_the_parser_has_no_memory_for_is_no_broken_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(_: bytes) -> None:
        raise orjson.JSONDecodeError("Not enough memory to allocate buffer for parsing", "", 0)

    monkeypatch.setattr(orjson, "loads", loads)
    with pytest.raises(SourceError) as raised:
        parse(b"{}")
    assert str(raised.value) == NO_MEMORY
