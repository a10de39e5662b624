"""An id from the config or from a vendor is one segment of a path, whatever it contains."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.paths import path


class Acme(Api):
    title = "Acme"


@pytest.mark.parametrize("id", ["../keys", "a?b=c", "a#b", "a%2Fb", "a/b", "..\\keys", "é x", "%2E%2E"])
def test_the_path_that_arrives_has_the_id_in_one_segment(id: str) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    lines: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            lines.append(connection.recv(65536).split(b"\r\n")[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    Acme(f"http://127.0.0.1:{server.getsockname()[1]}", Credential("acme.key", {})).get(
        path("v1", "projects", id, "keys")
    )
    thread.join()
    server.close()
    arrived = lines[0].split()[1].decode()
    assert arrived.count("/") == 4
    assert arrived.startswith("/v1/projects/")
    assert arrived.endswith("/keys")
    assert "?" not in arrived


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_any_text_stays_one_segment(text: str) -> None:
    assert path("v1", text).count("/") == 2


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_what_no_encoding_holds_is_refused(id: str) -> None:
    with pytest.raises(ConfigError, match="is no id that a request can name"):
        path("v1", id)
