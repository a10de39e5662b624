"""How a UsageStream runs on the CDK's concurrent engine: partitions, records, failures."""

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.types import Record
from pendulum import DateTime
from typing_extensions import assert_never

from source_unified_usage.core.decision import (
    Again,
    Ask,
    Complete,
    Contradicted,
    Decision,
    Failed,
    Outcome,
    RetainedFrom,
    Skip,
    Stop,
    Unread,
    Written,
    decide,
)
from source_unified_usage.core.errors import BrokenContract, SourceError, ran_out
from source_unified_usage.core.pages import RecordPage, pages
from source_unified_usage.core.progress import StreamStats, logger
from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.stream import RetentionStart, UsageStream
from source_unified_usage.core.window import Window, merge
from source_unified_usage.core.window_queue import Place

_RANGES = 5  # of unread days that an error names


class WindowPartition(Partition):
    """One window of one stream. `written`: the part that counts as read when the CDK closes it."""

    def __init__(self, reading: "StreamReading", window: Window) -> None:
        self._reading, self.window = reading, window
        self.written: Window | None = None

    def read(self) -> Iterable[Any]:
        """First one Record, for which the CDK reports RUNNING, then RecordPages. A failure is kept, not raised."""
        self.written = yield from self._reading.read(self.window)

    def close(self) -> None:
        """Every record is written and the state says so, or the window failed."""
        self._reading.end_window()

    def to_slice(self) -> Mapping[str, Any]:
        return {"start": str(self.window.start), "end": str(self.window.end)}

    def stream_name(self) -> str:
        return self._reading.stream.name

    def __hash__(self) -> int:
        return hash((self.stream_name(), self.window))


