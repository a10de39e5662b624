"""The feed of usage events, read by page number while it changes: nothing lost, nothing doubled."""

from typing import Any

from source_unified_usage.core.edges import READINGS, whole
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.cursor.api import CursorApi, total_of
from source_unified_usage.vendors.cursor.mapping import Scope

_PAGE_SIZE = 1000  # the documented maximum (Admin API)


class Feed:
    """The events of one team or organization.

    Pages are cut by number out of a list that is newest first, as all samples are, and that changes: an event that
    arrives late pushes one from page to page. Events of one millisecond have no order, so that two of them may change
    places between two pages, and one comes twice and the other never.
    """

    def __init__(self, api: CursorApi, scope: Scope) -> None:
        self._api, self._scope = api, scope
        self.path = scope.path("filtered-usage-events")

    def events(self, window: Window) -> list[Row]:
        """All events of the window. Raises Unavailable when it changes under every reading."""
        for _ in range(READINGS):
            pages, totals = self._read(int(window.start.timestamp() * 1000), window.last_ms)
            count = sum(map(len, pages))
            if totals <= {count} and (events := whole(pages, _instant, self._millisecond)) is not None:
                return events
        raise Unavailable(
            f"Cursor, stream {self._api.stream}: {window.first_day} changed under every one of {READINGS} readings "
            f"(counted {count} events, announced {sorted(totals)})."
        )

    def _millisecond(self, stamp: Any) -> list[list[Row]]:
        return self._read(int(stamp), int(stamp))[0]

    def _read(self, first: int, last: int) -> tuple[list[list[Row]], set[int]]:
        """The pages between two milliseconds, both inclusive (Admin API), and the totals that they announce."""
        body = self._scope.body({"startDate": first, "endDate": last})
        pages: list[list[Row]] = []
        totals: set[int] = set()
        for page in self._api.pages("POST", self.path, "usageEvents", body, _PAGE_SIZE):
            # a time without events may lack the list, as recorded
            pages.append(page.rows("usageEvents") if page.body.get("usageEvents") is not None else [])
            if (total := total_of(page)) is not None:
                totals.add(total)
        return pages, totals


def _instant(event: Row) -> Any:
    return event.get("timestamp")
