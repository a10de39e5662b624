"""Scenario from the outside: shared requests, keys, projects, restatement, limits and gateways."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, merged, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.limits import Limit
from sandbox.vendors.scenario.credentials import (
    MULTI_TEAM_KEY,
    MULTI_TEAM_SECRET,
    OTHER_TEAM_ID,
    PROJECT_ID,
    TEAM_ID,
    TEAM_KEY,
    TEAM_KEY_WITHOUT_USAGE,
    TEAM_SECRET,
    TEAM_SECRET_WITHOUT_USAGE,
)
from sandbox.vendors.scenario.knobs import Reader

START, TODAY = date(2026, 9, 16), date(2026, 9, 22)
USAGES = "GET /scenario/v1/usages"
SHARED = ["scenario_consumption", "scenario_model_usage", "scenario_asset_usage", "scenario_usage_by_type"]


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["scenario"], start_date=START.isoformat())


def options(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return merged(config, {"scenario": changes})


def test_four_streams_ask_once_a_day(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = source.read(config, SHARED)
    assert output.code == 0
    assert sandbox.requests == {USAGES: 6, "GET /scenario/v1/teams": 1, "GET /scenario/v1/projects": 1}
    assert_conserved(output, sandbox.scenario.ledger(START, TODAY), SHARED)


@pytest.mark.parametrize(
    ("changes", "reader"),
    [
        ({"cu_price": 0.0125, "cu_currency": "usd"}, Reader(cu_price=Decimal("0.0125"))),
        (
            {"project_ids": [PROJECT_ID, "proj_SANDBOXmarketing0001"]},
            Reader(project_ids=(PROJECT_ID, "proj_SANDBOXmarketing0001")),
        ),
        ({"split_by_project": True}, Reader(split_by_project=True)),
        (
            {"split_by_project": True, "project_ids": [PROJECT_ID]},
            Reader(split_by_project=True, project_ids=(PROJECT_ID,)),
        ),
        (
            {"api_key": MULTI_TEAM_KEY, "api_secret": MULTI_TEAM_SECRET, "team_id": OTHER_TEAM_ID},
            Reader(team_id=OTHER_TEAM_ID),
        ),
    ],
    ids=["price", "projects", "split", "split projects", "team"],
)
def test_every_option_conserves_every_row(
    source: Source, sandbox: Sandbox, config: dict[str, Any], changes: dict[str, Any], reader: Reader
) -> None:
    sandbox.scenario.reader = reader
    output = source.read(options({**config, "start_date": "2026-09-19"}, **changes))
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.scenario.ledger(date(2026, 9, 19), TODAY), output.statuses)
    unlisted = [line for line in output.logs if line.startswith("WARN") and "not listed (deleted ones)" in line]
    assert bool(unlisted) == (changes == {"split_by_project": True})


def test_models_by_user(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    config = options({**config, "start_date": "2026-09-20"}, include_user_model_usage=True, include_activity=False)
    output = source.read(config)
    ledger = sandbox.scenario.ledger(date(2026, 9, 20), TODAY)
    assert output.code == 0
    assert_conserved(output, ledger, output.statuses)
    assert sandbox.requests[USAGES] == 2 * 2 + len(ledger["scenario_consumption"])
    assert any("scenario_user_model_usage: 2026-09-21: the users" in line for line in output.logs)


def test_restated_days_keep_their_ids(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    first = source.read(config)
    sandbox.clock.advance(days=2)
    sandbox.requests.clear()
    second = source.read(config, state=first.states)
    assert second.slices("scenario_consumption") == [("2026-09-16", "2026-09-24")]
    assert {record["start_date"][:10] for record in second.records["scenario_consumption"]} <= days("2026-09-19", 5)
    ledger = sandbox.scenario.ledger(START, date(2026, 9, 24))
    restated = 0
    for stream, entries in ledger.items():
        if stream not in first.records:
            continue
        before = {record["id"]: record for record in first.records[stream]}
        table = {**before, **{record["id"]: record for record in second.records[stream]}}
        restated += sum(before[id] != table[id] for id in before)
        assert len(table) == len(entries), stream
        assert sums(table.values()) == sums([{"charges": lines(entry)} for entry in entries]), stream
    assert restated


def days(first: str, count: int) -> set[str]:
    return {str(date.fromisoformat(first) + timedelta(days=n)) for n in range(count)}


def lines(entry: Any) -> Iterable[dict[str, Any]]:
    return [{"type": kind, "currency": unit, "amount": float(amount)} for (kind, unit), amount in entry.charges.items()]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"api_secret": "another-secret"}, '401 "Unauthorized". Check scenario.api_key and scenario.api_secret'),
        (
            {"api_key": TEAM_KEY_WITHOUT_USAGE, "api_secret": TEAM_SECRET_WITHOUT_USAGE},
            '403 "API Keys cannot access protected resources". Use an organisation Analytics API key',
        ),
        ({"team_id": OTHER_TEAM_ID}, '404 "Team not found". Check scenario.team_id'),
        ({"project_ids": ["project_x"]}, '403 "You do not have access to project project_x"'),
    ],
)
def test_a_refusal_says_what_to_do(
    source: Source, sandbox: Sandbox, config: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    refused = options(config, **changes)
    assert sentence in source.check(refused)["message"]
    sandbox.requests.clear()
    output = source.read(refused)
    assert output.code == 1
    assert not output.records
    assert set(output.statuses.values()) == {"INCOMPLETE"}
    by_stream = output.traces[: len(output.statuses)]
    assert all(sentence in trace["message"] and trace["failure_type"] == "config_error" for trace in by_stream)
    for name in output.statuses:
        assert sum(f"stream {name}, /v1/usages" in trace["message"] for trace in by_stream) == 1
    assert sum(sandbox.requests.values()) <= 2  # the shared question, and that of the activity


def test_a_key_without_look_ups_reads_ids_only(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    narrow = options(config, api_key=TEAM_KEY, api_secret=TEAM_SECRET)
    output = source.read(narrow, SHARED)
    assert output.code == 0
    assert_conserved(output, sandbox.scenario.ledger(START, TODAY), SHARED)
    assert [line for line in output.logs if "no project and API key names, records carry ids only" in line]
    assert {record["organization"]["id"] for record in output.records[SHARED[0]]} == {TEAM_ID}
    split = source.read(options(narrow, split_by_project=True), SHARED)
    assert split.code == 1
    assert "list them in scenario.project_ids" in split.traces[0]["message"]
    assert not split.records


@pytest.mark.parametrize("form", ["cooldown", "retry-after", "retry-after-ms", "bare"])
def test_limits_are_waited_out(source: Source, sandbox: Sandbox, config: dict[str, Any], form: Any) -> None:
    sandbox.scenario.limit, sandbox.scenario.throttle_form = Limit(3, 60), form
    output = source.read(config, SHARED)
    assert (output.code, output.traces) == (0, [])
    assert sandbox.refused() > 0
    assert_conserved(output, sandbox.scenario.ledger(START, TODAY), SHARED)


def test_gateways_that_fail_divide_the_day(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.scenario.slow_window = timedelta(hours=6)
    sandbox.scenario.settle = timedelta(0)
    output = source.read({**config, "start_date": "2026-09-20"})
    assert (output.code, output.traces) == (0, [])
    streams = [name for name in output.statuses if name != "scenario_moderation_usage"]
    assert_conserved(output, sandbox.scenario.ledger(date(2026, 9, 20), TODAY), streams)


def test_an_unlucky_day_costs_nothing(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.scenario.troubles = ["cooldown", "502", "html", "truncated", "empty", "504", "retry-after", "bare"]
    output = source.read(config)
    assert (output.code, output.traces) == (0, [])
    assert not sandbox.scenario.troubles
    assert_conserved(output, sandbox.scenario.ledger(START, TODAY), output.statuses)


def test_days_that_are_not_kept_move_the_start(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.scenario.retention = timedelta(days=10)
    config = {**config, "start_date": "2026-01-01"}
    output = source.read(config)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.scenario.ledger(date(2026, 9, 1), TODAY), output.statuses)
    warnings = [line for line in output.logs if line.startswith("WARN")]
    assert len(warnings) == len(output.statuses)
    assert all(
        "start_date 2026-01-01 is older than what Scenario keeps; reading from 2026-09-13" in line for line in warnings
    )
    assert sandbox.refused(400) <= 10
    assert output.slices("scenario_consumption") == [("2026-09-13", "2026-09-22")]


def test_a_failed_day_is_read_next_time(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    fault = Fault("usages", status=503, times=None, when=lambda query, _: query["startDate"].startswith("2026-09-18"))
    sandbox.fault("scenario", fault)
    failed = source.read(config)
    assert failed.code == 1
    for stream in failed.statuses:
        assert failed.slices(stream) == [("2026-09-16", "2026-09-18"), ("2026-09-19", "2026-09-22")]
    assert fault.hits == 12  # six tries of the shared question, six of the activity
    sandbox.heal()
    resumed = source.read(options(config, lookback_days=0), state=failed.states)
    assert {r["start_date"][:10] for rows in resumed.records.values() for r in rows} == {"2026-09-18"}
    assert all(resumed.slices(stream) == [("2026-09-16", "2026-09-22")] for stream in resumed.statuses)


def test_a_section_that_is_missing_stops_its_stream_alone(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    def without_assets(body: dict[str, Any]) -> dict[str, Any]:
        return {name: rows for name, rows in body.items() if name != "assetUsages"}

    sandbox.fault("scenario", Fault("usages", "change", times=None, change=without_assets))
    output = source.read(config, SHARED)
    assert output.code == 1
    (trace, _) = output.traces
    assert trace["failure_type"] == "system_error"
    assert "stream scenario_asset_usage, /v1/usages: " in trace["message"]
    assert [name for name, status in output.statuses.items() if status == "INCOMPLETE"] == ["scenario_asset_usage"]
    assert_conserved(output, sandbox.scenario.ledger(START, TODAY), [name for name in SHARED if "asset" not in name])


def test_activity_that_never_ends_stops_its_stream_alone(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.scenario.endless_activity = True
    output = source.read({**config, "start_date": "2026-09-21"}, [*SHARED, "scenario_activity"])
    assert output.code == 1
    (trace, _) = output.traces
    assert trace["failure_type"] == "system_error"
    assert trace["message"].startswith("Scenario, stream scenario_activity, /v1/usages: ")
    assert "1000 pages and no end" in trace["message"]
    assert not output.records["scenario_activity"]
    assert output.slices("scenario_activity") == []
    assert_conserved(output, sandbox.scenario.ledger(date(2026, 9, 21), TODAY), SHARED)
    assert sandbox.requests[USAGES] < 1010


def test_actions_of_one_instant_that_change_places_between_pages_are_neither_lost_nor_doubled(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.scenario.restless_activity = True
    output = source.read(config, ["scenario_activity"])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.scenario.ledger(START, TODAY), ["scenario_activity"])
    assert max(Counter(record["start_date"] for record in output.records["scenario_activity"]).values()) > 10


def test_no_secret_reaches_the_output(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = source.read(config)
    for secret in (config["scenario"]["api_secret"], config["scenario"]["api_key"]):
        assert secret not in output.text
    for what in ("Signature=", "oil on canvas"):
        assert what not in output.text
