"""Claude over HTTP: days not published yet, refreshed figures, what Claude drops silently."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.vendors.claude import ClaudeSandbox

START, TODAY = date(2026, 9, 8), date(2026, 9, 22)
ENGAGEMENT = ["claude_user_activity", "claude_skills", "claude_activity_summary"]


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["claude"], start_date=START.isoformat())


def test_a_day_that_is_not_published_yet_ends_the_stream_and_the_state(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.lag_days = {**dict.fromkeys(claude.lag_days, 1), "summaries": 2, "skills": 3}
    output = source.read(config, ENGAGEMENT)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(START, TODAY), ENGAGEMENT)
    # before 10:00 the day before is not aggregated; summaries and skills lag one and two days more
    assert output.slices("claude_user_activity") == [("2026-09-08", "2026-09-21")]
    assert output.slices("claude_activity_summary") == [("2026-09-08", "2026-09-20")]
    assert output.slices("claude_skills") == [("2026-09-08", "2026-09-19")]
    sandbox.clock.advance(days=1)
    second = source.read(config, ENGAGEMENT, output.states)
    assert second.slices("claude_skills") == [("2026-09-08", "2026-09-20")]
    whole = {record["id"] for run in (output, second) for record in run.records["claude_skills"]}
    ledger = claude.ledger(START, date(2026, 9, 23))["claude_skills"]
    assert len(whole) == len({entry.key for entry in ledger})


def test_an_export_that_makes_no_progress_for_weeks_is_no_error(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.lag_days = dict.fromkeys(claude.lag_days, 20)
    config = {**config, "start_date": "2026-08-25"}
    output = source.read(config, ENGAGEMENT)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(date(2026, 8, 25), TODAY), ENGAGEMENT)
    assert output.slices("claude_user_activity") == [("2026-08-25", "2026-09-02")]
    said = [line for line in output.logs if line.startswith("WARN") and "the last day is 2026-09-01" in line]
    assert len(said) == len(ENGAGEMENT)


def test_a_range_that_is_refused_whole_is_read_up_to_the_day_that_is_named(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.summaries_whole = True
    output = source.read(config, ["claude_activity_summary"])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_activity_summary"])
    assert output.slices("claude_activity_summary") == [("2026-09-08", "2026-09-21")]


def test_an_organization_that_keeps_less_is_read_from_its_oldest_day(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    def too_old(query: Mapping[str, str], _: bytes) -> bool:
        return query.get("date", query.get("starting_date", "2026")) < "2026-09-15"

    body = {"type": "error", "error": {"message": "date: must be on or after 2026-09-15"}}
    sandbox.fault("claude", Fault("/analytics/", status=400, body=body, times=None, when=too_old))
    output = source.read(config, ENGAGEMENT)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(date(2026, 9, 15), TODAY), ENGAGEMENT)
    assert output.slices("claude_user_activity") == [("2026-09-15", "2026-09-21")]
    warnings = [
        line
        for line in output.logs
        if "start_date 2026-09-08 is older than what Claude keeps; reading from 2026-09-15" in line
    ]
    assert len(warnings) == len(ENGAGEMENT)
    assert sandbox.requests["GET /claude/v1/organizations/analytics/users"] == 1 + 7


@pytest.mark.parametrize(("days", "oldest"), [(90, "2026-06-24"), (None, "2026-01-01")])
def test_a_first_sync_from_before_what_is_kept_reads_what_is_served_and_says_what_is_not(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any], days: int | None, oldest: str
) -> None:
    """Claude's pages name both: 2026-01-01, and 90 days."""
    claude.history_days = days
    start = "2026-05-20" if days else "2025-12-01"
    output = source.read({**config, "start_date": start}, ENGAGEMENT)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(date.fromisoformat(start), TODAY), ENGAGEMENT)
    assert output.slices("claude_user_activity") == [(oldest, "2026-09-21")]
    for name in ENGAGEMENT:
        said = f"WARN {name}: start_date {start} is older than what Claude keeps; reading from {oldest}, the oldest day"
        assert len([line for line in output.logs if line.startswith(said)]) == 1


