"""What holds for all unit tests: nothing waits."""

import time

import pytest

from source_unified_usage.core import clock


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited, instead of waiting: both clocks go on by it, and the monotonic one by nothing else.

    That holds for what a vendor told to wait and for a rate limit alike: whoever is held back is let through at once.
    """
    waited: list[float] = []
    wall = clock.now
    monkeypatch.setattr(clock, "sleep", waited.append)
    monkeypatch.setattr(clock, "monotonic", lambda: sum(waited))
    monkeypatch.setattr(clock, "now", lambda: wall().add(seconds=sum(waited)))
    monkeypatch.setattr(time, "sleep", _never)
    return waited


def _never(seconds: float) -> None:
    raise AssertionError(f"a unit test slept for {seconds} s")
