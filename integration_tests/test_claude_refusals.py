"""Claude over HTTP: keys of the wrong kind, what an account lacks, limits and quotas."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from integration_tests.claude_keys import keys
from integration_tests.harness import Source, assert_conserved, merged, sandbox_config
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


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["claude"], start_date=START.isoformat())


def noted(asked: list[str], path: str, *_: Any) -> bool:
    """Remembers that a path was asked, and changes nothing."""
    asked.append(path)
    return False


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


def test_a_refusal_of_costs_leaves_usage_working(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    claude.denied = {"analytics/user_cost_report", "analytics/cost_report"}
    wanted = ["claude_user_cost", "claude_cost", "claude_user_usage", "claude_usage"]
    output = source.read(config, wanted)
    assert output.code == 1
    assert output.failures == {"claude_user_cost": "config_error", "claude_cost": "config_error"}
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
    assert output.failures == {"claude_plugins": "config_error", "claude_user_activity": "config_error"}


def test_a_key_of_the_other_api_that_is_answered_with_404_is_named(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.older_not_found = True
    output = source.read(keys(config, ADMIN_KEY), ["claude_plugins", "claude_user_activity"])
    assert output.failures == {"claude_plugins": "config_error", "claude_user_activity": "config_error"}
    said = [trace["message"] for trace in output.traces if "stream_descriptor" in trace]
    assert all("holds an Admin key of the Claude Console" in message for message in said)


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
    claude.admin_limit, claude.admin_quota_named, claude.admin_reset_stale = Limit(3, 40), True, stale
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
    assert output.failures == {"claude_cost": "transient_error"}
    assert sandbox.requests["GET /claude/v1/organizations/analytics/cost_report"] == 1
