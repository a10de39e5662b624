"""The feed of usage events, read by page number and still as the vendor has it: nothing lost, nothing doubled."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any

from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row, canonical_json
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.cursor.api import CursorApi, Scope, total_of

_PAGE_SIZE = 1000  # the documented maximum
_TRIES = 3


class _Reading:
    """The pages of a time, and the totals that they announced."""

    def __init__(self) -> None:
        self.pages: list[list[Row]] = []
        self.totals: set[int] = set()

    @cached_property
    def events(self) -> list[Row]:
        return [*chain.from_iterable(self.pages)]

    def counts(self) -> bool:
        """Whether every page announced as many events as came."""
        return not self.totals or self.totals == {len(self.events)}

    def shared(self) -> set[Any]:
        """The timestamps of which more than one page has events."""
        seen: set[Any] = set()
        shared: set[Any] = set()
        for page in self.pages if len(self.pages) > 1 else ():
            stamps = {event.get("timestamp") for event in page}
            shared |= seen & stamps
            seen |= stamps
        return shared - {None}


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
        for _ in range(_TRIES):
            reading = self._read(int(window.start.timestamp() * 1000), window.last_ms)
            if reading.counts() and (events := self._whole(reading)) is not None:
                return events
        raise Unavailable(
            f"Cursor, stream {self._api.stream}: {window.first_day} changed under every one of {_TRIES} readings "
            f"(counted {len(reading.events)} events, announced {sorted(reading.totals)})."
        )

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

    def _whole(self, reading: _Reading) -> list[Row] | None:
        """The events, those of a millisecond that pages share as it has them by itself; None when it changed."""
        shared: dict[Any, list[Row]] = {stamp: [] for stamp in reading.shared()}
        if not shared:
            return reading.events
        for event in reading.events:
            if (stamp := event.get("timestamp")) in shared:
                shared[stamp].append(event)
        certain: dict[Any, Iterator[Row]] = {}
        for stamp, seen in shared.items():
            found = self._millisecond(stamp, seen)
            if found is None:
                return None
            certain[stamp] = iter(found)
        events: list[Row] = []
        for event in reading.events:
            twins = certain.get(event.get("timestamp"))
            events.append(event if twins is None else next(twins))
        return events

    def _millisecond(self, stamp: Any, seen: list[Row]) -> list[Row] | None:
        """The events of one millisecond; None when they are not as many as were seen, or never certain.

        One page is the list as it is at one time. From several, events that all differ are all there are, and equal
        ones are believed when all readings agree.
        """
        agreed = True
        for _ in range(_TRIES):
            reading = self._read(int(stamp), int(stamp))
            events = [event for event in reading.events if event.get("timestamp") == stamp]
            if len(events) != len(seen):
                return None
            spelled = _spelled(events)
            if len(reading.pages) == 1 or len({*spelled}) == len(spelled):
                return events
            agreed = agreed and spelled == _spelled(seen)
        return events if agreed else None


def _spelled(events: Iterable[Row]) -> list[str]:
    return sorted(map(canonical_json, events))
