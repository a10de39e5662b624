"""The feed of usage events, read by page number while it changes: nothing lost, nothing doubled."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS, whole
from source_unified_usage.core.errors import BrokenContract, Unavailable
from source_unified_usage.core.portions import MOST_ROWS
from source_unified_usage.core.usage import Row
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.cursor.api import CursorApi, integer, total_of
from source_unified_usage.vendors.cursor.mapping import Scope

_PAGE_SIZE = 1000  # the documented maximum (Admin API)
_HOUR = 3_600_000  # milliseconds


class Part(NamedTuple):
    """From `first` to `last`, milliseconds, both inclusive (Admin API): parts that follow one another share none."""

    first: int
    last: int

    @classmethod
    def of(cls, window: Window) -> "Part":
        return cls(int(window.start.timestamp() * 1000), window.last_ms)

    def cut(self, count: int) -> "Iterator[Part]":
        """About so many parts, of whole hours while they are longer than one."""
        length = -(-(self.last - self.first + 1) // count)
        if length > _HOUR:
            length = -(-length // _HOUR) * _HOUR
        for first in range(self.first, self.last + 1, length):
            yield Part(first, min(first + length - 1, self.last))


class Reading(NamedTuple):
    """Pages, the totals that they announce, and whether the first says that there are too many to be held at once."""

    pages: list[list[Row]]
    totals: set[int]
    crowded: bool = False


class Feed:
    """The events of one team or organization.

    Pages are cut by number out of a list that is newest first, as all samples are, and that changes: an event that
    arrives late pushes one from page to page. Events of one millisecond have no order, so that two of them may change
    places between two pages, and one comes twice and the other never.

    A day with few events is read together with those after it, one with very many in parts.
    """

    days_at_once = 7  # at most, where they have no more events than a page

    def __init__(self, api: CursorApi, scope: Scope) -> None:
        self._api, self._scope = api, scope
        self.path = scope.path("filtered-usage-events")
        self._ahead: dict[Window, list[Row]] = {}
        self._counts: deque[int] = deque([0], maxlen=self.days_at_once)  # of the days read last

    def events(self, window: Window, following: Sequence[Window] = ()) -> Iterator[list[Row]]:
        """All events of the window, part after part. Raises Unavailable when it changes under every reading.

        `following`: the windows after it, which may be read with it.
        """
        if (ahead := self._ahead.pop(window, None)) is None:
            ahead = self._together([window, *self._fitting(window, following)])
        if ahead is not None:
            self._counts.append(len(ahead))
            yield ahead
            return
        count = 0
        for events in self._in_parts(Part.of(window), window):
            count += len(events)
            yield events
        self._counts.append(count)

    # --- several days at once

    def _fitting(self, window: Window, following: Sequence[Window]) -> Iterator[Window]:
        """Those that follow without a gap and fit onto the page, if they have no more events than the days before."""
        most = min(self.days_at_once, _PAGE_SIZE // max(1, *self._counts))
        end = window.end
        for number, after in enumerate(following, 2):
            if after.start != end or number > most:
                return
            yield after
            end = after.end

    def _together(self, windows: Sequence[Window]) -> list[Row] | None:
        """The events of the first window, those of the others are kept; None where they are not one page."""
        if len(windows) == 1:
            return None
        span = Part(Part.of(windows[0]).first, Part.of(windows[-1]).last)
        try:
            answer = next(self._pages(span))
        except (Unavailable, BrokenContract):  # perhaps of one day alone, and the others come
            self._counts.append(_PAGE_SIZE)
            return None
        events = _events(answer)
        if total_of(answer) != len(events) or answer.object("pagination").get("hasNextPage"):
            self._counts.append(_PAGE_SIZE)  # not tried again for some days
            return None
        found = {window: [event for event in events if _within(event, Part.of(window))] for window in windows}
        if sum(map(len, found.values())) != len(events):  # a time that cannot be read, or is not what was asked for
            return None
        first = found.pop(windows[0])
        self._ahead = found
        return first

    # --- a day in parts

    def _in_parts(self, part: Part, window: Window) -> Iterator[list[Row]]:
        for _ in range(READINGS):
            pages, totals, crowded = self._read(part)
            if crowded:
                for smaller in part.cut(-(-max(totals) // MOST_ROWS)):
                    yield from self._in_parts(smaller, window)
                return
            count = sum(map(len, pages))
            if totals <= {count} and (events := whole(pages, _instant, self._millisecond)) is not None:
                yield events
                return
        raise Unavailable(
            f"Cursor, stream {self._api.stream}: {window.first_day} changed under every one of {READINGS} readings "
            f"(counted {count} events, announced {sorted(totals)})."
        )

    def _millisecond(self, stamp: Any) -> list[list[Row]]:
        return self._read(Part(int(stamp), int(stamp))).pages

    def _read(self, part: Part) -> Reading:
        pages: list[list[Row]] = []
        totals: set[int] = set()
        for page in self._pages(part):
            # a time without events may lack the list, as recorded
            pages.append(_events(page))
            if (total := total_of(page)) is not None:
                totals.add(total)
                if total > MOST_ROWS and part.last > part.first and len(pages) == 1:
                    return Reading(pages, totals, crowded=True)
        return Reading(pages, totals)

    def _pages(self, part: Part) -> Iterator[Answer]:
        body = self._scope.body({"startDate": part.first, "endDate": part.last})
        return self._api.pages("POST", self.path, "usageEvents", body, _PAGE_SIZE)


def _events(page: Answer) -> list[Row]:
    return page.rows("usageEvents") if page.body.get("usageEvents") is not None else []


def _instant(event: Row) -> Any:
    return event.get("timestamp")


def _within(event: Row, part: Part) -> bool:
    try:
        milliseconds = integer(event.get("timestamp"))
    except (ValueError, TypeError, ArithmeticError):
        return False
    return milliseconds is not None and part.first <= milliseconds <= part.last
