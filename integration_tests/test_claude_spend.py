"""Claude's Usage and Cost Analytics API and spend limits over HTTP: two keys, one beta, the money of the bills."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_tests.claude_keys import keys
from integration_tests.harness import Output, Source, assert_conserved, merged, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.vendors.claude.credentials import ADMIN_KEY, ANALYTICS_KEY, ANALYTICS_KEY_WITHOUT_MEMBERS, Key
from sandbox.vendors.claude.vendor import ClaudeSandbox

START, TODAY = date(2026, 9, 8), date(2026, 9, 22)
SPEND = ["claude_spend", "claude_tokens"]
BILLS = ["claude_cost", "claude_api_cost"]


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["claude"], start_date=START.isoformat())


def kinds(output: Output, stream: str = "claude_spend") -> set[str]:
    return {record["id"].split("/")[1] for record in output.records[stream]}


def net(output: Output, stream: str, kind: str = "") -> dict[str, Decimal]:
    """By day, of one kind of organization where it is named."""
    found: dict[str, Decimal] = {}
    for record in output.records[stream]:
        if not kind or f"/{kind}/" in record["id"]:
            day = record["start_date"]
            found[day] = found.get(day, Decimal(0)) + sums([record])[("net", "USD")]
    return found


@pytest.mark.parametrize("rows", [None, 50, 333])
def test_a_whole_sync_is_what_the_vendor_knows_whatever_its_pages(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any], rows: int | None
) -> None:
    claude.spend_page_rows = rows
    output = source.read(config, [*SPEND, "claude_spend_limits"])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, claude.ledger(START, TODAY), [*SPEND, "claude_spend_limits"])
    assert not [log for log in output.logs if log.startswith("WARN")]
    ids = [record["id"] for record in output.records["claude_spend"]]
    assert [id for id in ids if "/~/~/" in id and id.endswith("/1")], "no two identities that cannot be named"
    assert [id for id in ids if "/robot_actor/~/" in id], "no actor of an unknown type"
    assert output.slices("claude_spend") == [("2026-09-08", "2026-09-22")]


def test_its_money_is_that_of_the_bills(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    output = source.read(config, [*BILLS, "claude_spend"])
    assert (output.code, output.traces) == (0, [])
    assert net(output, "claude_spend", "enterprise") == net(output, "claude_cost")
    assert net(output, "claude_spend", "console") == net(output, "claude_api_cost")
    assert len(net(output, "claude_api_cost")) == len(net(output, "claude_cost")) == 14


def test_its_tokens_are_those_of_the_reports_of_before(source: Source, config: dict[str, Any]) -> None:
    output = source.read(config, ["claude_usage", "claude_api_usage", "claude_tokens"])
    tokens = {
        name: sum(record["usage"]["tokens"]["total"] for record in output.records[name]) for name in output.records
    }
    assert tokens["claude_tokens"] == tokens["claude_usage"] + tokens["claude_api_usage"]


@pytest.mark.parametrize(
    ("analytics", "admin", "kind"), [(ANALYTICS_KEY, None, "enterprise"), (None, ADMIN_KEY, "console")]
)
def test_one_key_reads_its_own_organization(
    source: Source, config: dict[str, Any], analytics: str | None, admin: str | None, kind: str
) -> None:
    output = source.read(keys(config, analytics, admin), SPEND)
    assert (output.code, kinds(output), kinds(output, "claude_tokens")) == (0, {kind}, {kind})


def test_keys_of_one_organization_read_it_once(source: Source, claude: ClaudeSandbox, config: dict[str, Any]) -> None:
    claude.keys["sk-ant-admin01-of-the-enterprise"] = Key("enterprise", ("org:admin",))
    output = source.read(keys(config, ANALYTICS_KEY, "sk-ant-admin01-of-the-enterprise"), SPEND)
    assert (output.code, output.traces, kinds(output)) == (0, [], {"enterprise"})
    warnings = [log for log in output.logs if log.startswith("WARN")]
    assert len(warnings) == 2
    assert all("are keys of one organization" in log for log in warnings)


@pytest.mark.parametrize("status", [400, 404])
def test_without_the_beta_these_two_streams_stop_and_nothing_else(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any], status: Any
) -> None:
    claude.spend_refused = {"enterprise": status, "console": status}
    others = [*BILLS, "claude_api_usage", "claude_skills"]
    output = source.read(config, [*SPEND, *others])
    said = output.errors
    assert said.keys() == {*SPEND}
    assert all("take claude_spend and claude_tokens out of the catalog" in reason for reason in said.values())
    assert {trace["failure_type"] for trace in output.traces if "stream_descriptor" in trace} == {"config_error"}
    assert_conserved(output, claude.ledger(START, TODAY), others)
    assert output.slices("claude_spend") == []


@pytest.mark.parametrize("refused", ["enterprise", "console"])
def test_the_organization_with_the_beta_is_read_all_the_same_and_nothing_counts(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any], refused: Any
) -> None:
    claude.spend_refused = {refused: 404}
    output = source.read(config, SPEND)
    option = {"enterprise": "claude.analytics_api_key", "console": "claude.admin_api_key"}[refused]
    assert output.errors.keys() == {*SPEND}
    assert all(f"organization of {option}" in reason for reason in output.errors.values())
    assert_conserved(output, claude.ledger(START, TODAY), SPEND)
    assert kinds(output) == {"enterprise", "console"} - {refused}
    assert output.slices("claude_spend") == []
    claude.spend_refused = {}
    second = source.read(config, SPEND, output.states)
    assert second.code == 0
    assert_conserved(second, claude.ledger(START, TODAY), SPEND)


def test_a_second_key_reads_what_the_first_had_not(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    first = source.read(keys(config, None, ADMIN_KEY), SPEND)
    second = source.read(config, SPEND, first.states)
    assert_conserved(second, claude.ledger(START, TODAY), SPEND)
    assert [log for log in second.logs if "is read again" in log and "claude_spend" in log]
    third = source.read(config, SPEND, second.states)
    assert third.slices("claude_spend") == [("2026-09-08", "2026-09-22")]
    assert not [log for log in third.logs if "is read again" in log]


@pytest.mark.parametrize(("analytics", "admin"), [(ANALYTICS_KEY, None), (None, ADMIN_KEY)])
def test_a_key_less_reads_nothing_again(
    source: Source, sandbox: Sandbox, config: dict[str, Any], analytics: str | None, admin: str | None
) -> None:
    config = merged(config, {"claude": {"lookback_days": 3}})
    both = source.read(config, SPEND)
    sandbox.clock.advance(days=1)
    one = source.read(keys(config, analytics, admin), SPEND, both.states)
    assert not [log for log in one.logs if "from the start" in log]
    assert one.slices("claude_spend") == [("2026-09-08", "2026-09-23")]


def test_restated_days_keep_their_ids(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    """Thirty days of corrections, an account that is erased meanwhile, and identities that cannot be named."""
    first = source.read(config, ["claude_spend"])
    sandbox.clock.advance(days=10)
    second = source.read(config, ["claude_spend"], first.states)
    assert_conserved(second, claude.ledger(START, date(2026, 10, 2)), ["claude_spend"])
    before = {record["id"]: record for record in first.records["claude_spend"]}
    after = {record["id"]: record for record in second.records["claude_spend"]}
    assert before.keys() - after.keys() == set()
    assert [id for id in before if sums([before[id]]) != sums([after[id]])], "nothing was restated"


def test_an_erased_account_keeps_its_id(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    first = source.read(config, ["claude_tokens"])
    sandbox.clock.advance(days=40)
    second = source.read({**config, "end_date": "2026-09-21"}, ["claude_tokens"])
    people = {record["id"]: record["user"] for record in first.records["claude_tokens"] if record.get("user")}
    later = {record["id"]: record.get("user") for record in second.records["claude_tokens"]}
    assert {id: (later[id] or {}).get("id") for id in people} == {id: user["id"] for id, user in people.items()}


def test_refreshed_figures_start_the_window_anew(
    source: Source, sandbox: Sandbox, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.spend_page_rows = 50

    def refresh(query: Any, _: bytes) -> bool:
        if query.get("page") and claude.refreshes < 2:
            claude.refresh()
        return False

    sandbox.fault("claude", Fault("/analytics/cost", status=500, times=None, when=refresh))
    output = source.read(config, ["claude_spend"])
    assert (output.code, claude.refreshes) == (0, 2)
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_spend"])


def test_the_export_that_is_named_bounds_the_state(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    claude.spend_refreshed_named = True
    output = source.read({**config, "include_current_day": True}, SPEND)
    assert output.code == 0
    assert_conserved(output, claude.ledger(START, date(2026, 9, 23)), SPEND)
    assert all(record["updated_at"] for record in output.records["claude_spend"])
    assert output.slices("claude_spend") == [("2026-09-08", "2026-09-22")]


def test_limits_without_their_scope_stop_only_themselves(
    source: Source, claude: ClaudeSandbox, config: dict[str, Any]
) -> None:
    config = keys(config, ANALYTICS_KEY_WITHOUT_MEMBERS)
    output = source.read(config, ["claude_spend_limits", "claude_cost"])
    assert output.errors.keys() == {"claude_spend_limits"}
    assert "lacks the scope 'read:spend_limits'" in output.errors["claude_spend_limits"]
    assert_conserved(output, claude.ledger(START, TODAY), ["claude_cost"])


def test_a_console_is_not_asked_for_the_limits_of_members(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    output = source.read(keys(config, None, ADMIN_KEY), ["claude_spend_limits"])
    assert output.code == 0
    assert len(output.records["claude_spend_limits"]) == 2
    assert not sandbox.requests["GET /claude/v1/organizations/spend_limits/effective"]


def test_a_later_reading_of_limits_overwrites_the_earlier(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    first = source.read(config, ["claude_spend_limits"])
    sandbox.clock.advance(days=1)
    second = source.read(config, ["claude_spend_limits"], first.states)
    ids = [{record["id"] for record in run.records["claude_spend_limits"]} for run in (first, second)]
    assert ids[0] == ids[1]
    assert first.code == second.code == 0
