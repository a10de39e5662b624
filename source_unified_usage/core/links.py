"""Files behind signed links: the link itself is the permission, so no credential goes along and nobody may see it."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from typing import IO
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from source_unified_usage.core import clock
from source_unified_usage.core.api import Api
from source_unified_usage.core.errors import BrokenContract, ConfigError, Unavailable, ran_out
from source_unified_usage.core.messages import network_message
from source_unified_usage.core.network import is_loopback, proxies_for, setup_fault
from source_unified_usage.core.retry import Backoff, Failure, retry_after
from source_unified_usage.core.row_files import Reader
from source_unified_usage.core.transport import MOST_BYTES, TooLarge, answer_within, file_of, new_session
from source_unified_usage.core.usage import Row

_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_PASSES_BY_ITSELF = {408, 409, 425, 429}

# Its lines hold whole URLs, and the query of a signed one is a credential.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class LinkExpired(Unavailable):
    """The link is no longer good; a new one may be."""


class Links:
    """Reads the files of one stream's vendor.

    A link, and every redirect, leads by https to one of `hosts` (`*.` stands for any subdomain); where the API itself
    is on a loopback host, also to that host and port.
    """

    def __init__(self, api: Api, hosts: Collection[str]) -> None:
        self._api, self._hosts = api, hosts
        self._session = new_session(_nobody)

    def rows(self, links: Callable[[], Sequence[str]], reader: Reader) -> Iterator[Row]:
        """The rows of the files that `links` names, which is asked once more where a link has expired.

        All files have come whole, and were read through, before the first row is given: no row comes twice, none is
        read half by old and half by new links. Raises LinkExpired, BrokenContract, ConfigError or Unavailable, none of
        which shows a link.
        """
        with ExitStack() as opened:
            try:
                files = [opened.enter_context(self._whole(url, reader)) for url in links()]
            except LinkExpired:
                fresh = links()
                if not fresh:  # what the vendor had a moment ago is not nothing
                    raise
                files = [opened.enter_context(self._whole(url, reader)) for url in fresh]
            for file in files:
                yield from reader(file)

    def _whole(self, url: str, reader: Reader) -> IO[bytes]:
        api = self._api
        source = f"{api.title}, stream {api.stream}, a file at {_host(url)}"
        waits = Backoff(api.retry_policy)
        while True:
            began = clock.monotonic()
            try:
                found = self._try(source, url, reader)
            except TooLarge:
                raise BrokenContract(f"{source}: it has more than {MOST_BYTES >> 20} MB.") from None
            except (OSError, ValueError) as error:  # ValueError: a Location header that is no URL
                if spent := ran_out(error):
                    raise spent from None
                if fault := setup_fault(error, url):
                    raise ConfigError(f"{source}: {fault}") from None
                found = Failure(network_message(error))
            if not isinstance(found, Failure):
                return found
            took = clock.monotonic() - began
            wait = waits.next(limited=found.limited, retry_after=found.retry_after, took=took)
            if wait is None:
                raise Unavailable(f"{source}: no usable file, {found.said}. The next sync tries again.")
            api.stats.wait(wait, f"then reading a file of {api.title} again after: {found.said}")
            clock.sleep(wait)

    def _try(self, source: str, url: str, reader: Reader) -> "IO[bytes] | Failure":
        with answer_within(self._api.retry_policy.deadline):
            answer = self._followed(source, url)
            if answer.status_code == 200:
                return _checked(file_of(answer), reader)
        answer.close()
        status = answer.status_code
        said = f"{status} {answer.reason or ''}".strip()
        if 400 <= status < 500 and status not in _PASSES_BY_ITSELF:
            raise LinkExpired(
                f"{source}: {said}. The link is no longer good. The next sync tries again.", status=status
            )
        limited = status == 429
        wait = retry_after(answer.headers, limited=limited)
        return Failure(said, status=status, limited=limited, retry_after=wait)

    def _followed(self, source: str, url: str) -> requests.Response:
        """The answer at the end of the redirects."""
        for _ in range(_MOST_REDIRECTS + 1):
            if not self._permitted(url):
                raise BrokenContract(
                    f"{source}: the vendor leads to {_host(url) or 'another place'}, where it keeps no files."
                )
            self._api.stats.requests += 1
            answer = self._session.get(
                url,
                timeout=self._api.retry_policy.timeout,
                allow_redirects=False,
                proxies=proxies_for(url),
                stream=True,
            )
            place = answer.headers.get("Location")
            if answer.status_code not in _REDIRECTS or not place:
                return answer
            answer.close()
            url = urljoin(url, place)
        raise BrokenContract(f"{source}: more than {_MOST_REDIRECTS} redirects.")

    def _permitted(self, url: str) -> bool:
        parts, base = _parts(url), urlsplit(self._api.base_url)
        if parts is None or "@" in parts.netloc:
            return False
        host = parts.hostname or ""
        if is_loopback(base.hostname) and parts.netloc.lower() == base.netloc.lower():
            return parts.scheme in ("http", base.scheme)
        known = any(fnmatchcase(host, pattern) for pattern in self._hosts)
        return known and parts.scheme == "https" and parts.port in (None, 443)


def _checked(file: IO[bytes], reader: Reader) -> IO[bytes] | Failure:
    try:
        for _ in reader(file):
            pass
    except ValueError as error:
        file.close()
        return Failure(f"the file is not whole ({error})")
    file.seek(0)
    return file


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credential; without this Requests would take one of the user's .netrc."""
    return request


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def _host(url: str) -> str:
    parts = _parts(url)
    return (parts.hostname or "") if parts else ""
