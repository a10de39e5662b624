"""A window is read in parts of whole days, by how many rows the days before had; a budget bounds several windows."""

from threading import Event, Thread

import pytest
from pendulum import datetime

from source_unified_usage.core.errors import Crowded
from source_unified_usage.core.portions import MOST_ROWS, Portions, RowBudget
from source_unified_usage.core.window import Window

MONTH = Window(datetime(2026, 9, 1), datetime(2026, 10, 1))


def lengths(portions: Portions, rows_a_day: int, window: Window = MONTH, *, refuses: bool = False) -> list[int]:
    """The days of every part that was asked for; together the parts make the window."""
    asked: list[int] = []

    def read(part: Window, most: int | None) -> list[int]:
        days = (part.end - part.start).days
        asked.append(days)
        if refuses and most is not None and days * rows_a_day > most:
            raise Crowded
        return [0] * (days * rows_a_day)

    parts = [part for part, _ in portions.over(window, read)]
    assert [part.start for part in parts[1:]] + [window.end] == [part.end for part in parts]
    assert parts[0].start == window.start
    return asked


def test_few_rows_are_read_at_once_from_the_second_part_on() -> None:
    portions = Portions(8)
    assert lengths(portions, 100) == [8, 22]
    assert lengths(portions, 100) == [30]


def test_no_rows_are_read_at_once() -> None:
    assert lengths(Portions(8), 0) == [8, 22]


def test_many_rows_are_read_by_as_many_days_as_fit() -> None:
    assert lengths(Portions(4), MOST_ROWS // 4, Window(MONTH.start, MONTH.start.add(days=10))) == [4, 4, 2]
    assert lengths(Portions(4), 2 * MOST_ROWS, Window(MONTH.start, MONTH.start.add(days=6))) == [4, 1, 1]


@pytest.mark.parametrize(
    ("rows_a_day", "asked"), [(MOST_ROWS // 3, [8, 2, 3, 3, 2]), (2 * MOST_ROWS, [8, 2] + [1] * 10)]
)
def test_a_part_that_has_too_many_is_read_in_shorter_ones(rows_a_day: int, asked: list[int]) -> None:
    assert lengths(Portions(8), rows_a_day, Window(MONTH.start, MONTH.start.add(days=10)), refuses=True) == asked


def test_the_open_day_ends_with_its_last_hour() -> None:
    window = Window(datetime(2026, 9, 1), datetime(2026, 9, 2, 7))
    assert lengths(Portions(3), 5, window) == [1]


def test_beyond_the_budget_only_the_earliest_window_goes_on() -> None:
    budget = RowBudget(100)
    first, second = datetime(2026, 9, 1), datetime(2026, 9, 2)
    stopped, waiting, went_on = Event(), Event(), Event()

    def later() -> None:
        with budget.window(second):
            budget.hold(second, 60)
            stopped.set()
            waiting.wait(60)
            budget.hold(second, 10)
            went_on.set()

    thread = Thread(target=later, daemon=True)
    with budget.window(first):
        thread.start()
        assert stopped.wait(60)
        budget.hold(first, 500)  # the earliest never waits
        waiting.set()
        assert not went_on.wait(0.01)
    assert went_on.wait(60)
    thread.join(60)
