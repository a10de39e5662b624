"""A server for one test, at a frozen time that only waits set forward."""

from collections.abc import Iterator

import pytest
import requests_mock

from source_unified_usage.core import clock
from unit_tests.vendors.datadog.answers import EMPTY, LABELS, NOW


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.get(LABELS, **EMPTY)
        yield mocker


@pytest.fixture(autouse=True)
def _now(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW.add(seconds=sum(waits)))
