"""The three owners of an error: the user, time, the vendor. A fourth is the machine."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from socket import gaierror
from typing import Any

from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from source_unified_usage.core.masking import shortened


class SourceError(AirbyteTracedException):
    """One sentence for the person who must act. `status` and `vendor_message` are the vendor's, where it answered."""

    kind = FailureType.system_error

    def __init__(self, sentence: str, *, status: int | None = None, vendor_message: str = "") -> None:
        sentence = filter_secrets(sentence)
        super().__init__(message=sentence, internal_message=sentence, failure_type=self.kind)
        self.status, self.vendor_message = status, vendor_message

    def __repr__(self) -> str:
        return str(self)

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        """Without a stack trace: the sentence says it all."""
        message = super().as_airbyte_message(stream_descriptor)
        assert message.trace and message.trace.error
        message.trace.error.stack_trace = None
        return message


class ConfigError(SourceError):
    """The user can fix it; trying again does not help."""

    kind = FailureType.config_error


class KeyRefused(ConfigError):
    """The credential itself is refused: every stream that uses it stops."""


class Unavailable(SourceError):
    """A temporary failure: the next sync tries again."""

    kind = FailureType.transient_error


class BrokenContract(SourceError):
    """The vendor's answer contradicts its documentation."""


class Defect(SourceError):
    """A mistake in this source, whatever the vendor sent: only its developers can fix it."""


# RecursionError: nested deeper than anything that is documented
UNMAPPABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError)


class Unmappable(Exception):
    """A row without what a record needs; the reading names it in a BrokenContract. Of an item only its row is shown."""

    def __init__(self, item: Any, reason: Exception) -> None:
        super().__init__(item, reason)
        self.row, self.reason = getattr(item, "row", item), reason


@contextmanager
def mapping(row: Any) -> Iterator[None]:
    """Within the block, an error in reading the row becomes an Unmappable that carries the row."""
    try:
        yield
    except UNMAPPABLE as error:
        raise Unmappable(row, error) from error


class Malformed(Exception):
    """A record that is wrong whatever the vendor's row holds; the reading raises it as a Defect."""


class Crowded(Exception):
    """A part of several days has more rows, or bytes, than may be held at once; it is asked for in shorter ones."""


def reason_of(error: Exception) -> str:
    """The message of one of UNMAPPABLE, in one line and shortened."""
    said = f"no {error}" if isinstance(error, KeyError) else str(error)
    return shortened(said, 200)


_FEWER = "or read fewer streams at once"
_OPEN_FILES = f"Too many open files: raise the limit (ulimit -n) {_FEWER}."
_NO_MEMORY = f"Out of memory: give the source more {_FEWER}."
_DISK_FULL = "The disk is full: free space where temporary files go (TMPDIR)."
_SCARCE = {
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
    errno.ENOMEM: _NO_MEMORY,
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
}


def _no_file_opens() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return _SCARCE.get(error.errno or 0) == _OPEN_FILES
    return False


def ran_out(error: BaseException) -> SourceError | None:
    """The error for a resource that the machine has run out of: files, memory, disk, threads. None for other errors.

    The causes of an error count too: a connection error may come from a file that could not be opened.
    """
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.errno in _SCARCE:
            return SourceError(_SCARCE[inner.errno])
        if isinstance(inner, gaierror) and _no_file_opens():  # a resolver without files says that the host is unknown
            return SourceError(_OPEN_FILES)
        if isinstance(inner, RuntimeError) and "can't start new thread" in str(inner):
            return SourceError(f"No further thread can be started: raise the limit (ulimit -u, memory) {_FEWER}.")
        if isinstance(inner, JSONDecodeError) and "Not enough memory" in inner.msg:  # as orjson says it
            return SourceError(_NO_MEMORY)
        if isinstance(inner, MemoryError):
            return SourceError(_NO_MEMORY)
        inner = inner.__cause__ or inner.__context__
    return None
