"""The simulated Scenario alone, asked over HTTP."""

from collections.abc import Iterator

import pytest

from sandbox import Sandbox
from sandbox.limits import Limit
from unit_tests.sandbox.scenario.asking import start


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Shared by the tests that change nothing."""
    with start() as running:
        running.scenario.limit = Limit(None)
        yield running


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """For one test, to change its knobs and its clock."""
    with start() as running:
        yield running
