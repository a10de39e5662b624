"""Which window is read next: by role, then by the number of requests left; streams that share answers keep step."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import DateTime, datetime

from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.window_queue import Place, WindowQueue


@dataclass
class Line:
    """A stream: its windows one a day, each one question."""

    name: str
    role: str
    windows: int
    shares: str = ""
    turns: list[int] = field(default_factory=list)

    @property
    def questions(self) -> frozenset[Hashable]:
        return frozenset((self.shares or self.name, day) for day in range(self.windows))


def read(lines: list[Line], capacity: int = 1) -> list[tuple[str, int]]:
    """All lines at once, each in a thread of its own; which stream had which turn, in order."""
    queue = WindowQueue(capacity)
    places = [queue.join(Place(line.role, line.windows, line.questions, RateLimit())) for line in lines]
    order: list[tuple[str, int]] = []

    def run(index: int) -> None:
        line, place = lines[index], places[index]
        try:
            for day in range(line.windows):
                with slot(queue, place, moment(day)):
                    order.append((line.name, day))
        finally:
            queue.leave(place)

    threads = [Thread(target=run, args=(index,), daemon=True) for index in range(len(lines))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return order


@contextmanager
def slot(queue: WindowQueue, place: Place, start: DateTime) -> Iterator[None]:
    """One window, which is read within the block."""
    queue.take(place, start)
    yield
    queue.give_back(place, 1)


def moment(day: int) -> DateTime:
    return datetime(2026, 1, 1).add(days=day)


def names(order: list[tuple[str, int]]) -> list[str]:
    """Without repetitions in a row."""
    return [name for index, (name, _) in enumerate(order) if not index or order[index - 1][0] != name]


def test_the_bill_is_read_completely_first() -> None:
    lines = [Line("users", "activity", 30), Line("by_user", "restates", 30), Line("cost", "bill", 40)]
    assert names(read(lines)) == ["cost", "by_user", "users"]


def test_within_a_role_the_stream_with_the_fewest_requests_left_is_first() -> None:
    lines = [Line("long", "activity", 30), Line("short", "activity", 3), Line("estimate", "estimate", 1)]
    assert names(read(lines)) == ["short", "long", "estimate"]


def test_streams_that_share_answers_keep_step_and_go_with_the_first_of_them() -> None:
    lines = [
        Line("models", "restates", 5, "section"),
        Line("seats", "restates", 1),
        Line("consumption", "bill", 5, "section"),
    ]
    order = read(lines)
    sections = [day for name, day in order if name != "seats"]
    assert sections == sorted(sections)
    assert order.index(("consumption", 4)) < order.index(("seats", 0))


def test_what_a_stream_learns_while_it_reads_counts_from_then_on() -> None:
    queue = WindowQueue(1)
    people, models = (
        queue.join(Place("restates", 2, frozenset("pq"), RateLimit())),
        queue.join(Place("restates", 3, frozenset("mno"), RateLimit())),
    )
    with slot(queue, people, moment(0)):
        pass
    queue.weigh(people, 1000)
    order: list[str] = []

    def read(place: Place, name: str, windows: int) -> None:
        for day in range(windows):
            with slot(queue, place, moment(day)):
                order.append(name)
        queue.leave(place)

    threads = [Thread(target=read, args=args) for args in ((people, "people", 1), (models, "models", 3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert order == ["models"] * 3 + ["people"]


def test_one_that_was_passed_over_a_hundred_times_goes_next() -> None:
    lines = [Line("activity", "activity", 300), Line("estimate", "estimate", 2), Line("cost", "bill", 150)]
    order = [name for name, _ in read(lines)]
    assert order[:150] == ["cost"] * 150
    assert "estimate" in order[150:152]


def test_a_stream_that_ends_early_does_not_block_the_others() -> None:
    queue = WindowQueue(1)
    bill = queue.join(Place("bill", 5, frozenset("a"), RateLimit()))
    other = queue.join(Place("activity", 1, frozenset("b"), RateLimit()))
    with slot(queue, bill, moment(0)):
        pass
    queue.leave(bill)
    with slot(queue, other, moment(0)):
        pass


ROLES = st.sampled_from(["bill", "restates", "activity", "estimate"])
LINES = st.lists(st.tuples(ROLES, st.integers(0, 6), st.sampled_from(["", "", "x", "y"])), min_size=1, max_size=6)


@given(LINES, st.integers(1, 4))
def test_every_window_has_its_turn_once_and_in_order(drawn: list[tuple[str, int, str]], capacity: int) -> None:
    lines = [Line(f"s{number}", *one) for number, one in enumerate(drawn)]
    order = read(lines, capacity)
    for line in lines:
        assert [day for name, day in order if name == line.name] == list(range(line.windows))


@pytest.mark.parametrize("capacity", [2, 4])
def test_a_line_that_reads_leaves_the_other_slots_to_the_next(capacity: int) -> None:
    queue = WindowQueue(capacity)
    users, other = (
        queue.join(Place("restates", 2, frozenset("a"), RateLimit())),
        queue.join(Place("activity", 1, frozenset("b"), RateLimit())),
    )
    with slot(queue, users, moment(0)), slot(queue, other, moment(0)):
        pass


def wide(lines: list[Line], capacity: int, at_once: int) -> list[list[tuple[str, int]]]:
    """All lines at once, each with so many windows at once after its first; which were read together, as each began."""
    queue = WindowQueue(capacity)
    places = [queue.join(Place(line.role, line.windows, line.questions, RateLimit())) for line in lines]
    reading: list[tuple[str, int]] = []
    seen: list[list[tuple[str, int]]] = []
    lock = Lock()

    def one(line: Line, place: Place, day: int) -> None:
        with lock:
            reading.append((line.name, day))
            seen.append([*reading])
        with lock:
            reading.remove((line.name, day))
        queue.give_back(place, at_once)

    def run(line: Line, place: Place) -> None:
        for day in range(line.windows):
            queue.take(place, moment(day))
            Thread(target=one, args=(line, place, day), daemon=True).start()
        queue.finish(place)
        queue.leave(place)

    threads = [Thread(target=run, args=pair, daemon=True) for pair in zip(lines, places, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return seen


@given(LINES, st.integers(1, 4), st.integers(1, 5))
def test_windows_of_one_stream_are_read_at_once_within_the_limits(
    drawn: list[tuple[str, int, str]], capacity: int, at_once: int
) -> None:
    lines = [Line(f"s{number}", *one) for number, one in enumerate(drawn)]
    seen = wide(lines, capacity, at_once)
    every = sorted((line.name, day) for line in lines for day in range(line.windows))
    assert sorted(together[-1] for together in seen) == every
    shares = {line.name: line.shares for line in lines}
    partners = Counter(line.shares for line in lines if line.windows)
    for together in seen:
        assert len(together) <= capacity
        reads = Counter(name for name, _ in together)
        assert max(reads.values()) <= at_once
        assert all(reads[name] == 1 for name, day in together if day == 0), "the first window is read alone"
        shared = Counter(shares[name] for name, _ in together if shares[name] and partners[shares[name]] > 1)
        assert max(shared.values(), default=0) <= 1, "streams that share answers read one window at a time"
