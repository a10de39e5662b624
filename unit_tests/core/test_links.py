"""Files behind signed links: where they may be, what travels along, what is seen, and how they fail."""

import logging
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock

from source_unified_usage.core import transport
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import BrokenContract, Unavailable
from source_unified_usage.core.links import LinkExpired, Links
from source_unified_usage.core.row_files import csv_rows, ndjson_rows
from unit_tests.core.test_transport import Acme, dripping, hurried, serving

HOSTS = ("files.acme.example", "*.blob.example")
LINK = "https://files.acme.example/a.ndjson?sig=SECRETSIGNATURE"
ROW: dict[str, Any] = {"text": '{"a": 1}\n'}

__all__ = ["hurried"]  # a fixture of test_transport


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def api(base_url: str = "https://api.acme.example") -> Acme:
    return Acme(base_url, Credential("acme.key", {"Authorization": "Bearer key-12345678"})).for_stream("acme_usage")


def read(*urls: str, of: Acme | None = None) -> list[Any]:
    return list(Links(of or api(), HOSTS).rows(lambda: urls, ndjson_rows))


def test_no_credential_travels_along(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine files.acme.example login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.get(LINK, **ROW)
    assert read(LINK) == [{"a": 1}]
    assert server.last_request is not None
    assert "Authorization" not in server.last_request.headers


def test_every_redirect_is_followed_five_times_at_most(server: requests_mock.Mocker) -> None:
    hops = [f"https://x.blob.example/{hop}" for hop in range(6)]
    for hop, (one, next) in enumerate(zip([LINK, *hops], hops, strict=False)):
        server.get(one, status_code=(301, 302, 303, 307, 308, 302)[hop], headers={"Location": next.partition(":")[2]})
    server.get(hops[4], **ROW)
    assert read(LINK) == [{"a": 1}]
    assert all("Authorization" not in request.headers for request in server.request_history)
    assert len(server.request_history) == 6
    server.get(hops[4], status_code=302, headers={"Location": hops[5]})
    with pytest.raises(BrokenContract, match="more than 5 redirects"):
        read(LINK)


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/a?sig=SECRETSIGNATURE",
        "https://files.acme.example.evil.example/a",
        "https://blob.example/a",
        "http://files.acme.example/a",
        "https://files.acme.example:8443/a",
        "https://somebody:secret@files.acme.example/a",
        "http://localhost:8800/a",
        "ftp://files.acme.example/a",
        "file:///etc/passwd",
        "https://[",
        "https://files.acme.example:port/a",
        "",
    ],
)
def test_nothing_else_is_asked_for(server: requests_mock.Mocker, place: str) -> None:
    with pytest.raises(BrokenContract, match=r"Acme, stream acme_usage, a file at .*: the vendor leads to") as raised:
        read(place)
    assert not server.called
    assert "SECRET" not in str(raised.value)
    if place:
        server.get(LINK, status_code=302, headers={"Location": place})
        with pytest.raises((BrokenContract, Unavailable)) as later:
            read(LINK)
        assert {request.url for request in server.request_history} == {LINK}
        assert "SECRET" not in str(later.value)


@pytest.mark.parametrize("base_url", ["http://localhost:8800/acme", "http://127.0.0.1:8800"])
def test_a_loopback_api_has_its_files_there_too(server: requests_mock.Mocker, base_url: str) -> None:
    place = base_url.removesuffix("/acme")
    server.get(f"{place}/any/path", status_code=302, headers={"Location": "/other"})
    server.get(f"{place}/other", **ROW)
    assert read(f"{place}/any/path", of=api(base_url)) == [{"a": 1}]
    with pytest.raises(BrokenContract):
        read(place.replace("8800", "8801"), of=api(base_url))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_expired_link_is_asked_for_anew_once(server: requests_mock.Mocker, status: int) -> None:
    asked = 0

    def ask() -> Sequence[str]:
        nonlocal asked
        asked += 1
        return [LINK, f"https://files.acme.example/{asked}?sig=SECRETSIGNATURE"]

    server.get(LINK, **ROW)
    server.get("https://files.acme.example/1", status_code=status, text="<Error>AuthenticationFailed</Error>")
    server.get("https://files.acme.example/2", text='{"a": 2}\n')
    assert list(Links(api(), HOSTS).rows(ask, ndjson_rows)) == [{"a": 1}, {"a": 2}]
    assert asked == 2
    server.get("https://files.acme.example/3", status_code=status)
    server.get("https://files.acme.example/4", status_code=status)
    with pytest.raises(LinkExpired, match=f"a file at files.acme.example: {status}") as raised:
        list(Links(api(), HOSTS).rows(ask, ndjson_rows))
    assert asked == 4
    assert "SECRET" not in str(raised.value)


def test_a_file_that_is_cut_is_read_again_and_no_row_comes_twice(
    server: requests_mock.Mocker, waits: list[float]
) -> None:
    cut = {"text": '{"a": 1}\n{"a": '}
    broken = {"exc": requests.exceptions.ChunkedEncodingError("IncompleteRead(3 bytes)")}
    limited = {"status_code": 429, "headers": {"Retry-After": "9"}}
    server.get(LINK, [cut, broken, {"status_code": 503}, limited, {"text": '{"a": 1}\n{"a": 2}\n'}])
    assert read(LINK) == [{"a": 1}, {"a": 2}]
    assert len(waits) == 4
    assert waits[-1] == 9


def test_a_file_that_stays_cut_is_given_up(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    server.get(LINK, text="a,b\n1\n")
    with pytest.raises(Unavailable, match="no usable file, the file is not whole \\(line 2 has 1 fields") as raised:
        list(Links(api(), HOSTS).rows(lambda: [LINK], csv_rows))
    assert server.call_count == 6
    assert "SECRET" not in str(raised.value) + caplog.text


def test_the_network_shows_no_link_either(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    server.get(LINK, exc=requests.ConnectionError(f"Failed to resolve {LINK}"))
    with pytest.raises(Unavailable, match="the host name cannot be resolved") as raised:
        read(LINK)
    assert "SECRET" not in str(raised.value) + caplog.text


def test_no_line_of_a_library_shows_a_link(caplog: pytest.LogCaptureFixture) -> None:
    def odd(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nA header that is none\r\nContent-Length: 9\r\n\r\n" + b'{"a": 1}\n')

    caplog.set_level(logging.DEBUG)
    with serving(odd) as acme:
        assert read(f"{acme.base_url}/file?sig=SECRETSIGNATURE", of=acme) == [{"a": 1}]
    assert "SECRET" not in caplog.text


def test_a_file_has_a_bound(server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 1 << 20)
    server.get(LINK, text='{"a": 1}\n' * 200_000)
    with pytest.raises(BrokenContract, match="it has more than"):
        read(LINK)


def test_a_large_file_is_kept_on_the_disk(server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_IN_MEMORY", 16)
    server.get(LINK, text="".join(f'{{"a": {number}}}\n' for number in range(1000)))
    assert [row["a"] for row in read(LINK)] == [*range(1000)]


def test_no_file_lasts_for_ever(hurried: list[float]) -> None:
    with serving(dripping) as acme, pytest.raises(Unavailable, match="the answer was not whole after 240 s"):
        read(f"{acme.base_url}/file", of=acme)
