"""The bill of every credential is whole before anything else is asked: counted in requests, whatever they take."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from integration_tests.bills import AskedSandbox, Request, Whole, block_of, credentials, lines_of, states_of
from integration_tests.harness import NOW, Output, Source, sandbox_config
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.vendors import VENDORS

DAYS = 10


def arguments(sandbox: AskedSandbox, source: Source, vendor: str, streams: Sequence[str]) -> list[str]:
    start = (NOW - timedelta(days=DAYS)).date()
    return source.reading(sandbox_config(sandbox, [vendor], start_date=start.isoformat()), streams)


def alone(vendor: str, streams: Sequence[str], folder: Path) -> tuple[Output, list[Request]]:
    """A first sync of these streams alone, and what it asked."""
    with AskedSandbox(days=DAYS + 2, now=NOW, people=6) as sandbox:
        source = Source(sandbox, folder)
        output = source.run(*arguments(sandbox, source, vendor, streams))
    assert (output.code, output.traces) == (0, [])
    return output, sandbox.asked


@pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.name for vendor in VENDORS])
def test_nothing_is_asked_until_the_bill_is_whole_but_what_it_needs(vendor: type[Vendor], tmp_path: Path) -> None:
    """No request and no record comes before those of a sync of the bill alone."""
    found = [*credentials(vendor, block_of(vendor), DAYS)]
    assert found
    for credential in found:
        output, needed = alone(vendor.name, sorted(credential.sharing), tmp_path)
        bill, before = Whole({name: states_of(output)[name] for name in credential.bills}), set[str]()
        with AskedSandbox(days=DAYS + 2, now=NOW, people=6) as sandbox:
            source = Source(sandbox, tmp_path)
            with source.start(*arguments(sandbox, source, vendor.name, credential.all)) as running:
                for message in map(json.loads, lines_of(running)):
                    if message["type"] == "RECORD" and not bill.seen:
                        before.add(message["record"]["stream"])
                    bill.see(message)
                assert running.code == 0
        assert bill.seen
        assert before <= credential.sharing
        assert Counter(sandbox.asked[: len(needed)]) == Counter(needed)
