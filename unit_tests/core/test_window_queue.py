"""Who has the next turn."""

from threading import Thread

from pendulum import datetime

from source_unified_usage.core.window_queue import WindowQueue


def test_nothing_has_a_turn_before_the_last_of_what_bills() -> None:
    """Not even between two windows of the bill, when nothing else of it waits."""
    window_queue, turns = WindowQueue(1), []
    window_queue.expect_bill()

    def other() -> None:
        with window_queue.slot(datetime(2026, 1, 1)):
            turns.append("other")

    waiting = Thread(target=other, daemon=True)
    waiting.start()
    for month in (8, 9):
        with window_queue.slot(datetime(2026, month, 1), bills=True):
            turns.append("bill")
    window_queue.bill_read()
    waiting.join(60)
    assert turns == ["bill", "bill", "other"]


def test_without_a_bill_nothing_waits_for_one() -> None:
    window_queue = WindowQueue(1)
    for _ in range(2):
        with window_queue.slot(datetime(2026, 1, 1)):
            pass
    window_queue.expect_bill()
    window_queue.bill_read()
    with window_queue.slot(datetime(2026, 1, 1)):
        pass
