"""Windows in parts of whole days, so that a part has about as many rows as fit into memory, however many a day has."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from source_unified_usage.core.window import Window

T = TypeVar("T")
# Rows held at once. A row of 20 fields takes 2 to 3 KB beside the 100 MB that a sync takes in any case.
MOST_ROWS = 20_000


class Crowded(Exception):
    """A part of several days has more rows than may be held at once."""


class Portions:
    """How many days are read at once: `first`, then as many as the days before let expect few enough rows of."""

    def __init__(self, first: int) -> None:
        self._days = first

    def over(
        self, window: Window, read: Callable[[Window, int | None], Sequence[T]]
    ) -> Iterator[tuple[Window, Sequence[T]]]:
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
