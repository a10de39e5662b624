"""One server for the tests of a module, which every test finds untouched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendor import SandboxVendor

Vendor = type[SandboxVendor[Any, Any]]


def fixtures(
    vendor: Vendor, now: datetime, days: int = 120, people: int = 24
) -> tuple[Callable[[], Any], Callable[[Sandbox], Any]]:
    """The fixtures `served`, which lasts for a module, and `sandbox`, the same for a test, without `limit`."""

    @pytest.fixture(scope="module")
    def served() -> Iterator[Sandbox]:
        with Sandbox(now=now, days=days, vendors=(vendor,), people=people) as running:
            yield running

    @pytest.fixture
    def sandbox(served: Sandbox) -> Iterator[Sandbox]:
        with rewound(served, now) as running:
            for one in running.vendors.values():
                vars(one).update({"limit": Limit(None)} if "limit" in vars(one) else {})
            yield running

    return served, sandbox


@contextmanager
def rewound(served: Sandbox, now: datetime) -> Iterator[Sandbox]:
    """Knobs, faults and clock are untouched afterwards."""
    yield served
    for vendor in served.vendors.values():
        vendor.reset()
    served.heal()
    served.clock.advance(seconds=(now - served.clock.now()).total_seconds())
