"""As many rows at once as fit into memory: windows in parts of whole days, and several windows at the same time."""

import threading
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from pendulum import DateTime

from source_unified_usage.core.errors import Crowded
from source_unified_usage.core.window import Window

T = TypeVar("T", bound=Sized)  # rows
# Rows held at once. A row of 20 fields takes 2 to 3 KB beside the 100 MB that a sync takes in any case.
MOST_ROWS = 20_000


class Portions:
    """How many days are read at once: `first`, then as many as the days before let expect few enough rows of."""

    def __init__(self, first: int) -> None:
        self._days = first

    def over(self, window: Window, read: Callable[[Window, int | None], T]) -> Iterator[tuple[Window, T]]:
        """The parts of the window in order, each with its rows.

        `read` gets a part and how many rows it may have: it may raise Crowded when it has more, and gets a shorter one
        then. A single day is read whatever it has.
        """
        start = window.start
        while start < window.end:
            part = window.until(start.start_of("day").add(days=self._days))
            part = Window(start, part.end)
            days = max(1, (part.end - part.start).days)
            try:
                rows = read(part, MOST_ROWS if days > 1 else None)
            except Crowded:
                self._days = max(1, days // 4)  # how many more there are is not known
                continue
            a_day = max(1, len(rows) // days)
            self._days = max(1, MOST_ROWS // a_day)
            yield part, rows
            start = part.end


class RowBudget:
    """Rows that are held by windows which are read at the same time: `most`, beyond which only the earliest goes on."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[DateTime, int] = {}
        self._changed = threading.Condition()

    @contextmanager
    def window(self, start: DateTime) -> Iterator[None]:
        """For as long as the window that begins at `start` holds its rows."""
        with self._changed:
            self._held[start] = 0
        try:
            yield
        finally:
            with self._changed:
                del self._held[start]
                self._changed.notify_all()

    def hold(self, start: DateTime, rows: int) -> None:
        """Count these rows to the window, and wait until it may ask for more."""
        with self._changed:
            self._held[start] += rows
            self._changed.wait_for(lambda: sum(self._held.values()) <= self._most or start == min(self._held))
