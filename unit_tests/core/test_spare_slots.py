"""While a bill is read, other streams get only slots and requests that it has no use for.

Rounds stand for time: all windows that are read at once end together, and only then are others begun.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from pendulum import datetime

from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.window_queue import Place, WindowQueue

Round = list[str]


@dataclass
class Line:
    """A stream: its windows, each one question, and how many of them it reads at once after the first."""

    name: str
    role: str
    windows: int
    most: int = 1
    shares: str = ""
    rate_limits: Sequence[RateLimit] = ()

    @property
    def questions(self) -> frozenset[Hashable]:
        return frozenset((self.shares or self.name, day) for day in range(self.windows))


class Reader:
    """Reads a line as a stream does: asks for the next window as soon as it may, and leaves after the last."""

    def __init__(self, line: Line, queue: WindowQueue) -> None:
        self.line, self._queue, self.day = line, queue, 0
        self.place: Place = queue.join(Place(line.role, line.windows, line.questions, line.rate_limits, line.most))

    def ask(self) -> None:
        if self.day < self.line.windows and self.place.between:
            self.place.waits_for = datetime(2026, 1, 1).add(days=self.day)
            self.day += 1
        elif self.day == self.line.windows and not self.place.waits_for:
            self.place.asks_no_more = True

    def end_round(self) -> None:
        for _ in range(self.place.reads):
            self._queue.give_back(self.place, self.line.most)
        if self.place.asks_no_more and not self.place.left:
            self._queue.leave(self.place)


def rounds(lines: Sequence[Line], capacity: int) -> list[Round]:
    """Whose windows are read together, until all are read. Each window sends one request."""
    queue = WindowQueue(capacity)
    readers = [Reader(line, queue) for line in lines]
    found: list[Round] = []
    while any(not reader.place.left for reader in readers):
        together = begun(queue, readers)
        assert len(together) <= capacity
        assert together or all(reader.place.asks_no_more for reader in readers), "nobody may go on"
        found.append(together)
        for reader in readers:
            reader.end_round()
    return [together for together in found if together]


def begun(queue: WindowQueue, readers: Sequence[Reader]) -> Round:
    together: Round = []
    while True:
        for reader in readers:
            reader.ask()
        place = queue._next()
        if place is None or place.waits_for is None:
            return together
        (reader,) = [reader for reader in readers if reader.place is place]
        queue.take(place, place.waits_for)
        for rate_limit in reader.line.rate_limits:
            assert rate_limit.take() == 0 or reader.line.role != "bill"
        together.append(reader.line.name)


def last(found: Sequence[Round], name: str) -> int:
    """The round in which a line has read its last window."""
    return max(number for number, together in enumerate(found, 1) if name in together)


def test_slots_that_the_bill_has_no_use_for_go_to_the_next() -> None:
    lines = [Line("users", "activity", 4), Line("by_user", "restates", 5), Line("cost", "bill", 3)]
    assert rounds(lines, 2)[:3] == [["cost", "by_user"]] * 3
    assert rounds(lines, 3)[:3] == [["cost", "by_user", "users"]] * 3


def test_a_bill_that_can_use_all_slots_has_all_of_them() -> None:
    lines = [Line("users", "activity", 6), Line("cost", "bill", 8, most=3)]
    # the first window is read alone, and nobody begins what would hold a slot when the bill wants it
    assert rounds(lines, 3)[:4] == [["cost"], ["cost"] * 3, ["cost"] * 3, ["cost", "users"]]


def test_one_slot_is_the_bills_alone() -> None:
    lines = [Line("users", "activity", 2), Line("cost", "bill", 3)]
    assert rounds(lines, 1) == [["cost"]] * 3 + [["users"]] * 2


def test_streams_that_share_an_answer_of_the_bill_go_with_it_and_leave_the_other_slots() -> None:
    lines = [
        Line("models", "restates", 2, shares="x"),
        Line("cost", "bill", 2, shares="x"),
        Line("users", "activity", 4),
    ]
    found = rounds(lines, 2)
    assert [len(together) for together in found] == [2] * 4
    assert all("users" in together for together in found)


def test_under_a_limit_of_unknown_size_the_bill_has_all_requests() -> None:
    unknown = RateLimit()
    lines = [Line("users", "activity", 2, rate_limits=[unknown]), Line("cost", "bill", 3, rate_limits=[unknown])]
    assert rounds(lines, 4)[:3] == [["cost"]] * 3


def test_a_stream_under_another_limit_does_not_wait_for_the_bill() -> None:
    one, other = RateLimit(), RateLimit()
    lines = [Line("metrics", "activity", 2, rate_limits=[other]), Line("cost", "bill", 3, rate_limits=[one])]
    assert rounds(lines, 2)[:2] == [["cost", "metrics"]] * 2


def test_a_stream_under_two_limits_waits_for_the_bill_that_has_one_of_them() -> None:
    one, other = RateLimit(), RateLimit()
    lines = [Line("metrics", "activity", 2, rate_limits=[one, other]), Line("cost", "bill", 3, rate_limits=[one])]
    assert rounds(lines, 2)[:3] == [["cost"]] * 3


def test_of_a_limit_others_get_only_requests_beyond_those_that_the_bill_has_left_to_ask() -> None:
    ten = [RateLimit(10, 60)]
    lines = [Line("users", "activity", 20, rate_limits=ten), Line("cost", "bill", 7, rate_limits=ten)]
    found = rounds(lines, 3)
    assert 0 < sum(together.count("users") for together in found[: last(found, "cost")]) <= 3


def test_what_an_answer_tells_is_known_of_a_limit() -> None:
    queue, told = WindowQueue(2), RateLimit()
    readers = [
        Reader(Line("metrics", "activity", 2, rate_limits=[told]), queue),
        Reader(Line("cost", "bill", 3, rate_limits=[told]), queue),
    ]
    assert begun(queue, readers) == ["cost"]
    told.tell(3, 60)  # what the bill has left: its window may have more pages
    assert begun(queue, readers) == []
    told.tell(9, 60)  # not more than was told before, until that time is over
    assert begun(queue, readers) == []


ROLES = st.sampled_from(["bill", "restates", "activity", "estimate"])
SHARES = st.sampled_from(["", "", "x", "y"])
LINES = st.lists(st.tuples(ROLES, st.integers(0, 6), st.integers(1, 4), SHARES), min_size=1, max_size=6)


@given(LINES, st.integers(1, 5))
def test_the_bill_is_never_later_than_without_the_others(drawn: list[tuple[str, int, int, str]], capacity: int) -> None:
    lines = [Line(f"s{number}", *one) for number, one in enumerate(drawn)]
    bills = [line for line in lines if line.role == "bill"]
    with_bills = {line.shares for line in bills if line.shares and line.windows}
    needed = [line for line in lines if line.role == "bill" or line.shares in with_bills]
    alone, beside = rounds(needed, capacity), rounds(lines, capacity)
    for line in bills:
        if line.windows:
            assert last(beside, line.name) <= last(alone, line.name)


@given(LINES, st.integers(1, 5))
def test_no_slot_stays_empty_for_which_there_is_a_window(drawn: list[tuple[str, int, int, str]], capacity: int) -> None:
    lines = [Line(f"s{number}", role, windows, 1) for number, (role, windows, _, _) in enumerate(drawn)]
    left = {line.name: line.windows for line in lines}
    for together in rounds(lines, capacity):
        assert len(together) == min(capacity, sum(1 for windows in left.values() if windows))
        for name in together:
            left[name] -= 1
