"""Answers that are endless or very slow, from a server on a real socket."""

import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from source_unified_usage.core import clock, transport
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import BrokenContract, Crowded, Unavailable
from source_unified_usage.core.transport import room_for


class Acme(Api):
    title = "Acme"


@contextmanager
def serving(play: Callable[[socket.socket], None]) -> Iterator[Acme]:
    """A server that does this on every connection after the request has come."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    play(connection)
                except OSError:
                    pass  # the client has gone

    threading.Thread(target=serve, daemon=True).start()
    try:
        api = Acme(f"http://127.0.0.1:{server.getsockname()[1]}", Credential("acme.api_key", {"X-Key": "key-12345678"}))
        yield api.for_stream("acme_costs")
    finally:
        server.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every reading of the clock moves it ten seconds forward. Waits are noted, not waited."""
    waits: list[float] = []
    seconds = itertools.count(0.0, 10.0)
    monkeypatch.setattr(clock, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(clock, "sleep", waits.append)
    return waits


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"1")


def continuing(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("play", [dripping, continuing])
def test_a_slow_answer_is_given_up(play: Callable[[socket.socket], None], hurried: list[float]) -> None:
    with serving(play) as api, pytest.raises(Unavailable) as caught:
        api.get("/costs")
    assert "Acme, stream acme_costs, /costs: no usable answer" in str(caught.value)
    assert "the answer was not whole after 240 s" in str(caught.value)
    assert len(hurried) == 1  # the second try goes beyond the five minutes of a failure


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def bomb(connection: socket.socket) -> None:
    body = gzip.compress(b" " * (64 << 20))
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.mark.parametrize("play", [endless, bomb])
def test_a_body_that_is_too_large_is_refused(
    play: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 32 << 20)
    with serving(play) as api, pytest.raises(BrokenContract, match="more than 256 MB; no page of it is that large"):
        api.get("/costs")


def test_answers_together_have_no_more_room_than_there_is() -> None:
    def answering(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{" + b" " * 98 + b"}")

    with serving(answering) as api:
        for room, answers in ((99, 0), (100, 1), (199, 1), (200, 2)):
            with room_for(room):
                for _ in range(answers):
                    assert api.get("/costs").body == {}
                with pytest.raises(Crowded):
                    api.get("/costs")
        assert api.get("/costs").body == {}
    with serving(endless) as api, room_for(1 << 20), pytest.raises(Crowded):
        api.get("/costs")


def test_the_body_of_an_error_is_read_to_a_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    def verbose(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with serving(verbose) as api, pytest.raises(Exception, match='403 "Forbidden"'):
        api.get("/costs")


def test_a_whole_answer_comes_as_it_is() -> None:
    def answering(connection: socket.socket) -> None:
        body = b'{"data": [{"a": "\xff"}]}'
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for byte in body:
            connection.sendall(bytes([byte]))

    with serving(answering) as api:
        assert api.get("/costs").rows("data") == [{"a": "\ufffd"}]
