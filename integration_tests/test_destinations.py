"""All vendors into real databases: with one failing, then again after the vendors corrected figures.

Whatever happens, what a table holds is what the sandbox knows: every row once, its id, its time and its charges.
Streams without charges are left to the tests of the vendors; PyAirbyte is slow with more tables.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

import pytest

from integration_tests import pyairbyte
from integration_tests.harness import NOW, sandbox_config
from integration_tests.lakes import Lake, Table, assert_whole, truth
from sandbox import Fault, Sandbox

pytestmark = [pyairbyte.needed, pytest.mark.slow]

START = date(2026, 9, 17)
FAILING = "confluent_costs"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(days=20, now=NOW, people=6) as running:
        yield running


def of(vendor: str, tables: Mapping[str, Table]) -> Table:
    """All rows of one vendor."""
    return {id: row for name, rows in tables.items() if name.startswith(f"{vendor}_") for id, row in rows.items()}


def test_what_is_held_is_what_the_vendors_know(sandbox: Sandbox, lake: Lake) -> None:
    config = sandbox_config(sandbox, start_date=START.isoformat(), scenario={"include_user_model_usage": True})
    streams = ["--streams", *truth(sandbox, START)]

    sandbox.fault("confluent", Fault("/billing", status=401, body={"errors": [{"detail": "Bad key"}]}, times=None))
    code, said = lake.sync(sandbox, config, *streams)
    assert code == 1
    assert re.search(rf"^confluent failed: Confluent, stream {FAILING}, .+ 401 .+Bad key", said, re.M)
    assert re.findall(r"^(\w+) failed:", said, re.M) == ["confluent"]
    before = lake.tables()
    assert before.pop(FAILING) == {}
    assert_whole(before, {stream: rows for stream, rows in truth(sandbox, START).items() if stream != FAILING})

    sandbox.heal()
    sandbox.clock.advance(days=2)
    sandbox.requests.clear()
    assert lake.sync(sandbox, config, *streams)[0] == 0
    after = lake.tables()
    assert_whole(after, truth(sandbox, START))
    # one request for each day: two new ones and three to read again, not all seven
    assert sandbox.requests["GET /claude/v1/organizations/usage_report/claude_code"] == 5
    for vendor in sandbox.vendors.keys() - {"confluent"}:
        old, new = of(vendor, before), of(vendor, after)
        assert old.keys() < new.keys(), vendor
        assert any(row != new[id] for id, row in old.items()), f"{vendor}: no figure was corrected"
