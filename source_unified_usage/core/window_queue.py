"""Who may ask a vendor now: as many at once as the vendor stands, the oldest window first."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pendulum import DateTime


class WindowQueue:
    """Lets `capacity` windows of one credential be read at once.

    What bills goes first, all of it, then the window that starts earliest, so that the streams of a vendor advance
    through time together and those that share an answer find it still there. A slow vendor holds only its own windows.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._free = capacity
        self._billing = 0
        self._waiting: list[tuple[bool, DateTime, int]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    def expect_bill(self) -> None:
        """A stream that bills will ask: before its `bill_read` nothing else has a turn."""
        self._billing += 1

    def bill_read(self) -> None:
        with self._changed:
            self._billing -= 1
            self._changed.notify_all()

    @contextmanager
    def slot(self, start: DateTime, *, bills: bool = False) -> Iterator[None]:
        """Wait for a place, hold it for the block."""
        ticket = (not bills, start, next(self._numbers))
        with self._changed:
            heapq.heappush(self._waiting, ticket)
            self._changed.wait_for(
                lambda: self._free > 0 and self._waiting[0] == ticket and (bills or not self._billing)
            )
            heapq.heappop(self._waiting)
            self._free -= 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
