"""The simulated Claude APIs alone, asked over HTTP."""

from collections.abc import Iterator

import pytest

from sandbox import Sandbox
from sandbox.vendors.claude import ClaudeSandbox
from sandbox.vendors.claude.knobs import Knobs
from unit_tests.sandbox.claude.asking import NOW


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.server.VENDORS", (ClaudeSandbox,))
        with Sandbox(now=NOW) as running:
            yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    """The one server of this module, its knobs and clock set back after every test."""
    yield server
    Knobs.__init__(server.claude)
    server.clock.advance(seconds=(NOW - server.clock.now()).total_seconds())
