"""Cursor in its two ways, a team's key and an organization's, against the sandbox."""

from datetime import date, timedelta
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, sandbox_config
from sandbox import Sandbox
from sandbox.vendors.cursor.credentials import ORGANIZATION_ID, ORGANIZATION_KEY, TEAM_KEY, TEAMS_PLAN_KEY

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
    assert sandbox.refused() == 0
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


def test_events_that_swap_between_two_pages_are_neither_lost_nor_doubled(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    """Pages of three cut the three events that every day has in one millisecond, in another order each time."""
    sandbox.cursor.page_cap, sandbox.cursor.restless = 3, True
    config["start_date"] = "2026-09-17"
    output = source.read(config, [EVENTS])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.cursor.ledger(date(2026, 9, 17), TODAY), [EVENTS])


LISTS = [
    *(DAILY, SPEND, "cursor_ai_code_commits", "cursor_ai_code_changes", "cursor_analytics_models", "cursor_bugbot"),
    "cursor_bugbot_reviews",
]


@pytest.mark.parametrize("stream", LISTS)
def test_rows_that_slip_to_the_page_before_are_neither_lost_nor_doubled(
    source: Source, sandbox: Sandbox, config: dict[str, Any], stream: str
) -> None:
    sandbox.cursor.page_cap, sandbox.cursor.limits = 4, dict.fromkeys(sandbox.cursor.limits)
    config["start_date"] = "2026-09-17"
    sandbox.cursor.shifts = 1
    output = source.read(config, [stream])
    assert (output.code, output.traces, sandbox.cursor.shifts) == (0, [], 0)
    assert_conserved(output, sandbox.cursor.ledger(date(2026, 9, 17), TODAY), [stream])
    sandbox.cursor.shifts = 10_000
    output = source.read(config, [stream])
    assert {trace["failure_type"] for trace in output.traces} == {"transient_error"}
    assert "the list changed under every one of 3 readings" in output.traces[0]["message"]


def test_nobody_is_a_person_called_null(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = source.read(config, [EVENTS])
    records = [record for record in output.records[EVENTS] if "serviceAccountId" in record["remote_data"]]
    assert {record["remote_data"]["serviceAccountId"].strip().lower() for record in records} > {"null", "undefined", ""}
    members = {person.email: person.name for person in sandbox.world.people}
    for record in records:
        user = record.get("user", {})
        assert user.get("id") == "sa_sandbox1" or user.get("name") == members.get(user.get("email")), user
    assert {record.get("surface") for record in records} == {None, "headless", "automation"}


def test_days_before_the_first_event_are_empty_without_their_list(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.cursor.listless = True
    before = sandbox.world.first_day - timedelta(days=2)
    config |= {"start_date": before.isoformat(), "end_date": (before + timedelta(days=3)).isoformat()}
    output = source.read(config, [EVENTS])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.cursor.ledger(before, before + timedelta(days=4)), [EVENTS])
    assert output.slices(EVENTS) == [(before.isoformat(), (before + timedelta(days=4)).isoformat())]


def test_lists_that_never_end_are_errors_of_the_vendor(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.cursor.endless = True
    sandbox.cursor.limits = dict.fromkeys(sandbox.cursor.limits)
    config["start_date"] = "2026-09-21"
    streams = [EVENTS, DAILY, SPEND, "cursor_ai_code_commits", "cursor_ai_code_changes"]
    output = source.read(config, streams)
    assert output.code == 1
    traces = {trace["stream_descriptor"]["name"]: trace for trace in output.traces if "stream_descriptor" in trace}
    assert traces.keys() == {*streams}
    assert {trace["failure_type"] for trace in traces.values()} == {"system_error"}
    assert all("pages and no end" in trace["message"] for trace in traces.values())
    assert sum(sandbox.requests.values()) < 150 * len(streams)
    assert not any(output.slices(stream) for stream in streams)
