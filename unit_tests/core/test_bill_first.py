"""Until the bill is whole nothing else is asked, unless it must wait for its limit, or after a failure.

Rounds stand for time: all windows that are read at once end together, and only then are others begun.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

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
    rate_limit: RateLimit = field(default_factory=RateLimit)

    @property
    def questions(self) -> frozenset[Hashable]:
        return frozenset((self.shares or self.name, day) for day in range(self.windows))


class Reader:
    """Reads a line as a stream does: asks for the next window as soon as it may, and leaves after the last."""

    def __init__(self, line: Line, queue: WindowQueue) -> None:
        self.line, self._queue, self.day = line, queue, 0
        self.place: Place = queue.join(Place(line.role, line.windows, line.questions, line.rate_limit))

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
    """Whose windows are read together, until all are read."""
    queue = WindowQueue(capacity)
    readers = [Reader(line, queue) for line in lines]
    found: list[Round] = []
    while any(not reader.place.left for reader in readers):
        together = begun(queue, readers)
        assert len(together) <= capacity
        assert together or any(reader.place.asks_no_more for reader in readers), "nobody may go on"
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
        together.append(reader.line.name)


def test_the_bill_is_asked_alone_though_slots_are_free() -> None:
    lines = [Line("users", "activity", 3), Line("by_user", "restates", 2), Line("cost", "bill", 3)]
    assert rounds(lines, 3) == [["cost"]] * 3 + [["by_user", "users"]] * 2 + [["users"]]


def test_a_bill_that_can_use_all_slots_has_all_of_them() -> None:
    lines = [Line("users", "activity", 6), Line("cost", "bill", 8, most=3)]
    # the first window is read alone
    assert rounds(lines, 3)[:5] == [["cost"], ["cost"] * 3, ["cost"] * 3, ["cost"], ["users"]]


def test_streams_that_share_an_answer_of_the_bill_go_with_it() -> None:
    lines = [
        Line("models", "restates", 2, shares="x"),
        Line("cost", "bill", 2, shares="x"),
        Line("users", "activity", 4),
    ]
    # the last window of the others is read beside the next stream, once the bill is whole
    assert rounds(lines, 2) == [["cost"], ["models"], ["cost"], ["models", "users"]] + [["users"]] * 3


def waiting_bill() -> tuple[WindowQueue, list[Reader], RateLimit]:
    """A bill whose first window is read, and its limit, which counts `beside`, too."""
    queue, limit = WindowQueue(3), RateLimit()
    lines = [
        Line("cost", "bill", 3, rate_limit=limit),
        Line("beside", "restates", 3, rate_limit=limit),
        Line("users", "activity", 3),
    ]
    readers = [Reader(line, queue) for line in lines]
    assert begun(queue, readers) == ["cost"]
    return queue, readers, limit


def test_while_the_bill_waits_for_its_limit_streams_under_another_are_read() -> None:
    queue, readers, limit = waiting_bill()
    limit.hold(60)
    assert begun(queue, readers) == ["users"]


def test_while_a_failed_request_of_the_bill_waits_to_be_sent_again_others_are_read() -> None:
    queue, readers, limit = waiting_bill()
    limit.put_off(60)
    assert begun(queue, readers) == ["users"]
    assert limit.take() == 0  # others under the limit may try


def test_when_the_limit_lets_the_bill_go_on_nobody_else_begins() -> None:
    queue, readers, limit = waiting_bill()
    limit.hold(0)
    assert begun(queue, readers) == []


def test_of_two_bills_both_must_wait_before_others_are_read() -> None:
    queue, limits = WindowQueue(4), [RateLimit(), RateLimit()]
    lines = [Line("one", "bill", 2, rate_limit=limits[0]), Line("two", "bill", 2, rate_limit=limits[1])]
    readers = [Reader(line, queue) for line in [*lines, Line("users", "activity", 3)]]
    assert begun(queue, readers) == ["one", "two"]
    limits[0].hold(60)
    assert begun(queue, readers) == []
    limits[1].hold(60)
    assert begun(queue, readers) == ["users"]


def test_a_full_limit_is_one_that_the_bill_waits_for() -> None:
    limit = RateLimit(2, 60)
    assert not limit.spent
    assert [limit.take(), limit.take()] == [0, 0]
    assert limit.spent


ROLES = st.sampled_from(["bill", "restates", "activity", "estimate"])
SHARES = st.sampled_from(["", "", "x", "y"])
LINES = st.lists(st.tuples(ROLES, st.integers(0, 6), st.integers(1, 4), SHARES), min_size=1, max_size=6)


@given(LINES, st.integers(1, 5))
def test_nothing_comes_before_what_the_bills_need(drawn: list[tuple[str, int, int, str]], capacity: int) -> None:
    lines = [Line(f"s{number}", *one) for number, one in enumerate(drawn)]
    bills = [line for line in lines if line.role == "bill"]
    with_bills = {line.shares for line in bills if line.shares and line.windows}
    needed = [line for line in lines if line.role == "bill" or line.shares in with_bills]
    alone, beside = rounds(needed, capacity), rounds(lines, capacity)
    until = max(
        (number for number, together in enumerate(alone, 1) if {*together} & {b.name for b in bills}), default=0
    )
    assert [sorted(together) for together in beside[:until]] == [sorted(together) for together in alone[:until]]


@given(LINES, st.integers(1, 5))
def test_without_a_bill_no_slot_stays_empty_for_which_there_is_a_window(
    drawn: list[tuple[str, int, int, str]], capacity: int
) -> None:
    lines = [Line(f"s{number}", role, windows) for number, (role, windows, _, _) in enumerate(drawn) if role != "bill"]
    left = {line.name: line.windows for line in lines}
    for together in rounds(lines, capacity):
        assert len(together) == min(capacity, sum(1 for windows in left.values() if windows))
        for name in together:
            left[name] -= 1
