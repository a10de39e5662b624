"""Which window is read next: by role, then by the number of requests left; streams that share answers keep step."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import DateTime, datetime

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
    places = [queue.join(line.role, line.windows, line.questions) for line in lines]
    order: list[tuple[str, int]] = []

    def run(index: int) -> None:
        line, place = lines[index], places[index]
        try:
            for day in range(line.windows):
                with queue.slot(place, moment(day)):
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
    people, models = queue.join("restates", 2, frozenset("pq")), queue.join("restates", 3, frozenset("mno"))
    with queue.slot(people, moment(0)):
        pass
    queue.weigh(people, 1000)
    order: list[str] = []

    def read(place: Place, name: str, windows: int) -> None:
        for day in range(windows):
            with queue.slot(place, moment(day)):
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
    bill = queue.join("bill", 5, frozenset("a"))
    other = queue.join("activity", 1, frozenset("b"))
    with queue.slot(bill, moment(0)):
        pass
    queue.leave(bill)
    with queue.slot(other, moment(0)):
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
    bill, other = queue.join("bill", 2, frozenset("a")), queue.join("activity", 1, frozenset("b"))
    with queue.slot(bill, moment(0)), queue.slot(other, moment(0)):
        pass
