"""A sandbox and a source at the same frozen time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.harness import NOW, Source
from sandbox import Sandbox
from sandbox.vendors.claude import ClaudeSandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A company of 13: the fewest of whom one has an idle seat and one has left."""
    with Sandbox(days=60, now=NOW, people=13) as running:
        yield running


@pytest.fixture
def source(sandbox: Sandbox, tmp_path: Path) -> Source:
    return Source(sandbox, tmp_path)


@pytest.fixture
def claude(sandbox: Sandbox) -> ClaudeSandbox:
    vendor = sandbox.vendors["claude"]
    assert isinstance(vendor, ClaudeSandbox)
    return vendor
