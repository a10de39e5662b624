"""Into a real database through PyAirbyte: twice, with corrected figures in between."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from integration_tests.harness import ROOT, expected_id, sandbox_config
from sandbox import Fault, Sandbox

pytest.importorskip("airbyte", reason="PyAirbyte needs Python 3.10 to 3.12")

START, TODAY = date(2026, 9, 8), date(2026, 9, 22)

# PyAirbyte in a process of its own: it reads its settings when it is imported and redirects the output
_JOB = """
import json, sys
from pathlib import Path
import airbyte as ab
from airbyte.caches import DuckDBCache
config, command, path = json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
source = ab.get_source("source-unified-usage", local_executable=command, config=config, streams="*")
source.check()
source.read(cache=DuckDBCache(db_path=path, schema_name="usage"))
"""


def job(sandbox: Sandbox, config: Mapping[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """One PyAirbyte read at the sandbox's time into folder/lake.duckdb."""
    command = folder / "bin" / "source-unified-usage"
    command.parent.mkdir(exist_ok=True)
    now, url = sandbox.clock.now().isoformat(), f"http://localhost:{sandbox.port}"
    command.write_text(
        f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m integration_tests.frozen_source {now} {url} "$@"\n'
    )
    command.chmod(0o755)
    places = {name: str(folder) for name in ("AIRBYTE_PROJECT_DIR", "AIRBYTE_CACHE_ROOT", "AIRBYTE_LOGGING_ROOT")}
    quiet = {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "NO_LIVE_PROGRESS": "1"}
    return subprocess.run(
        [sys.executable, "-c", _JOB, json.dumps(config), str(command), str(folder / "lake.duckdb")],
        cwd=folder,
        env={**os.environ, **places, **quiet},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def table(folder: Path, stream: str) -> tuple[list[str], Decimal]:
    """The ids in the stream's table, and the sum of net in all currencies."""
    net = (
        f"select coalesce(sum(cast(charge ->> 'amount' as decimal(28, 10))), 0) from usage.{stream} "
        "cross join unnest(cast(charges as json[])) as line(charge) where charge ->> 'type' = 'net'"
    )
    with duckdb.connect(str(folder / "lake.duckdb"), read_only=True) as lake:
        ids = [id for (id,) in lake.execute(f"select id from usage.{stream}").fetchall()]
        (sum_of_net,) = lake.execute(net).fetchone() or (0,)
    return sorted(ids), Decimal(sum_of_net)


def truth(sandbox: Sandbox, vendor: str, stream: str, end: date) -> tuple[list[str], Decimal]:
    entries = sandbox.vendors[vendor].ledger(START, end)[stream]
    net = sum((v for e in entries for (kind, _), v in e.charges.items() if kind == "net"), Decimal(0))
    return sorted(expected_id(stream, entry.key) for entry in entries), net


@pytest.mark.parametrize(("vendor", "stream"), [("cursor", "cursor_usage_events"), ("confluent", "confluent_costs")])
def test_two_syncs_into_duckdb_leave_the_present_figures_once(
    sandbox: Sandbox, tmp_path: Path, vendor: str, stream: str
) -> None:
    config = sandbox_config(sandbox, [vendor], start_date=START.isoformat())
    first = job(sandbox, config, tmp_path)
    assert first.returncode == 0, first.stderr
    before = table(tmp_path, stream)
    assert before == truth(sandbox, vendor, stream, TODAY)
    sandbox.clock.advance(days=2)
    second = job(sandbox, config, tmp_path)
    assert second.returncode == 0, second.stderr
    after = table(tmp_path, stream)
    assert after == truth(sandbox, vendor, stream, date(2026, 9, 24))
    assert set(before[0]) < set(after[0])


def test_a_failing_vendor_does_not_hold_back_one_that_is_read_by_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.fault("confluent", Fault(status=401, body={"errors": [{"detail": "Bad key"}]}, times=None))
    vendors = ("cursor", "confluent")
    outcome = {v: job(sandbox, sandbox_config(sandbox, [v], start_date="2026-09-08"), tmp_path) for v in vendors}
    assert (outcome["cursor"].returncode, outcome["confluent"].returncode) == (0, 1)
    assert "Bad key" in outcome["confluent"].stderr + outcome["confluent"].stdout
    assert table(tmp_path, "cursor_usage_events") == truth(sandbox, "cursor", "cursor_usage_events", TODAY)
