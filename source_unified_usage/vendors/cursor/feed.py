"""The feed of usage events, read by page number and still as the vendor has it: nothing lost, nothing doubled."""

from typing import Any

from source_unified_usage.core.edges import READINGS, whole
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.cursor.api import CursorApi, Scope, total_of

_PAGE_SIZE = 1000  # the documented maximum


class _Reading:
    """The pages of a time, and the totals that they announced."""

    def __init__(self) -> None:
        self.pages: list[list[Row]] = []
        self.totals: set[int] = set()

    @property
    def count(self) -> int:
        return sum(map(len, self.pages))

    def counts(self) -> bool:
        """Whether every page announced as many events as came."""
        return not self.totals or self.totals == {self.count}


class Feed:
    """The events of one team or organization.

    Pages are cut by number out of a list that is newest first and that changes: an event that arrives late pushes one
    from page to page, and events of one millisecond have no order, so that two of them may change places between two
    pages and one come twice and the other never.
    """

    def __init__(self, api: CursorApi, scope: Scope) -> None:
        self._api, self._scope = api, scope

    @property
    def path(self) -> str:
        return self._scope.path("filtered-usage-events")

    def events(self, window: Window) -> list[Row]:
        """All events of the window. Raises Unavailable when it changes under every reading."""
        for _ in range(READINGS):
            reading = self._read(int(window.start.timestamp() * 1000), window.last_ms)
            if reading.counts() and (events := whole(reading.pages, _instant, self._millisecond)) is not None:
                return events
        raise Unavailable(
            f"Cursor, stream {self._api.stream}: {window.first_day} changed under every one of {READINGS} readings "
            f"(counted {reading.count} events, announced {sorted(reading.totals)})."
        )

    def _millisecond(self, stamp: Any) -> list[list[Row]]:
        return self._read(int(stamp), int(stamp)).pages

    def _read(self, first: int, last: int) -> _Reading:
        """The events between two milliseconds, both inclusive."""
        body = self._scope.body({"startDate": first, "endDate": last})
        reading = _Reading()
        for page in self._api.pages("POST", self.path, "usageEvents", body, _PAGE_SIZE):
            # a time without events may lack the list
            reading.pages.append(page.rows("usageEvents") if page.body.get("usageEvents") is not None else [])
            if (total := total_of(page)) is not None:
                reading.totals.add(total)
        return reading


def _instant(event: Row) -> Any:
    return event.get("timestamp")
