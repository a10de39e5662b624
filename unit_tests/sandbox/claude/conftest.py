"""The simulated Claude APIs alone, asked over HTTP."""

from collections.abc import Iterator

import pytest

from sandbox import Sandbox
from sandbox.vendors.claude import ClaudeSandbox
from unit_tests.sandbox.claude.asking import NOW


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(now=NOW, vendors=(ClaudeSandbox,)) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    """The one server of this module, its knobs and clock set back after every test."""
    yield server
    server.claude.reset()
    server.clock.advance(seconds=(NOW - server.clock.now()).total_seconds())
