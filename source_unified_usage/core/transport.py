"""One try of one request, with a limit on the time and on the size of the answer."""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import IO, Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from source_unified_usage import __version__
from source_unified_usage.core import clock
from source_unified_usage.core.errors import Crowded
from source_unified_usage.core.network import authorities

# The largest pages that any vendor documents have some 10 MB.
MOST_BYTES = 256 << 20
MOST_BYTES_OF_AN_ERROR = 1 << 20
# Compressed bytes taken at once: 64 KB of gzip inflate to 66 MB at most, where urllib3 (below 2.6) has no bound itself.
_CHUNK = 1 << 16
_IN_MEMORY = 8 << 20  # of a file; the rest is on the disk
_USER_AGENT = f"source-unified-usage/{__version__} (https://github.com/source-unified-usage/source-unified-usage)"

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))
_room: ContextVar[float] = ContextVar("room", default=float("inf"))


class TooLarge(Exception):
    """A body beyond MOST_BYTES."""


class TooSlow(requests.Timeout):
    """An answer that began, but was not complete in time."""


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Within the block, an answer must be complete in time. Raises TooSlow when it is not, even if bytes still come."""
    deadline = clock.monotonic() + seconds
    before = _deadline.set(deadline)
    try:
        yield
    except requests.RequestException as error:
        if clock.monotonic() <= deadline:
            raise
        raise TooSlow(f"the answer was not whole after {seconds:.0f} s") from error
    finally:
        _deadline.reset(before)


@contextmanager
def room_for(size: float) -> Iterator[None]:
    """Within the block, all answers together have so many bytes at most. Raises Crowded when more come.

    For answers whose days are chosen before anybody knows how large they are: once parsed they take several times the
    memory of their text.
    """
    before = _room.set(size)
    try:
        yield
    finally:
        _room.reset(before)


def body_of(answer: requests.Response) -> bytes:
    """The body, decompressed, also as `answer.content`. Of an error only the beginning is read.

    Raises TooLarge or Crowded.
    """
    most = MOST_BYTES if answer.ok else MOST_BYTES_OF_AN_ERROR
    room = _room.get()
    chunks: list[bytes] = []
    size = 0
    for chunk in answer.iter_content(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > room and answer.ok:
            answer.close()
            raise Crowded
        if size > most:
            answer.close()
            if answer.ok:
                raise TooLarge
            break
    if answer.ok:
        _room.set(room - size)
    answer._content = b"".join(chunks)[:most]
    return answer._content


def file_of(answer: requests.Response) -> IO[bytes]:
    """The body, inflated, as a file at its beginning, which nobody else sees. Raises TooLarge."""
    file = cast(IO[bytes], tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - the reader closes it
    try:
        for chunk in answer.iter_content(_CHUNK):
            file.write(chunk)
            if file.tell() > MOST_BYTES:
                raise TooLarge
    except BaseException:
        file.close()
        raise
    finally:
        answer.close()
    file.seek(0)
    return file


def new_session(auth: Callable[[requests.PreparedRequest], requests.PreparedRequest]) -> requests.Session:
    """A connection of its own, with the user's certificates, on which every request is signed by `auth`."""
    session = requests.Session()
    session.auth = auth
    session.verify = authorities()
    for scheme in ("http", "https"):
        session.mount(f"{scheme}://", Adapter())
    session.headers["User-Agent"] = _USER_AGENT
    return session


class Adapter(HTTPAdapter):
    """Requests' own adapter, with connections that keep the deadline of `answer_within`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _TIMED_POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Raises InvalidProxyURL for SOCKS: where PySocks is installed Requests would take pools that are not timed."""
        if proxy.lower().startswith("socks"):
            raise requests.exceptions.InvalidProxyURL("a SOCKS proxy")
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _TIMED_POOLS
        return manager


class _TimedReader(io.RawIOBase):
    """A socket's bytes until the deadline. The socket's own time-out begins again with every byte, so is not enough."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        if clock.monotonic() > _deadline.get():
            raise TimeoutError("the time for one answer is over")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _TimedResponse(HTTPResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach()))


class _TimedHttp(HTTPConnection):
    response_class = _TimedResponse


class _TimedHttps(HTTPSConnection):
    response_class = _TimedResponse


class _TimedHttpPool(HTTPConnectionPool):
    ConnectionCls = _TimedHttp


class _TimedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHttps


_TIMED_POOLS = {"http": _TimedHttpPool, "https": _TimedHttpsPool}
