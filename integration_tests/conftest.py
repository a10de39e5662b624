"""A sandbox and a source at the same frozen time."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration_tests.harness import NOW, Source
from sandbox import Sandbox
from sandbox.vendors.claude import ClaudeSandbox

if TYPE_CHECKING:
    from integration_tests.lakes import Lake

# what nohup has its command ignore, every process that a test starts would ignore too
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: more than there are cores, because these tests wait for the processes that they start."""
    return (os.cpu_count() or 1) + 1


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


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[Lake]":
    from integration_tests.lakes import a_lake  # skips where PyAirbyte's packages are missing

    with a_lake(request.param, tmp_path) as one:
        yield one
