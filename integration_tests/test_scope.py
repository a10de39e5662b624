"""A config that reads more than before reads the old days too; one that reads less reads nothing again."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from integration_tests.harness import Output, Source, State, assert_conserved, merged, sandbox_config
from sandbox import Fault, Sandbox
from sandbox.vendors.datadog.catalog import ROOT
from sandbox.vendors.datadog.credentials import CHILD_API_KEY, CHILD_APPLICATION_KEY
from source_unified_usage.core.scope import widened
from source_unified_usage.vendors.datadog import Datadog

START, TODAY = date(2026, 8, 20), date(2026, 9, 22)
BY_TAG = ("datadog_monthly_usage_attribution", "datadog_monthly_cost_attribution")
COMPLETIONS, HOURS, COST = "openai_usage_completions", "datadog_hourly_usage", "claude_cost"


def read(source: Source, config: dict[str, Any], stream: str, state: State | None = None) -> Output:
    """A sync that must succeed and cover everything."""
    output = source.read(config, [stream], state)
    assert (output.code, output.traces) == (0, [])
    assert output.slices(stream) == [(START.isoformat(), TODAY.isoformat())]
    return output


def days(output: Output, stream: str) -> list[str]:
    return sorted({record["start_date"][:10] for record in output.records[stream]})


def warnings(output: Output, what: str) -> list[str]:
    return [line for line in output.logs if line.startswith("WARN") and what in line]


def without_scope(state: Iterable[dict[str, Any]]) -> State:
    """As an older version has written it."""
    return [merged(message, {"stream": {"stream_state": {"scope": None}}}) for message in state]


def test_users_that_are_no_longer_left_out_come_with_their_past(source: Source, sandbox: Sandbox) -> None:
    everybody = sandbox_config(sandbox, ["openai"], start_date=START.isoformat())
    first = read(source, everybody, COMPLETIONS)
    users = sorted({record["user"]["id"] for record in first.records[COMPLETIONS] if "user" in record})
    some = merged(everybody, {"openai": {"user_ids": users[:2]}})
    narrowed = read(source, some, COMPLETIONS, first.states)
    assert warnings(narrowed, "lacks rows") == []
    assert days(narrowed, COMPLETIONS)[0] >= "2026-09-19"
    fewer = read(source, merged(some, {"openai": {"user_ids": users[1:2]}}), COMPLETIONS, narrowed.states)
    assert warnings(fewer, "lacks rows") == []
    others = read(source, merged(some, {"openai": {"user_ids": users[1:3]}}), COMPLETIONS, fewer.states)
    assert {record["user"]["id"] for record in others.records[COMPLETIONS]} == set(users[1:3])
    widened = read(source, everybody, COMPLETIONS, others.states)
    for output in (others, widened):
        assert warnings(output, "lacks rows") == [
            f"WARN {COMPLETIONS}: what is already read lacks rows because openai.user_ids changed; everything from "
            f"2026-08-20 on is read again."
        ]
    assert_conserved(widened, sandbox.vendors["openai"].ledger(START, TODAY), [COMPLETIONS])
    again = read(source, everybody, COMPLETIONS, widened.states)
    assert days(again, COMPLETIONS)[0] == "2026-09-19"


@pytest.mark.parametrize(
    ("before", "after", "option"),
    [
        ({"product_families": ["infra_hosts"]}, {"product_families": ["infra_hosts", "logs"]}, "product_families"),
        ({"include_descendants": False}, {"include_descendants": True}, "include_descendants"),
        ({"include_zero_usage": False}, {"include_zero_usage": True}, "include_zero_usage"),
    ],
)
def test_hours_that_were_left_out_come_with_their_past(
    source: Source, sandbox: Sandbox, before: dict[str, Any], after: dict[str, Any], option: str
) -> None:
    config = sandbox_config(sandbox, ["datadog"], start_date=START.isoformat())
    less, more = merged(config, {"datadog": before}), merged(config, {"datadog": after})
    first = read(source, less, HOURS)
    second = read(source, more, HOURS, first.states)
    assert len(warnings(second, f"lacks rows because datadog.{option} changed")) == 1
    assert days(second, HOURS)[0] == START.isoformat()
    assert {record["id"] for record in first.records[HOURS]} < {record["id"] for record in second.records[HOURS]}
    back = read(source, less, HOURS, second.states)
    assert warnings(back, "lacks rows") == []
    assert days(back, HOURS)[0] == "2026-09-19"


def test_a_state_without_a_scope_is_taken_as_it_is(source: Source, sandbox: Sandbox) -> None:
    config = sandbox_config(sandbox, ["datadog"], start_date=START.isoformat())
    one = merged(config, {"datadog": {"product_families": ["infra_hosts"]}})
    first = read(source, one, HOURS)
    second = read(source, config, HOURS, without_scope(first.states))
    assert warnings(second, "lacks rows") == []
    assert days(second, HOURS)[0] == "2026-09-19"
    assert read(source, one, HOURS, second.states).states[0]["stream"]["stream_state"]["scope"] == {
        "datadog.include_connected_accounts": True,
        "datadog.include_descendants": True,
        "datadog.include_zero_usage": True,
        "datadog.product_families": ["infra_hosts"],
    }


def test_a_killed_reread_goes_on(source: Source, sandbox: Sandbox) -> None:
    """The state gets the new scope when it forgets the old days, not earlier."""
    config = sandbox_config(sandbox, ["datadog"], start_date=START.isoformat())
    first = read(source, merged(config, {"datadog": {"product_families": ["infra_hosts"]}}), HOURS)
    with source.start(*source.reading(config, [HOURS], first.states)) as running:
        line = next(line for line in running.stdout if b'"STATE"' in line)
        running.kill()
    rest = read(source, config, HOURS, [json.loads(line)["state"]])
    assert_conserved(rest, sandbox.vendors["datadog"].ledger(START, TODAY), [HOURS])


def test_another_organizations_key_reads_its_own_past(source: Source, sandbox: Sandbox) -> None:
    config = sandbox_config(sandbox, ["claude"], start_date=START.isoformat())
    first = read(source, config, COST)
    read(source, config, COST, first.states)
    sandbox.claude.organizations["enterprise"] = "org_another"
    sandbox.clock.advance(days=20)
    second = source.read(config, [COST], first.states)
    (warning,) = warnings(second, "the key belongs to org_another, what was read before to org_01SandboxAcme")
    assert "the next sync reads everything from the start" in warning
    assert second.slices(COST)[0][0] > START.isoformat()
    third = source.read(config, [COST], second.states)
    assert third.slices(COST)[0][0] == START.isoformat()
    assert warnings(third, "belongs to") == []


def test_another_datadog_organizations_key_reads_its_own_past(source: Source, sandbox: Sandbox) -> None:
    config = sandbox_config(sandbox, ["datadog"], start_date="2026-09-01")
    own = {"include_descendants": False, "include_connected_accounts": False}
    config = merged(config, {"datadog": {**own, "product_families": ["infra_hosts"]}})
    child = merged(config, {"datadog": {"api_key": CHILD_API_KEY, "application_key": CHILD_APPLICATION_KEY}})
    first = source.read(config, [HOURS])
    (parent,) = {record["organization"]["id"] for record in first.records[HOURS]}
    assert first.states[0]["stream"]["stream_state"]["scope"]["account"] == parent
    assert warnings(source.read(config, [HOURS], first.states), "belongs to") == []
    second = source.read(child, [HOURS], first.states)
    (other,) = {record["organization"]["id"] for record in second.records[HOURS]}
    assert len(warnings(second, f"the key belongs to {other}, what was read before to {parent}")) == 1
    third = source.read(child, [HOURS], second.states)
    assert third.slices(HOURS) == [("2026-09-01", TODAY.isoformat())]


@pytest.mark.parametrize("stream", ["datadog_cost", "datadog_daily_cost", "datadog_billable_usage", *BY_TAG])
def test_datadog_names_the_organization_of_its_figures(source: Source, sandbox: Sandbox, stream: str) -> None:
    config = sandbox_config(sandbox, ["datadog"], start_date="2026-08-20")
    mixed = source.read(config, [stream])
    assert "account" not in mixed.states[0]["stream"]["stream_state"]["scope"]
    own = merged(config, {"datadog": {"include_descendants": False, "include_connected_accounts": False}})
    account = source.read(own, [stream]).states[0]["stream"]["stream_state"]["scope"]["account"]
    assert account == (ROOT.public_id if stream in BY_TAG else ROOT.account[1])


def test_another_site_of_datadog_is_another_organization() -> None:
    block = {"api_key": "k", "application_key": "a"}

    def widened_by(before: dict[str, Any], now: dict[str, Any]) -> list[list[str]]:
        pairs = zip(Datadog({**block, **before}).streams(), Datadog({**block, **now}).streams(), strict=True)
        return [widened(old.scope, new.scope) for old, new in pairs]

    assert widened_by({}, {"site": "datadoghq.eu"}) == [["datadog.site"]] * 4
    assert widened_by({}, {"site": "datadoghq.com"}) == [[]] * 4
    # where a proxy leads is not known
    assert widened_by({}, {"base_url": "https://proxy.acme.example"}) == [[]] * 4


def test_another_cursor_teams_key_reads_its_own_past(source: Source, sandbox: Sandbox) -> None:
    """Only the answers of the analytics name the team."""
    config = sandbox_config(sandbox, ["cursor"], start_date=START.isoformat())
    streams = ["cursor_analytics_models", "cursor_bugbot", "cursor_usage_events"]
    first = source.read(config, streams)
    scopes = {s["stream"]["stream_descriptor"]["name"]: s["stream"]["stream_state"]["scope"] for s in first.states}
    assert [scopes[stream].get("account") for stream in streams] == ["team 101", "team 101", None]

    def of_another(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "params": {**body["params"], "teamId": 303}}

    sandbox.fault("cursor", Fault("/analytics/(by-user|team)/", "change", times=None, change=of_another))
    second = source.read(config, streams, first.states)
    assert len(warnings(second, "the key belongs to team 303, what was read before to team 101")) == 2
