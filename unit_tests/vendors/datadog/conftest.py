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
def _now(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW.add(seconds=sum(waits)))
