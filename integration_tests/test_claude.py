"""Claude over HTTP: keys of the wrong kind, days not published yet, refreshed figures, what Claude drops silently."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from integration_tests.harness import Output, Source, assert_conserved, merged, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.limits import Limit
from sandbox.vendors.claude import ClaudeSandbox
from sandbox.vendors.claude.credentials import (
    ADMIN_KEY,
    ANALYTICS_KEY,
    ANALYTICS_KEY_WITHOUT_MEMBERS,
    INFERENCE_KEY,
    MEMBERS_ONLY_KEY,
    SERVICE_KEY,
)

START, TODAY = date(2026, 9, 8), date(2026, 9, 22)
ENGAGEMENT = ["claude_user_activity", "claude_skills", "claude_activity_summary"]


@pytest.fixture
def claude(sandbox: Sandbox) -> ClaudeSandbox:
    vendor = sandbox.vendors["claude"]
    assert isinstance(vendor, ClaudeSandbox)
    return vendor


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["claude"], start_date=START.isoformat())


def keys(config: dict[str, Any], analytics: str | None = None, admin: str | None = None) -> dict[str, Any]:
    return merged(config, {"claude": {"analytics_api_key": analytics, "admin_api_key": admin}})


def noted(asked: list[str], path: str, *_: Any) -> bool:
    """Remembers that a path was asked, and changes nothing."""
    asked.append(path)
    return False


def failures(output: Output) -> dict[str, str]:
    """Why each failed stream failed."""
    named = [trace for trace in output.traces if "stream_descriptor" in trace]
    return {trace["stream_descriptor"]["name"]: trace["failure_type"] for trace in named}


@pytest.mark.parametrize(
    ("analytics", "admin", "said"),
    [
        ("sk-ant-api01-mistyped", None, '401 "invalid x-api-key"'),
        ("sk-ant-api01-mistyped", None, "Put an Analytics key of the Claude Enterprise organization"),
        (ADMIN_KEY, None, "claude.analytics_api_key holds an Admin key of the Claude Console"),
        (None, ANALYTICS_KEY, "claude.admin_api_key holds an Analytics key of Claude Enterprise"),
        (INFERENCE_KEY, None, '401 "invalid x-api-key"'),
        (INFERENCE_KEY, None, "claude.analytics_api_key holds an ordinary key (sk-ant-api03-...)"),
        (None, INFERENCE_KEY, '401 "invalid x-api-key"'),
        (None, INFERENCE_KEY, "claude.admin_api_key holds an ordinary key (sk-ant-api03-...)"),
        (MEMBERS_ONLY_KEY, None, "lacks the scope read:analytics"),
        (None, "sk-ant-admin01-mistyped", "Put an Admin key of the Claude Console"),
        ("", "", "No vendor is configured"),
    ],
)
def test_check_distinguishes_the_kinds_of_key(
    source: Source, config: dict[str, Any], analytics: str | None, admin: str | None, said: str
) -> None:
    status = source.check(keys(config, analytics, admin))
    assert status["status"] == "FAILED"
    assert said in status["message"].replace("'", "")


def test_check_says_that_the_api_is_switched_off(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    claude.analytics_off = True
    message = source.check(config)["message"]
    assert "owner must switch API access on" in message
    assert "admin_api_key" not in message


@pytest.mark.parametrize(("analytics", "admin"), [(ANALYTICS_KEY, None), (None, ADMIN_KEY), (None, SERVICE_KEY)])
def test_one_key_offers_its_own_streams(
    source: Source, config: dict[str, Any], analytics: str | None, admin: str | None
) -> None:
    config = merged(keys(config, analytics, admin), {"claude": {"include_spend_limits": False}})
    assert source.check(config)["status"] == "SUCCEEDED"
    names = {entry["stream"]["name"] for entry in source.catalog(config)["streams"]}
    assert len(names) == (13 if analytics else 5)
    assert ("claude_api_cost" in names) == bool(admin)


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
    assert failures(output) == {"claude_user_cost": "system_error"}
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


def test_a_refusal_of_costs_leaves_usage_working(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    claude.denied = {"analytics/user_cost_report", "analytics/cost_report"}
    wanted = ["claude_user_cost", "claude_cost", "claude_user_usage", "claude_usage"]
    output = source.read(config, wanted)
    assert output.code == 1
    assert failures(output) == {"claude_user_cost": "config_error", "claude_cost": "config_error"}
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_user_usage", "claude_usage"])


def test_reports_that_an_account_lacks_end_empty(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    claude.absent = {"analytics/plugins", "analytics/artifacts"}
    output = source.read(config, ["claude_plugins", "claude_artifacts"])
    assert (output.code, output.traces, output.records) == (0, [], {})
    assert len([line for line in output.logs if "this Claude account does not have" in line]) == 2
    assert output.slices("claude_plugins") == []


def test_a_bad_key_that_is_answered_with_404_is_still_an_error(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.older_not_found = True
    output = source.read(keys(config, "sk-ant-api01-mistyped"), ["claude_plugins", "claude_user_activity"])
    assert output.code == 1
    assert failures(output) == {"claude_plugins": "config_error", "claude_user_activity": "config_error"}


def test_a_key_of_the_other_api_that_is_answered_with_404_is_named(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.older_not_found = True
    output = source.read(keys(config, ADMIN_KEY), ["claude_plugins", "claude_user_activity"])
    assert failures(output) == {"claude_plugins": "config_error", "claude_user_activity": "config_error"}
    said = [trace["message"] for trace in output.traces if "stream_descriptor" in trace]
    assert all("holds an Admin key of the Claude Console" in message for message in said)


def test_admin_usage_asks_for_fewer_days_where_the_answer_is_too_large(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.row_cap = 40
    output = source.read(config, ["claude_api_usage"])
    assert output.code == 0
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_api_usage"])
    refused = [status for (_, status), count in sandbox.answers.items() for _ in range(count) if status == 400]
    assert 1 <= len(refused) <= 2


def test_names_are_optional(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    claude.denied = {"users", "workspaces", "api_keys", "me"}
    wanted = ["claude_user_activity", "claude_api_usage", "claude_code_usage"]
    output = source.read(keys(config, ANALYTICS_KEY_WITHOUT_MEMBERS, ADMIN_KEY), wanted)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(START, TODAY), wanted)
    assert all("name" not in record.get("user", {}) for record in output.records["claude_user_activity"])
    said = [line.split(",")[0] for line in output.logs if "records carry ids only" in line]
    assert sorted(said) == [
        "INFO Claude: no API key names",
        "INFO Claude: no organization name",
        "INFO Claude: no user names",  # of the Enterprise organization
        "INFO Claude: no user names",  # of the Console
        "INFO Claude: no workspace names",
    ]


def test_the_limit_of_the_organization_is_never_met(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    source.read(config)
    assert sandbox.refused(429) == 0
    assert sum(count for path, count in sandbox.requests.items() if "/analytics/" in path) > 60


def test_a_429_without_retry_after_is_waited_out_and_keeps_the_page(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.admin_limit = Limit(3, 60)
    output = source.read(config, ["claude_code_usage"])
    assert output.code == 0
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_code_usage"])
    assert sandbox.refused(429) > 0


def test_a_first_sync_within_an_hourly_quota_is_complete_and_reads_the_money_first(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    start = date(2026, 7, 24)
    claude.hourly_quota()
    # what others have used of the hour
    for _ in range(60):
        claude.admin_limit.take("console", sandbox.clock.now())
    config = {**keys(config, None, ADMIN_KEY), "start_date": start.isoformat()}
    asked: list[str] = []
    for path in ("/organizations/cost_report", "/usage_report/"):
        sandbox.fault("claude", Fault(path, times=None, when=partial(noted, asked, path)))
    before = sandbox.clock.now()
    output = source.read(config)
    assert (output.code, output.traces, sandbox.refused(429)) == (0, [], 0)
    assert_conserved(output, claude.ledger(start, TODAY), ["claude_api_cost", "claude_api_usage", "claude_code_usage"])
    assert (sandbox.clock.now() - before).total_seconds() > 3000
    # 60 days of the bill are two windows, of usage nine, of Claude Code sixty
    assert asked == ["/organizations/cost_report"] * 2 + ["/usage_report/"] * (9 + 60)


@pytest.mark.parametrize("stale", [False, True])
def test_a_quota_that_is_used_up_is_waited_for_as_it_is_named(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any], stale: bool
) -> None:
    claude.admin_limit, claude.admin_quota_told, claude.admin_reset_stale = Limit(3, 40), True, stale
    for _ in range(3):
        claude.admin_limit.take("console", sandbox.clock.now())
    output = source.read(config, ["claude_code_usage"])
    assert output.code == 0
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_code_usage"])
    # once where it is named, in vain several times where it is not
    assert (sandbox.refused(429) == 1) != stale


def test_an_error_that_claude_will_not_retry_fails_at_once(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    body = {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}
    sandbox.fault("claude", Fault(path="/cost_report", headers={"x-should-retry": "false"}, body=body, times=None))
    output = source.read(config, ["claude_cost"])
    assert failures(output) == {"claude_cost": "transient_error"}
    assert sandbox.requests["GET /claude/v1/organizations/analytics/cost_report"] == 1


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
