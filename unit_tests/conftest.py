"""What holds for all unit tests: nothing waits."""

import pytest

from source_unified_usage.core import clock


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited, instead of waiting: both clocks go on by it, and the monotonic one by nothing else."""
    waited: list[float] = []
    wall = clock.now
    monkeypatch.setattr(clock, "sleep", waited.append)
    monkeypatch.setattr(clock, "monotonic", lambda: sum(waited))
    monkeypatch.setattr(clock, "now", lambda: wall().add(seconds=sum(waited)))
    return waited
