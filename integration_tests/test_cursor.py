"""Cursor in its two ways, a team's key and an organization's, against the sandbox."""

from datetime import date
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, sandbox_config
from sandbox import Sandbox
from sandbox.vendors.cursor import ORGANIZATION_ID, ORGANIZATION_KEY, TEAM_KEY, TEAMS_PLAN_KEY

START, TODAY = date(2026, 9, 1), date(2026, 9, 22)
EVENTS, DAILY, SPEND, POOLED = "cursor_usage_events", "cursor_daily_usage", "cursor_spend", "cursor_pooled_usage"


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["cursor"], start_date=START.isoformat())


def test_every_stream_of_a_team_is_whole(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = source.read(config)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.cursor.ledger(START, TODAY))


def test_an_organization_is_whole_and_its_teams_can_be_chosen(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    block = {**config["cursor"], "api_key": ORGANIZATION_KEY, "organization_id": ORGANIZATION_ID}
    output = source.read({**config, "cursor": {**block, "analytics_api_key": TEAM_KEY}})
    assert (output.code, output.traces) == (0, [])
    truth = sandbox.cursor.organization_ledger(START, TODAY)
    assert_conserved(output, truth)
    enterprise = sandbox.cursor.ledger(START, TODAY)
    assert_conserved(output, enterprise, enterprise.keys() - truth.keys())
    one = source.read({**config, "cursor": {**block, "enterprise": False, "team_ids": [202]}})
    assert_conserved(one, {name: [e for e in rows if 202 in e.key] for name, rows in truth.items()})


def test_a_plan_without_the_enterprise_streams_still_has_the_others(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    output = source.read({**config, "cursor": {**config["cursor"], "api_key": TEAMS_PLAN_KEY}})
    complete = {name for name, status in output.statuses.items() if status == "COMPLETE"}
    assert complete == {EVENTS, DAILY, SPEND}
    refused = [trace for trace in output.traces if "stream_descriptor" in trace]
    assert {trace["failure_type"] for trace in refused} == {"config_error"}
    assert all("Enterprise plan" in trace["message"] for trace in refused)
    assert_conserved(output, sandbox.cursor.ledger(START, TODAY), complete)
