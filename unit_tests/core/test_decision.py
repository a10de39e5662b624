"""What happens with a window next: the whole decision table, without vendor, thread or CDK."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import DateTime, datetime

from source_unified_usage.core.decision import (
    FAILURES_IN_A_ROW,
    Again,
    Ask,
    Bounds,
    Complete,
    Contradicted,
    Decision,
    Failed,
    Outcome,
    RetainedFrom,
    Skip,
    Stop,
    Unread,
    Written,
    decide,
)
from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.window import Window


def day(number: int) -> DateTime:
    return datetime(2026, 9, 1).add(days=number - 1)


def part(first: int, after: int) -> Window:
    return Window(day(first), day(after))


WEEK = part(10, 17)
NOW = Window(datetime(2026, 9, 20, 9, 30), datetime(2026, 9, 20, 9, 30))  # a snapshot's window
KEPT_FROM_12 = Bounds(retained_from=day(12))
TEMPORARY, BROKEN = Failed(Unavailable("503")), Failed(BrokenContract("no list"))
MISSING_SCOPE, REFUSED = Failed(ConfigError("403")), Failed(KeyRefused("401"))


@pytest.mark.parametrize(
    ("window", "bounds", "outcome", "decision"),
    [
        # not asked yet
        (WEEK, Bounds(), Unread(), Ask(WEEK)),
        (WEEK, Bounds(retained_from=day(9)), Unread(), Ask(WEEK)),
        (WEEK, Bounds(retained_from=day(12)), Unread(), Ask(part(12, 17))),
        (WEEK, Bounds(retained_from=day(17)), Unread(), Skip()),
        (WEEK, Bounds(available_until=day(10)), Unread(), Skip()),
        (WEEK, Bounds(available_until=day(11)), Unread(), Ask(WEEK)),
        (WEEK, Bounds(provisional_from=day(1)), Unread(), Ask(WEEK)),
        (NOW, Bounds(), Unread(), Ask(NOW)),
        (NOW, Bounds(available_until=day(1)), Unread(), Ask(NOW)),
        # the vendor names the oldest day that it keeps
        (WEEK, Bounds(), RetainedFrom(day(12)), Again(day(12))),
        (WEEK, Bounds(), RetainedFrom(day(20)), Again(day(20))),
        (WEEK, KEPT_FROM_12, RetainedFrom(day(13)), Again(day(13))),
        (WEEK, KEPT_FROM_12, RetainedFrom(day(12)), Contradicted(day(12))),
        (WEEK, KEPT_FROM_12, RetainedFrom(day(11)), Contradicted(day(11))),
        (WEEK, Bounds(), RetainedFrom(day(10)), Contradicted(day(10))),
        (WEEK, Bounds(), RetainedFrom(day(9)), Contradicted(day(9))),
        # all of it came
        (WEEK, Bounds(), Complete(), Written(WEEK)),
        (part(18, 22), Bounds(), Complete(), Written(part(18, 20))),  # the 20th is still running
        (part(20, 22), Bounds(), Complete(), Written(part(20, 20))),
        (WEEK, Bounds(retained_from=day(12)), Complete(), Written(part(12, 17))),
        (WEEK, Bounds(provisional_from=day(15)), Complete(), Written(part(10, 15))),
        (WEEK, Bounds(available_until=day(14)), Complete(), Written(part(10, 14))),
        (WEEK, Bounds(day(12), day(15), day(14)), Complete(), Written(part(12, 14))),
        (WEEK, Bounds(day(12), day(11), None), Complete(), Written(part(12, 12))),
        (WEEK, Bounds(available_until=day(10)), Complete(), Written(part(10, 10))),
        # it failed
        (WEEK, Bounds(), TEMPORARY, Skip()),
        (WEEK, Bounds(), BROKEN, Skip()),
        (WEEK, Bounds(), MISSING_SCOPE, Stop()),
        (WEEK, Bounds(), REFUSED, Stop()),
        (WEEK, Bounds(), Failed(ConfigError("404"), partly=True), Skip()),
    ],
)
def test_the_table(window: Window, bounds: Bounds, outcome: Outcome, decision: Decision) -> None:
    assert decide(window, closed=day(20), bounds=bounds, failed_in_a_row=0, outcome=outcome) == decision


@pytest.mark.parametrize("outcome", [TEMPORARY, BROKEN, MISSING_SCOPE])
def test_the_second_failure_in_a_row_stops_the_stream(outcome: Outcome) -> None:
    decision = decide(WEEK, closed=day(20), bounds=Bounds(), failed_in_a_row=FAILURES_IN_A_ROW - 1, outcome=outcome)
    assert decision == Stop()


def test_a_part_that_fails_again_and_again_does_not_stop_the_rest() -> None:
    outcome = Failed(ConfigError("404"), partly=True)
    for failed in range(5):
        assert decide(WEEK, closed=day(20), bounds=Bounds(), failed_in_a_row=failed, outcome=outcome) == Skip()


DAYS = st.integers(1, 40).map(day)
MAYBE = st.none() | DAYS
BOUNDS = st.builds(Bounds, MAYBE, MAYBE, MAYBE)
WINDOWS = st.builds(lambda start, length: Window(start, start.add(days=length)), DAYS, st.integers(1, 30))


@given(WINDOWS, BOUNDS, DAYS)
def test_only_what_is_over_final_and_served_counts_as_read(window: Window, bounds: Bounds, closed: DateTime) -> None:
    decision = decide(window, closed=closed, bounds=bounds, failed_in_a_row=0, outcome=Complete())
    assert isinstance(decision, Written)
    written = decision.part
    assert written.start <= written.end
    each = window.start
    while each < window.end:
        counts = (
            each < closed
            and (bounds.retained_from is None or each >= bounds.retained_from)
            and (bounds.provisional_from is None or each < bounds.provisional_from)
            and (bounds.available_until is None or each < bounds.available_until)
        )
        assert (written.start <= each < written.end) == counts
        each += timedelta(days=1)


@given(WINDOWS, BOUNDS, DAYS, st.lists(DAYS, max_size=50))
def test_a_vendor_that_always_names_another_day_is_not_asked_without_end(
    window: Window, bounds: Bounds, closed: DateTime, named: list[DateTime]
) -> None:
    """Whatever days it names, each question is for less than the one before."""
    outcome: Outcome = Unread()
    asked: list[Window] = []
    for answer in named:
        decision = decide(window, closed=closed, bounds=bounds, failed_in_a_row=0, outcome=outcome)
        match decision:
            case Ask(part):
                assert window.start <= part.start < part.end == window.end
                assert not asked or part.start > asked[-1].start
                asked.append(part)
                outcome = RetainedFrom(answer)
            case Again(day):
                bounds, outcome = Bounds(day, bounds.provisional_from, bounds.available_until), Unread()
            case _:
                assert isinstance(decision, Skip | Contradicted)
                break
    assert len(asked) <= (window.end - window.start).days
