"""A server for one test, at a time that stands still and goes on only by what is waited."""

from collections.abc import Iterator

import pytest
import requests_mock

from source_unified_usage.core import clock
from unit_tests.vendors.datadog.answers import EMPTY, MAPPING, NOW


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.get(MAPPING, **EMPTY)
        yield mocker


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited, instead of waiting; time goes on by it."""
    waited: list[float] = []
    now = [NOW]

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] = now[0].add(seconds=seconds)

    monkeypatch.setattr(clock, "sleep", sleep)
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return waited