class StreamReading(PartitionGenerator):
    """One stream during one sync: its windows in their order, its failures, its output.

    `closed`: the end of what is over, which alone can count as read.
    """

    def __init__(
        self, stream: UsageStream, excluded: Iterable[str] = (), *, closed: DateTime, as_bytes: bool = False
    ) -> None:
        self.stream = stream
        self.stats = stream.api.stats = StreamStats(stream.name)
        self._excluded, self._closed, self._as_bytes = tuple(excluded), closed, as_bytes
        self._failures: list[Exception] = []
        self._failed_in_a_row = 0
        self._stopped = False
        self._whole: set[Window] = set()
        self._queue = stream.api.window_queue
        self.questions = frozenset(stream.questions())
        rate_limit = stream.api.rate_limit_for(stream.path())
        place = Place(stream.role, len(stream.windows), self.questions, rate_limit)
        self._place = self._queue.join(place)

    # --- as the CDK's partition generator

    def generate(self) -> Iterable[Partition]:
        """The windows, each when the queue allows it. Raises what failed, at the end.

        The first one is read alone, because it may show what all others would be refused.
        """
        try:
            self._announce()
            yield from self._in_turn()
            self._queue.finish(self._place)
        finally:
            self._queue.leave(self._place)
        self.stats.finish()
        if failure := self.failure:
            raise failure

    def _in_turn(self) -> Iterator[Partition]:
        for window in self.stream.windows:
            if not self._to_ask(window):
                continue
            if not self._place.reads:
                self.stats.doing(f"waiting for another stream of {self.stream.api.title}")
            self._queue.take(self._place, window.start)
            if self._to_ask(window):  # a window that was read meanwhile may have told otherwise
                self.stats.doing(self._about(window))
                yield WindowPartition(self, window)
            else:
                self.end_window()

    def _to_ask(self, window: Window) -> bool:
        return not self._stopped and isinstance(self._decide(window, Unread()), Ask)

    def end_window(self) -> None:
        """One of its windows is read, or is not read after all: the next one may be."""
        if self.stream.requests_per_window is not None:
            self._queue.weigh(self._place, self.stream.requests_per_window)
        self._queue.give_back(self._place, self.stream.windows_at_once if self._whole else 1)

    # --- as its partitions' reader

    def read(self, window: Window) -> Generator[Any, None, Window | None]:
        """What one window holds, in the CDK's queue items; returns the part that counts as read, if any does."""
        outcome: Outcome = Unread()
        while True:
            decision = self._decide(window, outcome)
            match decision:
                case Ask(part):
                    outcome = yield from self._ask(part)
                case Again(day):
                    self.stream.retained_from(day)
                    outcome = Unread()
                case Contradicted(day):
                    outcome = Failed(self._contradiction(day))
                case Written(part):
                    self._failed_in_a_row = 0
                    self._whole.add(window)
                    return part
                case Skip() | Stop():
                    self._stopped = isinstance(decision, Stop)
                    if isinstance(outcome, Failed):
                        self._note(window, outcome)
                    return None
                case _:
                    assert_never(decision)

    def _decide(self, window: Window, outcome: Outcome) -> Decision:
        return decide(
            window,
            closed=self._closed,
            bounds=self.stream.bounds,
            failed_in_a_row=self._failed_in_a_row,
            outcome=outcome,
        )

    def _ask(self, part: Window) -> Generator[Any, None, Outcome]:
        try:
            yield from self._items(part)
        except RetentionStart as start:
            return RetainedFrom(start.day)
        except Exception as error:  # noqa: BLE001 - the generator raises it when the stream ends, once
            return Failed(ran_out(error) or error)
        lacking = self.stream.partial_failure()
        return Failed(lacking, partly=True) if lacking else Complete()

    def _items(self, part: Window) -> Iterator[Any]:
        name = self.stream.name
        first = True
        for records in pages(self.stream, part):
            self.stats.add(records)
            for field in self._excluded:
                for record in records:
                    record.pop(field, None)  # type: ignore[misc]
            if first:
                yield Record(records[0], name)
                del records[0]
                first = False
            if records:
                yield RecordPage(name, records, as_bytes=self._as_bytes)

    def _contradiction(self, day: DateTime) -> BrokenContract:
        return BrokenContract(
            f"{self.stream.api.title}, stream {self.stream.name}: the vendor names {day.to_date_string()} as the "
            f"oldest day it serves, and refuses to serve it."
        )

    def _note(self, window: Window, failed: Failed) -> None:
        known = failed.error in self._failures  # a part that is not asked again fails every window alike
        self._failures.append(failed.error)
        self._failed_in_a_row = 0 if failed.partly else self._failed_in_a_row + 1
        if not self._stopped and not known:
            logger.warning(f"{self.stream.name}: {window.first_day} failed, going on: {failed.error}")

    # --- details

    def _announce(self) -> None:
        windows = self.stream.windows
        if not windows:
            self.stats.tell("nothing new to read")
            return
        if self.stream.grain == "snapshot":
            self.stats.tell("reading the present figures")
            return
        count = f"{len(windows)} windows" if len(windows) > 1 else "1 window"
        self.stats.tell(f"{count} to read, {windows[0].first_day} to {windows[-1].last_day}")

    def _about(self, window: Window) -> str:
        if self.stream.grain == "snapshot":
            return "reading the present figures"
        return f"reading {window.first_day} to {window.last_day}"

    @property
    def failure(self) -> Exception | None:
        """One error for the stream: the latest failure, and what was not read."""
        if not self._failures:
            return None
        error = self._failures[-1]
        open_ranges = [f"{part.first_day} to {part.last_day}" for part in self._unread()]
        if not isinstance(error, SourceError) or not open_ranges:
            return error
        named = ", ".join(open_ranges[:_RANGES])
        more = f" and {len(open_ranges) - _RANGES} more ranges" if len(open_ranges) > _RANGES else ""
        sentence = f"{error} Not read: {named}{more}; the next sync reads it."
        return type(error)(sentence, status=error.status, vendor_message=error.vendor_message)

    def _unread(self) -> list[Window]:
        """What this sync should have read and has not, as far as the vendor has it."""
        if self.stream.grain == "snapshot":
            return []
        left = (window for window in self.stream.windows if window not in self._whole)
        return merge(map(self.stream.bounds.within, left))


def cdk_stream(reading: StreamReading, cursor: Cursor) -> DefaultStream:
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
