"""Streams that either key reads, each of its own organization: two keys, one stream."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.decision import stops
from source_unified_usage.core.errors import ConfigError, SourceError
from source_unified_usage.core.progress import logger
from source_unified_usage.core.scope import BOTH
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.claude.api import ClaudeApi
from source_unified_usage.vendors.claude.lookups import Lookups

Kind = Literal["enterprise", "console"]


class Reader:
    """One key, what names there are for its rows, and why it is not asked any more in this sync."""

    def __init__(self, kind: Kind, api: ClaudeApi, lookups: Lookups | None = None) -> None:
        self.kind, self.api, self.lookups = kind, api, lookups
        self.named: str | None = None
        self.stopped: SourceError | None = None
        self.answered = False
        self._failed_in_a_row = 0

    def for_stream(self, name: str) -> "Reader":
        return Reader(self.kind, self.api.for_stream(name), self.lookups)

    @property
    def organizations(self) -> set[str]:
        """Whose the key is, as headers and bodies spell it; empty while nothing tells."""
        return {id for id in (self.api.organization, self.named) if id}

    def failed(self, error: SourceError) -> None:
        """The same rule as for a stream whose windows fail."""
        self._failed_in_a_row += 1
        if stops(error, self._failed_in_a_row):
            self.stopped = error

    def succeeded(self) -> None:
        self.answered, self._failed_in_a_row = True, 0


class OrganizationsStream(UsageStream[ClaudeApi]):
    """One stream over one or two keys, the Analytics key first.

    An organization that both keys belong to is read once. Where one key fails, the other's rows come all the same, and
    the window does not count as read.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        super().__init__(readers[0].api)
        self._readers = [reader.for_stream(self.name) for reader in readers]
        self.api = self._readers[0].api
        # a key more brings rows of an organization that what is already read lacks
        self.scope = {"claude.keys": sorted(reader.api.credential.option for reader in readers)}

    def rows(self, window: Window) -> Iterator[Any]:
        failures = []
        for reader in list(self._readers):
            reader.api.stats, reader.api.on_limited = self.api.stats, self.api.on_limited
            try:
                yield from self._rows_of(reader, window)
            except SourceError as error:
                # as long as nothing tells whose the key is, the next one may be of the same organization: its rows
                # would come under two ids. What the user must mend would hold the other organization up for ever.
                if not (reader.organizations or reader.answered or isinstance(error, ConfigError)):
                    raise
                reader.failed(error)
                failures.append(error)
        if len(self._readers) > 1:
            known = sorted(reader.api.organization for reader in self._readers if reader.api.organization)
            self.api.account = BOTH.join(known) or None
        if failures and len(failures) == len(self._readers):
            raise _together(failures)
        if failures:
            self.failed_partly(failures[0])

    # --- what differs

    def first(self, reader: Reader, window: Window) -> Sequence[Answer]:
        """What is asked first, which tells whose key it is."""
        raise NotImplementedError

    def items(self, reader: Reader, window: Window, first: Sequence[Answer]) -> Iterable[Any]:
        """The items of the reader's organization."""
        raise NotImplementedError

    # --- details

    def _rows_of(self, reader: Reader, window: Window) -> Iterator[Any]:
        if reader.stopped:
            raise reader.stopped
        first = self.first(reader, window)
        reader.named = first[0].body.get("organization_id") or reader.named
        before = self._readers[: self._readers.index(reader)]
        if shared := next((other for other in before if other.organizations & reader.organizations), None):
            self._leave(reader, shared)
            return
        yield from self.items(reader, window, first)
        reader.succeeded()

    def _leave(self, reader: Reader, other: Reader) -> None:
        self._readers.remove(reader)
        logger.warning(
            f"{self.name}: {other.api.credential.option} and {reader.api.credential.option} are keys of one "
            f"organization ({', '.join(sorted(reader.organizations))}): it is read once, with the former. Rows that "
            f"the latter has read before are the same under other ids: reset the stream if there are any."
        )


def _together(failures: Sequence[SourceError]) -> SourceError:
    """One error for all keys; it passes by itself as soon as one of them does."""
    error = next((error for error in failures if not isinstance(error, ConfigError)), failures[0])
    if len(failures) == 1:
        return error
    sentence = " ".join(map(str, failures))
    return type(error)(sentence, status=error.status, vendor_message=error.vendor_message)
