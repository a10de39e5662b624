"""Proxies and certificates of real, local servers: a fault is reported at once, with the variable."""

import errno
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from requests.utils import select_proxy

from source_unified_usage.core import clock
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import ConfigError, SourceError, Unavailable
from source_unified_usage.core.network import is_loopback, proxies_for, setup_fault
from source_unified_usage.core.retry import CHECK_RETRIES

FAR = "https://api.example.invalid"  # resolves nowhere, so that nothing leaves this machine
NOWHERE = "127.0.0.1:9"
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Acme(Api):
    title = "Acme"


class Handler(BaseHTTPRequestHandler):
    """An API and a proxy. `status` is the proxy's answer to CONNECT, `asked` collects what was asked."""

    server: Any

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def server(status: int = 200, certificate: Path | None = None, host: str = "127.0.0.1") -> Iterator[Any]:
    running: Any = ThreadingHTTPServer((host, 0), Handler)
    running.status, running.asked = status, []
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        running.socket = context.wrap_socket(running.socket, server_side=True)
        running.handle_error = lambda *_: None  # the client hangs up on a certificate that it does not trust
    thread = Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def certificate(path: Path, host: str = "localhost", days: tuple[int, int] = (-1, 1)) -> Path:
    """A self-signed certificate with its key, valid between these days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No settings but the test's own. The waits that would have happened."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in VARIABLES:
            monkeypatch.delenv(name)
    waits: list[float] = []
    monkeypatch.setattr(clock, "sleep", waits.append)
    return waits


def api(url: str = FAR) -> Acme:
    return Acme(url, Credential("acme.api_key", {})).for_check()


def refusal(url: str = FAR) -> str:
    """The sentence of a config error without retries."""
    acme = api(url)
    with pytest.raises(ConfigError) as caught:
        acme.get("/usage")
    assert acme.stats.requests == 1
    start = "Acme, check, /usage: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


# --- files with certificates


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_file_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    assert refusal() == (
        f"{variable} names /nowhere/ca.pem, which does not exist. "
        f"Set it to a PEM file with the certificates to trust, or unset it."
    )


def test_a_file_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificates")
    monkeypatch.setenv("CURL_CA_BUNDLE", str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    with server(certificate=certificate(tmp_path / "server.pem")) as running:
        said = refusal(f"https://localhost:{running.server_port}")
    assert said.startswith(f"CURL_CA_BUNDLE names {file}, which holds no certificates.")


@pytest.mark.parametrize("variable", VARIABLES)
def test_certificates_of_each_variable_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    file = certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")  # the other two come first
    monkeypatch.setenv(variable, str(file))
    with server(certificate=file) as running:
        assert api(f"https://localhost:{running.server_port}").get("/usage").body == {}


def test_too_many_open_files_stay_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")

    def request(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(requests.Session, "request", request)
    with pytest.raises(SourceError, match="Too many open files"):
        api().get("/usage")


# --- certificates


def test_an_unknown_issuer(tmp_path: Path) -> None:
    with server(certificate=certificate(tmp_path / "server.pem")) as running:
        assert refusal(f"https://localhost:{running.server_port}") == (
            "the TLS certificate of localhost is of an issuer that is not trusted (self-signed certificate). "
            "Set REQUESTS_CA_BUNDLE to the file with the certificates of your company."
        )


def test_an_issuer_that_the_file_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = certificate(tmp_path / "other.pem", "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with server(certificate=certificate(tmp_path / "server.pem")) as running:
        said = refusal(f"https://localhost:{running.server_port}")
    assert said.endswith(f"Add the certificates of your company to {other}, which SSL_CERT_FILE names.")


@pytest.mark.parametrize(
    ("host", "days", "said"),
    [
        ("localhost", (-9, -1), "the TLS certificate of localhost has expired."),
        ("localhost", (2, 9), "the TLS certificate of localhost is not valid yet."),
        ("other.example", (-1, 1), "the TLS certificate is of another host than localhost."),
    ],
)
def test_a_certificate_that_is_not_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, days: tuple[int, int], said: str
) -> None:
    file = certificate(tmp_path / "server.pem", host, days)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with server(certificate=file) as running:
        assert refusal(f"https://localhost:{running.server_port}").startswith(said)


def test_a_certificate_of_another_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = certificate(tmp_path / "server.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with server(certificate=file) as running:
        said = refusal(f"https://127.0.0.1:{running.server_port}")
    assert said.startswith("the TLS certificate is of another host than 127.0.0.1.")


def test_other_failures_of_tls_are_retried(bare: list[float]) -> None:
    with server() as running, pytest.raises(Unavailable, match="the TLS connection failed"):
        api(f"https://localhost:{running.server_port}").get("/usage")
    assert bare


# --- proxies


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, f"http://user:pass-word@{NOWHERE}")
    assert refusal() == (
        f"the proxy {NOWHERE} of {variable} cannot be reached. Correct {variable}, or unset it if no proxy is needed."
    )


def test_a_proxy_whose_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example.invalid:3128")
    assert refusal().startswith("the proxy proxy.example.invalid:3128 of HTTPS_PROXY cannot be reached.")


@pytest.mark.parametrize("address", ["http://", "http://host:port", "socks5://127.0.0.1:9", "ftp://127.0.0.1:9"])
def test_what_is_no_address_of_a_proxy(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    assert refusal() == "HTTPS_PROXY is no address of a proxy. Write it as http://host:port."


def test_a_proxy_that_wants_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(407) as proxy:
        place = f"127.0.0.1:{proxy.server_port}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass-word@{place}")
        assert refusal() == (
            f"407, the proxy {place} of HTTPS_PROXY wants another user and password. "
            f"Write them as http://user:password@{place}."
        )
    assert proxy.asked == ["api.example.invalid:443"]


def test_a_proxy_that_refuses_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(403) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        assert "of HTTPS_PROXY refuses to connect to the vendor (403)" in refusal()


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_proxy_without_an_answer_is_retried(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with server(status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        with pytest.raises(Unavailable, match=f"the proxy answers {status}"):
            api().get("/usage")
    assert len(proxy.asked) == CHECK_RETRIES.max_attempts


def test_a_proxy_that_does_not_speak_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.server_port}")
        assert "of HTTPS_PROXY does not speak TLS. Write its address with http://" in refusal()


def test_the_certificate_of_a_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with server(certificate=certificate(tmp_path / "proxy.pem")) as proxy:
        place = f"localhost:{proxy.server_port}"
        monkeypatch.setenv("HTTPS_PROXY", f"https://{place}")
        assert refusal().startswith(f"the TLS certificate of the proxy {place} of HTTPS_PROXY is of an issuer that")


def test_hosts_of_no_proxy_are_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{NOWHERE}")
    monkeypatch.setenv("NO_PROXY", "example.invalid")
    with pytest.raises(Unavailable, match="the host name cannot be resolved"):
        api().get("/usage")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
def test_no_proxy_leads_to_loopback(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://{NOWHERE}")
    before = dict(os.environ)
    with server(host=host) as running:
        assert api(f"http://{host}:{running.server_port}").get("/usage").body == {}
    assert running.asked == ["/usage"]
    assert dict(os.environ) == before


def test_no_proxy_leads_to_the_loopback_of_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{NOWHERE}")
    url = "http://[::1]:8800/v1"
    used = requests.Session().merge_environment_settings(url, proxies_for(url), None, None, None)["proxies"]
    assert select_proxy(url, used) is None


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("localhost", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback(host: str | None, is_it: bool) -> None:
    assert is_loopback(host) is is_it


def test_an_address_in_an_answer_is_not_the_proxys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{NOWHERE}")
    assert setup_fault(requests.exceptions.InvalidURL("https://["), FAR) == ""
