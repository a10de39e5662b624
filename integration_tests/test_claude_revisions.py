"""Claude's reports by person over days of syncs: what changed arrives, and what did not is not asked for again."""

from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from integration_tests.harness import NOW, Source, State, assert_conserved, merged, sandbox_config
from sandbox import Fault, Sandbox

START, TODAY = date(2026, 8, 20), date(2026, 9, 22)
STREAMS = ["claude_user_usage", "claude_user_cost", "claude_spend", "claude_tokens"]
BY_PERSON = "analytics/user_cost_report"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """So few people that ten syncs take seconds."""
    with Sandbox(days=60, now=NOW, people=6) as running:
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["claude"], start_date=START.isoformat())


def test_every_sync_leaves_what_the_vendor_knows_then(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """Ten days of corrections; the reports are large, so that days which did not change are left out."""
    claude = sandbox.claude
    claude.analytics_limit.requests = claude.admin_limit.requests = None
    held: dict[str, dict[str, Any]] = {stream: {} for stream in STREAMS}
    states: State | None = None
    read: dict[str, list[int]] = {stream: [] for stream in STREAMS}
    for day in range(10):
        output = source.read(config, STREAMS, states)
        assert (output.code, output.traces) == (0, [])
        for stream in STREAMS:
            held[stream] |= {record["id"]: record for record in output.records[stream]}
        states = output.states
        table: Any = SimpleNamespace(records={stream: list(rows.values()) for stream, rows in held.items()})
        assert_conserved(table, claude.ledger(START, TODAY + timedelta(days=day)), STREAMS)
        for stream in STREAMS:
            read[stream].append(len({record["start_date"] for record in output.records[stream]}))
        sandbox.clock.advance(days=1)
    for days in read.values():
        assert days[7] == 38, "not all days that may have changed since a week ago"
        assert max(*days[1:7], *days[8:]) < 31, read


def test_without_the_totals_every_day_of_the_lookback_is_read(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    first = source.read(config, ["claude_user_cost"])
    sandbox.clock.advance(days=1)
    sandbox.fault("claude", Fault("analytics/cost_report", status=403, times=None))
    second = source.read(config, ["claude_user_cost"], first.states)
    assert (second.code, second.traces) == (0, [])
    assert len({record["start_date"] for record in second.records["claude_user_cost"]}) == 32
    assert [log for log in second.logs if "their totals did not come" in log]


def test_a_state_of_before_is_read_once_more_and_goes_on_with_the_memory(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    first = source.read(config, ["claude_user_cost"])
    written = first.states[0]["stream"]["stream_state"]
    assert written.keys() == {"slices", "state_type", "scope", "memory"}
    before = [merged(first.states[0], {"stream": {"stream_state": {"memory": None}}})]
    sandbox.clock.advance(days=1)
    second = source.read(config, ["claude_user_cost"], before)
    assert len({record["start_date"] for record in second.records["claude_user_cost"]}) == 32
    assert second.slices("claude_user_cost") == [("2026-08-20", "2026-09-23")]
    assert second.states[0]["stream"]["stream_state"]["memory"]["days"].keys() == {
        f"{TODAY - timedelta(days=day):%Y-%m-%d}" for day in range(1, 32)
    }
