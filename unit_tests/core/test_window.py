"""Windows: tiling, gaps, lookback, state."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import DateTime, datetime

from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered, Span, Window, days, gaps, merge, months, without

ORIGIN = datetime(2025, 11, 17)
SPANS = st.builds(Span, st.sampled_from(["days", "months"]), st.integers(1, 40))


def day(offset: int) -> DateTime:
    return ORIGIN.add(days=offset)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(st.integers(0, 400))
    return Window(day(start), day(start + draw(st.integers(0, 120))))


def every_day(parts: list[Window]) -> list[DateTime]:
    return [part.start + timedelta(n) for part in parts for n in range((part.end - part.start).days)]


@given(windows(), SPANS)
def test_windows_tile_the_range(window: Window, step: Span) -> None:
    parts = list(step.cut(window))
    assert every_day(parts) == every_day([window])
    assert all(not part.empty for part in parts)


@given(windows(), st.lists(windows(), max_size=5))
def test_gaps_and_coverage_make_the_range(window: Window, covered: list[Window]) -> None:
    open_days = set(every_day(gaps(window, covered)))
    assert open_days == set(every_day([window])) - set(every_day(covered))
    assert every_day(gaps(window, covered)) == sorted(open_days)


@given(st.lists(windows(), max_size=5), windows())
def test_a_gap_is_cut_out_exactly(covered: list[Window], hole: Window) -> None:
    assert set(every_day(without(covered, hole))) == set(every_day(covered)) - set(every_day([hole]))


def test_a_month_from_its_middle_ends_with_the_month() -> None:
    parts = months(1).cut(Window(datetime(2026, 1, 15), datetime(2026, 3, 2)))
    assert [(part.first_day, part.last_day) for part in parts] == [
        ("2026-01-15", "2026-01-31"),
        ("2026-02-01", "2026-02-28"),
        ("2026-03-01", "2026-03-01"),
    ]


def test_the_forms_that_apis_want() -> None:
    window = Window(datetime(2026, 7, 14), datetime(2026, 7, 16))
    assert (window.first_day, window.last_day, window.end_day) == ("2026-07-14", "2026-07-15", "2026-07-16")
    assert window.last_ms == int(datetime(2026, 7, 16).timestamp() * 1000) - 1
    open_day = Window(datetime(2026, 7, 14), datetime(2026, 7, 15, 9))
    assert (open_day.last_day, open_day.end_day) == ("2026-07-15", "2026-07-16")


@given(st.lists(windows(), max_size=6))
def test_a_state_gives_back_what_was_covered(covered: list[Window]) -> None:
    once = Covered()
    for window in covered:
        once = once.add(window)
    assert Covered.from_state(once.to_state()) == once


@given(st.lists(windows(), min_size=1, max_size=6), st.integers(0, 60))
def test_failing_syncs_do_not_move_the_lookback(covered: list[Window], lookback: int) -> None:
    once = Covered()
    for window in covered:
        once = once.add(window)
    for _ in range(3):  # syncs whose re-read fails every time
        if once.high_water_mark is None:
            return
        once = Covered.from_state(once.forget(days(lookback).before(once.high_water_mark)).to_state())
    high_water_mark = max(window.end for window in merge(covered))
    assert once.high_water_mark == high_water_mark
    kept = without(
        merge(covered),
        Window(days(lookback).before(high_water_mark), max(high_water_mark, days(lookback).before(high_water_mark))),
    )
    assert list(once.windows) == kept


def test_the_slices_of_the_cdk_are_read() -> None:
    concurrent = {
        "state_type": "date-range",
        "slices": [
            {"start": "2026-01-01T00:00:00Z", "end": "2026-01-31T23:59:59Z", "most_recent_cursor_value": "x"},
            {"start": "2026-02-10T00:00:00Z", "end": "2026-02-11T23:59:59.999Z"},
        ],
    }
    assert Covered.from_state(concurrent).windows == (
        Window(datetime(2026, 1, 1), datetime(2026, 2, 1)),
        Window(datetime(2026, 2, 10), datetime(2026, 2, 12)),
    )


@pytest.mark.parametrize(
    "state",
    [
        {"start_date": "2026-03-06T07:30:00Z"},
        {"cursor": 1},
        {"slices": [{"start": 5, "end": 6}]},
        {"slices": [{"start": "x"}]},
    ],
)
def test_an_unknown_state_is_refused(state: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        Covered.from_state(state)


def test_hours_that_make_days_together_count_as_days() -> None:
    """Each alone would be rounded to nothing."""
    hours = [ORIGIN.add(hours=n) for n in range(10_001)]
    slices = [{"start": start.isoformat(), "end": end.isoformat()} for start, end in pairwise(hours)]
    covered = Covered.from_state({"slices": slices})
    assert covered.windows == (Window(ORIGIN, hours[-1].start_of("day")),)
    assert len(covered.to_state()["slices"]) == 1


@given(st.lists(windows(), max_size=6), st.integers(0, 500))
def test_a_state_covers_nothing_beyond_now(covered: list[Window], now: int) -> None:
    once = Covered()
    for window in covered:
        once = once.add(window)
    cut = once.until(day(now))
    assert set(every_day(list(cut.windows))) == {d for d in every_day(list(once.windows)) if d < day(now)}
    assert cut.high_water_mark is None or cut.high_water_mark <= day(now)
    assert cut == once or cut.high_water_mark == day(now)


NOW = datetime(2026, 9, 22, 9, 30)


def wanted(start: str, end: str | None = None, *, current: bool = False) -> Range:
    return Range(date.fromisoformat(start), date.fromisoformat(end) if end else None, current, NOW)


@pytest.mark.parametrize(
    ("asked", "grain", "bounds"),
    [
        (wanted("2026-08-15"), "day", ("2026-08-15T00:00:00Z", "2026-09-22T00:00:00Z")),
        (wanted("2026-08-15", current=True), "day", ("2026-08-15T00:00:00Z", "2026-09-23T00:00:00Z")),
        (wanted("2026-08-15", current=True), "event", ("2026-08-15T00:00:00Z", "2026-09-22T09:00:00Z")),
        (wanted("2026-08-15", "2026-08-31"), "day", ("2026-08-15T00:00:00Z", "2026-09-01T00:00:00Z")),
        (wanted("2026-08-15", "2027-01-01", current=True), "day", ("2026-08-15T00:00:00Z", "2026-09-23T00:00:00Z")),
        (wanted("2026-07-15"), "month", ("2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z")),
        (wanted("2026-07-15", "2026-08-31"), "month", ("2026-07-01T00:00:00Z", "2026-09-01T00:00:00Z")),
        (wanted("2026-07-15", "2026-08-02"), "month", ("2026-07-01T00:00:00Z", "2026-09-01T00:00:00Z")),
    ],
)
def test_the_range_of_a_sync(asked: Range, grain: str, bounds: tuple[str, str]) -> None:
    window = asked.window(grain)  # type: ignore[arg-type]
    assert str(window) == " to ".join(bounds)