def test_rows_that_agree_in_their_key_stop_no_stream(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.twins = True
    wanted = [
        *(f"claude_{name}" for name in ("user_activity", "activity_summary", "chat_projects", "skills", "connectors")),
        *(f"claude_{name}" for name in ("plugins", "artifacts", "api_usage", "api_cost", "code_usage")),
    ]
    output = source.read(config, wanted)
    assert (output.code, output.traces) == (0, [])
    ledger = claude.ledger(START, TODAY)
    assert_conserved(output, ledger, wanted)
    for name in wanted:
        assert any(entry.key[-1:] == (1,) for entry in ledger[name]), f"{name}: no twins"
    sandbox.clock.advance(days=1)
    again = source.read(config, wanted, output.states)
    assert again.code == 0
    for name in wanted:
        ids = {record["id"] for run in (output, again) for record in run.records[name]}
        assert len(ids) == len(claude.ledger(START, date(2026, 9, 23))[name])


def test_the_state_stays_behind_the_export(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    config = {**config, "include_current_day": True}
    output = source.read(config, ["claude_cost", "claude_api_usage"])
    assert max(record["start_date"] for record in output.records["claude_cost"]) == "2026-09-22T00:00:00Z"
    assert output.slices("claude_cost") == [("2026-09-08", "2026-09-22")]
    assert max(record["start_date"] for record in output.records["claude_api_usage"]) == "2026-09-22T00:00:00Z"


@pytest.mark.parametrize("export", ["null", "empty"])
def test_without_an_export_nothing_counts_as_read(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any], export: Any
) -> None:
    claude.no_export = export
    output = source.read(config, ["claude_cost", "claude_user_usage"])
    assert (output.code, output.traces, output.records) == (0, [], {})
    assert output.slices("claude_cost") == output.slices("claude_user_usage") == []
    claude.no_export = None
    again = source.read(config, ["claude_cost", "claude_user_usage"], output.states)
    assert_conserved(again, claude.ledger(START, TODAY), ["claude_cost", "claude_user_usage"])


def test_a_cursor_that_a_refresh_ends_restarts_the_window(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    gone = {"type": "error", "error": {"type": "invalid_request_error", "message": "The page cursor is gone."}}
    mismatch = {"type": "error", "error": {"message": "cursor does not match current query parameters"}}

    def second_page(query: Mapping[str, str], _: bytes) -> bool:
        return "page" in query

    sandbox.fault("claude", Fault("user_cost_report", status=410, body=gone, times=2, when=second_page))
    sandbox.fault("claude", Fault("user_cost_report", status=400, body=mismatch, after=1, when=second_page))
    config = {**config, "start_date": "2026-07-30"}
    output = source.read(config, ["claude_user_cost"])
    assert output.code == 0
    assert len(output.records["claude_user_cost"]) > 1000
    assert_conserved(output, claude.ledger(date(2026, 7, 30), TODAY), ["claude_user_cost"])


def test_a_cursor_that_never_fits_is_an_error_of_the_vendor(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    mismatch = {"type": "error", "error": {"message": "cursor does not match current query parameters"}}

    def second_page(query: Mapping[str, str], _: bytes) -> bool:
        return "page" in query

    config = {**config, "start_date": "2026-07-30", "end_date": "2026-08-05"}
    row = {"starting_at": "2026-07-30T00:00:00Z", "ending_at": "2026-07-31T00:00:00Z", "actor": {"user_id": "u"}}
    first = {"organization_id": "org", "data": [row], "has_more": True, "next_page": "p", "data_refreshed_at": None}
    sandbox.fault("claude", Fault("user_cost_report", status=400, body=mismatch, times=None, when=second_page))
    sandbox.fault("claude", Fault("user_cost_report", status=200, body=first, times=None))
    output = source.read(config, ["claude_user_cost"])
    assert output.failures == {"claude_user_cost": "system_error"}
    assert sandbox.requests["GET /claude/v1/organizations/analytics/user_cost_report"] == 4


def test_a_warning_names_the_amount_that_the_top_groups_lack(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    """The buckets here have far fewer groups than 100: one is made to have exactly that many."""
    many = [
        {"product": "chat", "model": f"model-{number}", "amount": "100", "list_amount": "100", "currency": "USD"}
        for number in range(100)
    ]

    def cut(body: Any) -> Any:
        body["data"][0]["results"] = many
        return body

    def whole(body: Any) -> Any:
        body["data"][0]["results"] = [{**many[0], "product": None, "model": None, "amount": "10123.5"}]
        return body

    def grouped(query: Mapping[str, str], _: bytes) -> bool:
        return "group_by[]" in query

    sandbox = source.sandbox
    sandbox.fault("claude", Fault(path="/cost_report", effect="change", change=cut, when=grouped))
    sandbox.fault("claude", Fault(path="/cost_report", effect="change", change=whole))
    sandbox.requests.clear()
    output = source.read(config, ["claude_cost"])
    assert output.code == 0
    (warning,) = [line for line in output.logs if "largest groups" in line]
    assert "claude_cost: of 2026-09-08 Claude shows the 100 largest groups" in warning
    assert "1.235 USD of the others are missing" in warning
    assert sandbox.requests["GET /claude/v1/organizations/analytics/cost_report"] == 2
    assert sums(r for r in output.records["claude_cost"] if r["start_date"] < "2026-09-09")[("net", "USD")] == 100


def test_admin_usage_asks_for_fewer_days_where_the_answer_is_too_large(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.row_cap = 40
    output = source.read(config, ["claude_api_usage"])
    assert output.code == 0
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_api_usage"])
    refused = [status for (_, status), count in sandbox.answers.items() for _ in range(count) if status == 400]
    assert 1 <= len(refused) <= 2


def test_people_never_cost_more_than_the_organization(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    """Automation has no seat: per-user sums stay below, day by day, and come close."""
    output = source.read(config, ["claude_user_cost", "claude_cost"])
    for day in sorted({record["start_date"] for record in output.records["claude_cost"]}):
        people, all_of_it = (
            sums(r for r in output.records[stream] if r["start_date"] == day)[("net", "USD")]
            for stream in ("claude_user_cost", "claude_cost")
        )
        assert Decimal(0) < people <= all_of_it
