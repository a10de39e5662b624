"""For all unit tests: nothing waits, and no test masks what another has masked."""

import time

import pytest

from source_unified_usage.core import clock
from source_unified_usage.core.masking import mask


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, in seconds. Instead of waiting, both clocks move forward; the monotonic clock moves by nothing else.

    This includes waits that a vendor asks for and waits for a rate limit.
    """
    waited: list[float] = []
    wall = clock.now
    monkeypatch.setattr(clock, "sleep", waited.append)
    monkeypatch.setattr(clock, "monotonic", lambda: sum(waited))
    monkeypatch.setattr(clock, "now", lambda: wall().add(seconds=sum(waited)))
    monkeypatch.setattr(time, "sleep", _never)
    return waited


@pytest.fixture(autouse=True)
def _no_secrets() -> None:
    """The CDK's list of secrets grows with every API that is made, and every error looks for all of them."""
    mask(())


def _never(seconds: float) -> None:
    raise AssertionError(f"a unit test slept for {seconds} s")
