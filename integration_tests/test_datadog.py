"""Datadog over HTTP: keys, scopes, the closing of a month, limits, and every oddity of its answers."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration_tests.harness import Output, Source, assert_conserved, merged, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.limits import Limit
from sandbox.vendors.datadog.credentials import (
    CHILD_API_KEY,
    CHILD_APPLICATION_KEY,
    UNSCOPED_APPLICATION_KEY,
    USAGE_ONLY_APPLICATION_KEY,
)
from sandbox.vendors.datadog.knobs import Reader

# the 10th: the month before is still estimated, and the projection has not begun
EARLY = datetime(2026, 9, 10, 9, 30, tzinfo=timezone.utc)
TODAY = date(2026, 9, 22)
COSTS = ["datadog_cost", "datadog_daily_cost", "datadog_projected_cost"]
UNTAGGED = [*COSTS, "datadog_billable_usage"]
BY_TAG = ["datadog_monthly_cost_attribution", "datadog_monthly_usage_attribution", "datadog_hourly_usage_attribution"]
PATHS = "/datadog/api"


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["datadog"], start_date="2026-08-20")


@pytest.fixture
def early(tmp_path: Path) -> Iterator[Source]:
    with Sandbox(days=60, now=EARLY) as running:
        yield Source(running, tmp_path)


def keys(api_key: str | None = None, application_key: str | None = None) -> dict[str, Any]:
    changes = {"api_key": api_key, "application_key": application_key}
    return {"datadog": {name: key for name, key in changes.items() if key}}


def table(*outputs: Output, stream: str) -> dict[str, dict[str, Any]]:
    """What a destination that merges by id holds."""
    return {record["id"]: record for output in outputs for record in output.records[stream]}


# --- check and refusals


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (keys("unknown"), "datadog.api_key is wrong, revoked or of another site than http://localhost"),
        (keys(application_key="unknown"), "datadog.api_key is right. datadog.application_key is wrong"),
        (keys(application_key=USAGE_ONLY_APPLICATION_KEY), "the permission billing_read too"),
        (keys(application_key=UNSCOPED_APPLICATION_KEY), "the permissions usage_read and billing_read"),
        (keys(CHILD_API_KEY, CHILD_APPLICATION_KEY), "Use keys of the parent organization"),
        ({"datadog": {"site": "datadog.com"}}, "datadog.site"),
        ({"datadog": {"application_key": ""}}, "datadog.application_key is missing"),
    ],
)
def test_check_says_what_is_wrong(
    source: Source, config: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    status = source.check(merged(config, changes))
    assert status["status"] == "FAILED"
    assert sentence in status["message"]


def test_check_succeeds_before_there_is_any_cost(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.fault("datadog", Fault("estimated_cost", status=200, body={"data": []}, times=None))
    assert source.check(config)["status"] == "SUCCEEDED"
    assert sum(sandbox.requests.values()) == 1


def test_a_refused_key_stops_all_streams_at_once(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = source.read(merged(config, keys(application_key="unknown")))
    assert output.code == 1
    assert set(output.statuses.values()) == {"INCOMPLETE"}
    assert [trace["failure_type"] for trace in output.traces] == ["config_error"] * len(output.traces)
    assert sum(sandbox.requests.values()) <= 2
    assert "Traceback" not in output.text


def test_a_missing_scope_stops_only_the_streams_that_need_it(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    streams = [*UNTAGGED, *BY_TAG[:2]]
    output = source.read(merged(config, keys(application_key=USAGE_ONLY_APPLICATION_KEY)), streams)
    cost = {name for name in streams if "cost" in name}
    assert {name for name, status in output.statuses.items() if status == "INCOMPLETE"} == cost
    assert {name for name, status in output.statuses.items() if status == "COMPLETE"} == set(streams) - cost
    own = [trace for trace in output.traces if trace.get("stream_descriptor", {}).get("name") in cost]
    assert len(own) == len(cost)
    assert all("usage_read and billing_read" in trace["message"] for trace in own)
    assert all(sandbox.requests[f"GET {PATHS}/v2/usage/{kind}_cost"] == 1 for kind in ("historical", "projected"))


def test_a_child_organization_reads_its_own_hours(source: Source, config: dict[str, Any]) -> None:
    changes = merged(keys(CHILD_API_KEY, CHILD_APPLICATION_KEY), {"datadog": {"include_descendants": False}})
    output = source.read(merged(config, changes), ["datadog_cost", "datadog_hourly_usage"])
    assert output.statuses == {"datadog_cost": "INCOMPLETE", "datadog_hourly_usage": "COMPLETE"}
    assert "non-parent org keys" in output.traces[0]["message"]
    hours = output.records["datadog_hourly_usage"]
    assert {record["organization"]["id"] for record in hours} == {"acmeeu0099ff77aa"}


def test_the_message_to_a_child_organization_names_the_parent_and_what_worked(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.datadog.child_refusal = 403
    config = merged(config, merged(keys(CHILD_API_KEY, CHILD_APPLICATION_KEY), {"datadog": {"view": "sub-org"}}))
    read = f"The same keys have already read {PATHS.removeprefix('/datadog')}/v2/usage/hourly_usage."
    failed = source.check(config)
    assert failed["status"] == "FAILED"
    assert [said for said in ("parent organization", "billing_read", read) if said not in failed["message"]] == []
    output = source.read(config, ["datadog_cost", "datadog_hourly_usage"])
    assert output.statuses == {"datadog_cost": "INCOMPLETE", "datadog_hourly_usage": "COMPLETE"}
    said = output.traces[0]["message"]
    assert "parent organization" in said
    assert "usage_read and billing_read" in said


def test_a_site_without_attribution_warns_and_goes_on(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.datadog.absent = {
        "/api/v2/cost_by_tag/monthly_cost_attribution",
        "/api/v1/usage/monthly-attribution",
        "/api/v2/usage/usage-attribution-types",
    }
    output = source.read(config, BY_TAG)
    assert (output.code, output.traces, dict(output.records)) == (0, [], {})
    warnings = [log for log in output.logs if log.startswith("WARN") and "this Datadog site has no" in log]
    assert len(warnings) == len(BY_TAG)
    assert [output.slices(stream) for stream in BY_TAG] == [[], [], []]


# --- restatement


def test_the_invoice_overwrites_the_estimate(early: Source) -> None:
    sandbox = early.sandbox
    config = sandbox_config(sandbox, ["datadog"], start_date="2026-07-20")
    first = early.read(config, COSTS)
    truth = sandbox.datadog.ledger(date(2026, 7, 20), date(2026, 9, 10))
    assert_conserved(first, truth, COSTS)
    assert not first.records["datadog_projected_cost"]
    sandbox.clock.advance(days=7)
    sandbox.requests.clear()
    second = early.read(config, COSTS, first.states)
    truth = sandbox.datadog.ledger(date(2026, 7, 20), date(2026, 9, 17))
    for stream in COSTS[:2]:
        merged_rows = table(first, second, stream=stream)
        expected = truth[stream]
        assert len(merged_rows) == len(expected)
        net = sum((entry.charges["net", "USD"] for entry in expected), start=0 * expected[0].charges["net", "USD"])
        assert sums(merged_rows.values())["net", "USD"] == net
    assert second.records["datadog_projected_cost"]
    august = [r for r in first.records["datadog_cost"] if r["start_date"].startswith("2026-08")]
    changed = table(second, stream="datadog_cost")
    assert august
    assert any(changed[record["id"]]["charges"] != record["charges"] for record in august)
    # July and August are closed by now, September is the only estimate
    assert sandbox.requests[f"GET {PATHS}/v2/usage/historical_cost"] == 2


def test_a_second_sync_reads_the_lookback(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    first = source.read(config, ["datadog_hourly_usage"])
    sandbox.clock.advance(days=1)
    sandbox.requests.clear()
    second = source.read(config, ["datadog_hourly_usage"], first.states)
    days = sorted({record["start_date"][:10] for record in second.records["datadog_hourly_usage"]})
    assert days == [f"2026-09-{day}" for day in range(19, 23)]
    assert second.slices("datadog_hourly_usage") == [("2026-08-20", "2026-09-23")]
    rows = table(first, second, stream="datadog_hourly_usage")
    truth = sandbox.datadog.ledger(date(2026, 8, 20), date(2026, 9, 23))["datadog_hourly_usage"]
    settled = {"/".join(["datadog_hourly_usage", *entry.key]): entry.usage["quantity"] for entry in truth}
    assert {id: row["usage"]["quantity"] for id, row in rows.items()} == settled


def test_the_open_day_is_read_up_to_the_last_full_hour(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config = {**config, "start_date": "2026-09-20", "include_current_day": True}
    output = source.read(config, ["datadog_hourly_usage"])
    last = max(record["start_date"] for record in output.records["datadog_hourly_usage"])
    assert "2026-09-22T00" <= last < "2026-09-22T09"
    assert output.slices("datadog_hourly_usage") == [("2026-09-20", "2026-09-22")]


# --- every oddity, compared with the ledger


@pytest.mark.parametrize(
    "knobs",
    [
        {"totals": False, "amounts": "string", "cost_date": "last"},
        {"cost_date": "arbitrary", "billable_children": True, "estimated_reach": 2},
        {"ragged_costs": True, "close_day": 28},
    ],
    ids=["old", "odd dates", "ragged"],
)
def test_costs_are_conserved_in_every_shape(
    source: Source, sandbox: Sandbox, config: dict[str, Any], knobs: dict[str, Any]
) -> None:
    for name, value in knobs.items():
        setattr(sandbox.datadog, name, value)
    output = source.read(config, UNTAGGED)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.datadog.ledger(date(2026, 8, 20), TODAY), UNTAGGED)


def test_the_summary_view_of_one_account(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    options = {"view": "summary", "include_connected_accounts": False, "include_descendants": False}
    sandbox.datadog.reader = Reader("summary", False, False, ())
    config = {
        **merged(config, {"datadog": {**options, "tag_breakdown_keys": []}}),
        "start_date": "2026-09-14",
    }
    output = source.read(config)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.datadog.ledger(date(2026, 9, 14), TODAY), output.statuses)
    # a single organization is read by the week
    assert sandbox.requests[f"GET {PATHS}/v2/usage/hourly_usage"] < 8


@pytest.mark.parametrize("last_page", ["null", "empty", "no_pagination", "no_meta"])
@pytest.mark.parametrize("young_hours", ["missing", "null", "unmeasured"])
def test_hours_are_conserved_however_they_end(
    source: Source, sandbox: Sandbox, config: dict[str, Any], last_page: Any, young_hours: Any
) -> None:
    sandbox.datadog.last_page, sandbox.datadog.young_hours = last_page, young_hours
    config = {**config, "start_date": "2026-09-17"}
    output = source.read(config, ["datadog_hourly_usage"])
    truth = sandbox.datadog.ledger(date(2026, 9, 17), TODAY)
    assert_conserved(output, truth, ["datadog_hourly_usage"])


@pytest.mark.parametrize("months", ["name", "time"])
def test_attribution_is_conserved_in_small_pages_without_a_refused_type(
    source: Source, sandbox: Sandbox, config: dict[str, Any], months: Any
) -> None:
    sandbox.datadog.months = months
    sandbox.datadog.hourly_attribution_page_size = 100
    sandbox.datadog.monthly_page_size = 1
    sandbox.datadog.refused_types = {"custom_timeseries_usage"}
    config = {**config, "start_date": "2026-09-17"}
    output = source.read(config, BY_TAG)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.datadog.ledger(date(2026, 9, 17), TODAY), BY_TAG)
    assert len([log for log in output.logs if "refuses the usage type custom_timeseries" in log]) == 1


# --- limits


def test_a_narrow_limit_is_waited_for_and_never_met(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.datadog.limit = Limit(10, 30, aligned=True)
    config = {**config, "start_date": "2026-09-01"}
    output = source.read(config, ["datadog_hourly_usage", *UNTAGGED])
    assert (output.code, output.traces) == (0, [])
    assert sandbox.refused() == 0
    assert sum(sandbox.requests.values()) > 20
    assert any("waiting" in log and "no request left for the moment" in log for log in output.logs)


def test_a_limit_that_others_use_up_costs_time_only(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    spent = {"X-RateLimit-Limit": "400", "X-RateLimit-Period": "3600", "X-RateLimit-Remaining": "0"}
    headers = {**spent, "X-RateLimit-Reset": "1800"}
    body = {"errors": ["Rate limit of 400 requests in 3600 seconds reached. Please try again later."]}
    sandbox.fault("datadog", Fault("historical_cost", status=429, headers=headers, body=body))
    before = sandbox.clock.now()
    output = source.read(config, ["datadog_cost"])
    assert (output.code, output.statuses) == (0, {"datadog_cost": "COMPLETE"})
    assert sandbox.clock.now() - before == timedelta(seconds=1801)
    assert_conserved(output, sandbox.datadog.ledger(date(2026, 8, 20), TODAY), ["datadog_cost"])


@pytest.mark.parametrize(
    ("reset", "headers", "waited"),
    [
        ("seconds", "JSON", 1801),
        ("epoch", "JSON", 1801),
        ("epoch", "HTML", 1801),
        # half a minute again and again, as the vendor names no wait
        ("seconds", "nothing", 1800),
    ],
)
def test_a_limit_that_is_used_up_is_waited_for_whatever_the_headers(
    source: Source, sandbox: Sandbox, config: dict[str, Any], reset: Any, headers: Any, waited: int
) -> None:
    sandbox.datadog.limit_reset, sandbox.datadog.limit_body = reset, headers
    sandbox.datadog.limit = Limit(400, 3600, aligned=True)
    before = sandbox.clock.now()
    for _ in range(400):  # by others
        sandbox.datadog.limit.take("usage", before)
    output = source.read({**config, "start_date": "2026-09-01"}, ["datadog_cost"])
    assert (output.code, output.traces) == (0, [])
    assert (sandbox.clock.now() - before).total_seconds() == waited
    assert sandbox.refused(429) == (60 if headers == "nothing" else 1)
    assert_conserved(output, sandbox.datadog.ledger(date(2026, 9, 1), TODAY), ["datadog_cost"])


def test_a_failed_month_is_read_next_time(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    config = {**config, "start_date": "2026-07-20"}
    july = Fault("billable-summary", status=503, times=None, when=lambda query, _: query["month"] == "2026-07")
    sandbox.fault("datadog", july)
    failed = source.read(config, ["datadog_billable_usage"])
    assert failed.slices("datadog_billable_usage") == [("2026-08-01", "2026-09-01")]
    assert {trace["failure_type"] for trace in failed.traces} == {"transient_error"}
    sandbox.heal()
    resumed = source.read(config, ["datadog_billable_usage"], failed.states)
    assert resumed.slices("datadog_billable_usage") == [("2026-07-01", "2026-09-01")]
    rows = table(failed, resumed, stream="datadog_billable_usage")
    assert len(rows) == len(sandbox.datadog.ledger(date(2026, 7, 20), TODAY)["datadog_billable_usage"])
