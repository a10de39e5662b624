"""How a UsageStream runs on the CDK's concurrent engine: partitions, cursor, state, and records in pages."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.types import Record

from source_unified_usage.core.errors import (
    UNMAPPABLE,
    BrokenContract,
    ConfigError,
    SourceError,
    Unmappable,
    reason_of,
)
from source_unified_usage.core.progress import Tally, logger
from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.shape import Shape, shown
from source_unified_usage.core.stream import Range, ServedFrom, UsageStream
from source_unified_usage.core.usage import Usage
from source_unified_usage.core.window import Covered, Window

# Per queue item the CDK's main loop costs more than mapping a row: records travel by the hundred.
_PAGE = 250
# In windows that fail one after another the fault is not the window's: the stream stops at the second.
_FAILED_IN_A_ROW = 2


class RecordPage(AirbyteMessage):
    """Some hundred records of one stream as one item of the CDK's queue.

    `lines` holds them as finished RECORD messages, one per line, when the entry point writes bytes; otherwise
    `records` holds them and the source unpacks them with `messages`.
    """

    def __init__(self, stream: str, records: Sequence[Usage], *, as_bytes: bool) -> None:
        super().__init__(type=Type.RECORD)
        self.stream, self.count = stream, len(records)
        self.emitted_at = int(time.time() * 1000)
        self.lines = self._serialise(records) if as_bytes else b""
        self.records = [] if as_bytes else records

    def messages(self) -> Iterator[AirbyteMessage]:
        for data in self.records:
            record = AirbyteRecordMessage(stream=self.stream, data=dict(data), emitted_at=self.emitted_at)
            yield AirbyteMessage(type=Type.RECORD, record=record)

    def _serialise(self, records: Sequence[Usage]) -> bytes:
        head = b'{"type":"RECORD","record":{"stream":"%s","data":' % self.stream.encode()
        tail = b',"emitted_at":%d}}\n' % self.emitted_at
        return head + (tail + head).join(map(orjson.dumps, records)) + tail


class WindowPartition(Partition):
    """One window of one stream."""

    def __init__(self, reading: "StreamReading", window: Window) -> None:
        self._reading, self.window = reading, window
        self.complete = False
        self.done = threading.Event()

    def read(self) -> Iterable[Any]:
        """A first Record alone, so that the CDK reports RUNNING, then RecordPages. A failure is kept, not raised."""
        try:
            yield from self._reading.read(self.window)
            self.complete = True
        except Exception as error:  # noqa: BLE001 - the generator raises it when the stream ends, once
            self._reading.failed(self.window, error)

    def to_slice(self) -> Mapping[str, Any]:
        return {"start": str(self.window.start), "end": str(self.window.end)}

    def stream_name(self) -> str:
        return self._reading.stream.name

    def __hash__(self) -> int:
        return hash((self.stream_name(), self.window))


class WindowCursor(Cursor):
    """What has been written, as merged half-open windows; its state follows every closed window."""

    def __init__(
        self,
        stream: UsageStream,
        covered: Covered,
        wanted: Range,
        repository: MessageRepository,
        states: ConnectorStateManager,
    ) -> None:
        self._stream, self._covered = stream, covered
        self._closed = wanted.closed(stream.grain)
        self._repository, self._states = repository, states

    @property
    def state(self) -> MutableMapping[str, Any]:
        return self._covered.to_state()

    def observe(self, record: Record) -> None:
        """Nothing to learn from a record: the window knows its own end."""

    def close_partition(self, partition: Partition) -> None:
        assert isinstance(partition, WindowPartition)
        try:
            if partition.complete and self._stream.grain != "snapshot":
                written = partition.window.until(self._closed)
                for told in (self._stream.available_until, self._stream.settled_until):
                    if told is not None:
                        written = written.until(told)
                if self._stream.served_from is not None:
                    written = Window(max(written.start, self._stream.served_from), written.end)
                self._covered = self._covered.add(written)
                self._emit()
        finally:
            partition.done.set()

    def ensure_at_least_one_state_emitted(self) -> None:
        self._emit()

    def should_be_synced(self, record: Record) -> bool:
        return True

    def _emit(self) -> None:
        name = self._stream.name
        self._states.update_state_for_stream(name, None, self.state)
        self._repository.emit_message(self._states.create_state_message(name, None))


class StreamReading(PartitionGenerator):
    """One stream during one sync: its windows one after another, its failures, its output."""

    def __init__(self, stream: UsageStream, excluded: Iterable[str], *, as_bytes: bool) -> None:
        self.stream = stream
        self.tally = stream.api.tally = Tally(stream.name)
        self._excluded, self._as_bytes = tuple(excluded), as_bytes
        self._failures: list[tuple[Window, Exception]] = []
        self._in_a_row = 0

    # --- as the CDK's partition generator

    def generate(self) -> Iterable[Partition]:
        """The windows, each when the one before is written and the vendor has room. Raises what failed, at the end."""
        self._announce()
        for window in self.stream.windows:
            if self._stopped or self._beyond(window):
                continue
            with self.stream.api.gate.turn(window.start, bills=self.stream.bills):
                partition = WindowPartition(self, window)
                yield partition
                partition.done.wait()
        self.tally.finish()
        if failure := self.failure:
            raise failure

    # --- as its partitions' reader

    def read(self, window: Window) -> Iterator[Any]:
        """What one window holds, in the CDK's queue items."""
        name = self.stream.name
        first = True
        for records in self._pages(window):
            self.tally.add(records)
            self.tally.progress(window.first_day)
            for field in self._excluded:
                for record in records:
                    record.pop(field, None)  # type: ignore[misc]
            if first:
                yield Record(records[0], name)
                del records[0]
                first = False
            if records:
                yield RecordPage(name, records, as_bytes=self._as_bytes)
        self._in_a_row = 0

    def failed(self, window: Window, error: Exception) -> None:
        self._failures.append((window, error))
        self._in_a_row += 1
        if not self._stopped:
            logger.warning(f"{self.stream.name}: {window.first_day} failed, going on: {error}")

    # --- details

    def _announce(self) -> None:
        windows = self.stream.windows
        name = self.stream.name
        if not windows:
            logger.info(f"{name}: nothing new to read")
            return
        if self.stream.grain == "snapshot":
            logger.info(f"{name}: reading the present figures")
            return
        budget = self.stream.api.budget(self.stream.path())
        pace = ""
        if budget.requests and (seconds := len(windows) * budget.seconds / budget.requests) >= 10:
            pace = f", at least {seconds:.0f} s at {budget.requests} requests in {budget.seconds:.0f} s"
        count = f"{len(windows)} windows" if len(windows) > 1 else "1 window"
        logger.info(f"{name}: {count} to read, {windows[0].first_day} to {windows[-1].last_day}{pace}")

    @property
    def _stopped(self) -> bool:
        if not self._failures:
            return False
        return isinstance(self._failures[-1][1], ConfigError) or self._in_a_row >= _FAILED_IN_A_ROW

    def _beyond(self, window: Window) -> bool:
        """Outside what the vendor serves, as its answers told."""
        until = self.stream.available_until
        too_new = until is not None and window.start >= until and self.stream.grain != "snapshot"
        served = self.stream.served_from
        return too_new or (served is not None and window.end <= served)

    def _pages(self, window: Window) -> Iterator[list[Usage]]:
        served = self.stream.served_from
        if served is not None:
            window = Window(max(window.start, served), window.end)
        try:
            yield from self._mapped(window)
        except ServedFrom as told:
            # once more after a midnight that passed meanwhile, but never in circles
            if served is not None and told.day <= served:
                raise BrokenContract(
                    f"{self.stream.api.title}, stream {self.stream.name}: the vendor named {served} and then "
                    f"{told.day} as the oldest day it serves."
                ) from None
            self.stream.served_from = told.day
            logger.warning(
                f"{self.stream.name}: {self.stream.api.title} keeps nothing before {told.day.to_date_string()}; asked "
                f"for {window.first_day}, reading from there."
            )
            if told.day < window.end:
                yield from self._pages(window)

    def _mapped(self, window: Window) -> Iterator[list[Usage]]:
        page: list[Usage] = []
        usages, shape = self.stream.usages, Shape()
        try:
            for row in self.stream.rows(window):
                try:
                    page += usages(row, window)
                except UNMAPPABLE as error:
                    raise Unmappable(row, error) from error
                if len(page) >= _PAGE:
                    shape.check(page)
                    yield page
                    page = []
            shape.check(page)
        except Unmappable as error:
            raise self._unmappable(error.row, error.reason) from error
        except UNMAPPABLE as error:
            raise self.stream.api.unreadable(error) from error
        if page:
            yield page

    def _unmappable(self, row: Any, error: Exception) -> BrokenContract:
        return BrokenContract(
            f"{self.stream.api.title}, stream {self.stream.name}: the vendor sent a row that cannot be mapped "
            f"({reason_of(error)}): {shown(row)}"
        )

    @property
    def failure(self) -> Exception | None:
        """One error for the stream: the last reason, and what was not read."""
        if not self._failures:
            return None
        window, error = self._failures[-1]
        if not isinstance(error, SourceError):
            return error
        unread = len(self._failures)
        also = f" and {unread - 1} more" if unread > 1 else ""
        if self.stream.grain == "snapshot":
            return error
        sentence = f"{error} Not read: {window.first_day} to {window.last_day}{also}; the next sync reads it."
        return type(error)(sentence, status=error.status, words=error.words)


def cdk_stream(reading: StreamReading, cursor: WindowCursor) -> DefaultStream:
    """The stream as the CDK's engine wants it."""
    return DefaultStream(
        partition_generator=reading,
        name=reading.stream.name,
        json_schema={**usage_schema(), "description": reading.stream.about},
        primary_key=["id"],
        cursor_field=CursorField("start_date"),
        logger=logging.getLogger("airbyte"),
        cursor=cursor,
    )
