"""Whose window is read next, where the streams of one credential share what it may ask."""

import threading
from collections.abc import Hashable, Sequence

from pendulum import DateTime

from source_unified_usage.core.rate_limit import RateLimit

_RANKS = {"bill": 0, "restates": 2, "activity": 3, "estimate": 4}
_PASSED_OVER = 100  # slots for others; then a stream comes next after the bills, so that none starves
_RANK_OF_THE_PASSED_OVER = 1


class Place:
    """One stream in the queue: how much it has left to ask, whether it waits, and how many windows it reads.

    `questions`: those that its windows ask; `rate_limit`: the one that its requests are counted under; `at_once`: how
    many windows it may read at once by what it has read so far.
    """

    def __init__(self, role: str, windows: int, questions: frozenset[Hashable], rate_limit: RateLimit) -> None:
        self.rank, self.windows, self.questions, self.rate_limit = _RANKS[role], windows, questions, rate_limit
        self.weight = len(self.questions) / windows if windows else 0.0
        self.waits_for: DateTime | None = None
        self.reads, self.at_once = 0, 1
        self.asks_no_more = self.left = False

    @property
    def between(self) -> bool:
        """It has just read a window, or has not begun, or may read one more: it asks for the next one at once."""
        return not (self.asks_no_more or self.left or self.waits_for or self.full)

    @property
    def full(self) -> bool:
        return self.reads >= self.at_once

    @property
    def to_ask(self) -> float:
        return self.windows * self.weight


class Group:
    """Streams that share answers: they advance through time together, so that each finds the answer still there.

    Of all of them one window is read at a time.
    """

    def __init__(self, place: Place) -> None:
        self.places, self.questions, self.passed_over = [place], set(place.questions), 0

    def absorb(self, other: "Group") -> None:
        self.places += other.places
        self.questions |= other.questions

    @property
    def priority(self) -> tuple[int, float]:
        """The smallest goes first: by role, then by what is left to ask."""
        present = [place for place in self.places if not place.left]
        rank = min(place.rank for place in present)
        if self.passed_over >= _PASSED_OVER:
            rank = min(rank, _RANK_OF_THE_PASSED_OVER)
        return rank, max(place.to_ask for place in present)

    @property
    def has_bill(self) -> bool:
        return any(place.rank == _RANKS["bill"] for place in self.places if not place.left)

    @property
    def rate_limits(self) -> set[RateLimit]:
        return {place.rate_limit for place in self.places}

    @property
    def delayed(self) -> bool:
        """A limit leaves it no request for the moment, or one that failed waits to be sent again."""
        return any(rate_limit.spent for rate_limit in self.rate_limits)

    @property
    def ended(self) -> bool:
        return all(place.left for place in self.places)

    def next(self) -> Place | None:
        """Whose window is the earliest of those that are waited for; None while none may be read."""
        if len(self.places) > 1 and any(place.reads for place in self.places):
            return None
        waiting = [(place.waits_for, index) for index, place in enumerate(self.places) if place.waits_for]
        return self.places[min(waiting)[1]] if waiting else None


class WindowQueue:
    """Lets `capacity` windows of one credential be read at once.

    The bill goes first, so that a sync that ends half-way has the money. Then whatever restates it, then activity, then
    estimates, each time the stream that has least left to ask. A slow vendor holds only its own windows.

    Until the bill is whole nothing else is asked, even where slots are free, so that no request comes before those that
    it needs. Only while it must wait, for a limit or after a failure, streams are read that its limits do not count.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._free = capacity
        self._groups: list[Group] = []
        self._changed = threading.Condition()

    def join(self, place: Place) -> Place:
        """Take in a stream's place, before anything is read; it must `leave`."""
        group = Group(place)
        with self._changed:
            for other in [other for other in self._groups if not other.questions.isdisjoint(place.questions)]:
                group.absorb(other)
                self._groups.remove(other)
            self._groups.append(group)
        return place

    def weigh(self, place: Place, requests: int) -> None:
        """The stream needs so many requests for each window, as it knows by now."""
        with self._changed:
            place.weight = requests

    def look_again(self) -> None:
        """Somebody waits, for a limit or after a failure: others need not wait with it."""
        with self._changed:
            self._changed.notify_all()

    def leave(self, place: Place) -> None:
        """The stream reads no more; nothing waits for it any longer."""
        with self._changed:
            place.left = True
            self._groups = [group for group in self._groups if not group.ended]
            self._changed.notify_all()

    def take(self, place: Place, start: DateTime) -> None:
        """Wait for the turn of the window that begins at `start`; whoever has read it must `give_back`."""
        with self._changed:
            self._changed.wait_for(lambda: not place.full)
            place.waits_for = start
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._next() is place)
            self._grant(place)

    def give_back(self, place: Place, at_once: int) -> None:
        """A window is read. `at_once`: how many windows of this stream may be read at once from now on."""
        with self._changed:
            place.reads, place.at_once = place.reads - 1, at_once
            self._free += 1
            self._changed.notify_all()

    def finish(self, place: Place) -> None:
        """The stream asks for no more windows: wait until those that it reads are read."""
        with self._changed:
            place.asks_no_more = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not place.reads)

    def _grant(self, place: Place) -> None:
        place.waits_for = None
        place.reads += 1
        place.windows -= 1
        self._free -= 1
        for group in self._groups:
            mine = place in group.places
            group.passed_over = 0 if mine else group.passed_over + 1
        self._changed.notify_all()

    def _next(self) -> Place | None:
        """Who has the next turn; None while nothing is free, or while one whose turn it may be has not asked yet."""
        if not self._free:
            return None
        for group in sorted(self._admitted(), key=lambda group: group.priority):
            if any(place.between for place in group.places):
                return None
            if (place := group.next()) is not None:
                return place
        return None

    def _admitted(self) -> Sequence[Group]:
        """The bills, as long as there are any; with them those that take nothing from bills which must wait."""
        bills = [group for group in self._groups if group.has_bill]
        if not bills:
            return self._groups
        if not all(bill.delayed for bill in bills):
            return bills
        theirs = set[RateLimit]().union(*(bill.rate_limits for bill in bills))
        return [group for group in self._groups if group.has_bill or theirs.isdisjoint(group.rate_limits)]
