"""A server that knows no team and no project, and a day on which the tests take place."""

from collections.abc import Iterator

import pytest
import requests_mock
from pendulum import DateTime, datetime

from source_unified_usage.core import clock
from unit_tests.vendors.scenario.answers import ADDRESS


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        for what in ("teams", "projects"):
            mocker.get(f"{ADDRESS}/v1/{what}", json={what: []})
        yield mocker


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> DateTime:
    now = datetime(2026, 9, 22, 9, 30)
    monkeypatch.setattr(clock, "now", lambda: now)
    return now
