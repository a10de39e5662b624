"""Proxies and certificates as this machine is set up: which ones a request uses, and what is wrong with them."""

import os
import re
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import parse_url

from source_unified_usage.core.errors import ran_out

# Requests looks at the first two, in this order. Everything that uses OpenSSL looks at the third.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_TEMPORARY = {408, 425, 429}
# https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64


class Proxy(NamedTuple):
    """A proxy: the variable that names it, and its host and port ("" when the variable holds no address)."""

    variable: str
    place: str

    def __str__(self) -> str:
        return f"the proxy {self.place} of {self.variable}"


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def proxies_for(url: str) -> dict[str, str]:
    """Settings for Requests beside those of the environment: this machine itself is never reached through a proxy."""
    host = urlsplit(url).hostname
    return {"no_proxy": host} if host and is_loopback(host) else {}


def proxy_for(url: str) -> Proxy | None:
    """The proxy that a request to `url` goes through."""
    scheme = urlsplit(url).scheme
    if is_loopback(urlsplit(url).hostname):
        return None
    address = select_proxy(url, get_environ_proxies(url))
    if not address:
        return None
    names = {f"{scheme}_proxy", "all_proxy"}
    variable = next((name for name, value in os.environ.items() if name.lower() in names and value == address), "")
    return Proxy(variable or "the system's settings", _place(address))


def authorities() -> str | bool:
    """The file that SSL_CERT_FILE names, else True, which means the certificates that are installed with Requests."""
    return os.environ.get("SSL_CERT_FILE") or True


def setup_fault(error: Exception, url: str) -> str:
    """What the user must change on this machine, when that is why there was no answer; empty for other reasons."""
    chain = list(_chain(error))
    of_files = isinstance(error, requests.exceptions.SSLError) or not isinstance(error, requests.RequestException)
    if of_files and (fault := _authorities_fault(chain)):
        return fault
    proxy = proxy_for(url)
    if proxy and (fault := _proxy_fault(error, chain, proxy)):
        return fault
    at_proxy = proxy and isinstance(error, requests.exceptions.ProxyError)
    host = str(proxy) if at_proxy else urlsplit(url).hostname
    return next((_untrusted(cause, host) for cause in chain if isinstance(cause, ssl.SSLCertVerificationError)), "")


def tunnel_status(error: BaseException) -> int | None:
    """The status with which a proxy refused to connect to the vendor."""
    found = next(filter(None, (_TUNNEL_REFUSED.search(str(cause)) for cause in _chain(error))), None)
    return int(found[1]) if found else None


def _authorities() -> tuple[str, str] | None:
    """The variable that names a file with certificates, and the file."""
    return next(((name, path) for name in _CA_VARIABLES if (path := os.environ.get(name))), None)


def _authorities_fault(chain: list[BaseException]) -> str:
    if not (found := _authorities()):
        return ""
    variable, path = found
    remedy = "Set it to a PEM file with the certificates to trust, or unset it"
    if not os.path.exists(path):
        return f"{variable} names {path}, which does not exist. {remedy}."
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain) or os.path.isdir(path):
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return f"{variable} names {path}, which holds no certificates. {remedy}."
    except OSError as error:
        return "" if ran_out(error) else f"{variable} names {path}, which cannot be read ({error.strerror}). {remedy}."
    return ""


def _proxy_fault(error: Exception, chain: list[BaseException], proxy: Proxy) -> str:
    if not proxy.place:
        return f"{proxy.variable} is no address of a proxy. Write it as http://host:port."  # ignore-https-check
    if not isinstance(error, requests.exceptions.ProxyError):
        return ""
    status = tunnel_status(error)
    if status == 407:
        return f"407, {_wants_password(proxy)}"
    if status and 400 <= status < 500 and status not in _TEMPORARY:
        return f"{proxy} refuses to connect to the vendor ({status}). Allow it there, or add its host to NO_PROXY."
    if any(isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in chain):
        return f"{proxy} cannot be reached. Correct {proxy.variable}, or unset it if no proxy is needed."
    if any("WRONG_VERSION_NUMBER" in str(cause) for cause in chain):
        return f"{proxy} does not speak TLS. Write its address with http:// instead of https://."  # ignore-https-check
    return ""


def password_wanted(url: str) -> str:
    """What to do about a 407 that answers a request to `url`."""
    proxy = proxy_for(url)
    said = _wants_password(proxy) if proxy else f"a proxy at {url} wants a user and a password."
    return said[0].upper() + said[1:]


def _wants_password(proxy: Proxy) -> str:
    address = f"http://user:password@{proxy.place}"  # ignore-https-check
    return f"{proxy} wants another user and password. Write them as {address}."


def _untrusted(error: ssl.SSLCertVerificationError, host: str | None) -> str:
    if error.verify_code == _EXPIRED:
        return f"the TLS certificate of {host} has expired. If it is a new one, correct this machine's clock."
    if error.verify_code == _NOT_YET_VALID:
        return f"the TLS certificate of {host} is not valid yet. Correct this machine's clock."
    if error.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        return f"the TLS certificate is of another host than {host}. Check base_url and the proxies on the way."
    found = _authorities()
    remedy = (
        f"Add the certificates of your company to {found[1]}, which {found[0]} names"
        if found
        else "Set REQUESTS_CA_BUNDLE to the file with the certificates of your company"
    )
    return f"the TLS certificate of {host} is of an issuer that is not trusted ({error.verify_message}). {remedy}."


def _place(address: str) -> str:
    """Host and port of a proxy's address."""
    try:
        parts = parse_url(address if "://" in address else f"http://{address}")  # ignore-https-check
    except ValueError:
        return ""
    return (parts.netloc or "") if parts.scheme in ("http", "https") and parts.host else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes, which Requests and urllib3 keep in the arguments of their errors, too."""
    waiting, seen = [error], set[int]()
    while waiting:
        inner = waiting.pop(0)
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        yield inner
        further = (inner.__cause__, inner.__context__, getattr(inner, "reason", None), *inner.args)
        waiting += [cause for cause in further if isinstance(cause, BaseException)]
