"""OpenAI as a process: keys and scopes, restatement, retention, limits, filters."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import parse_qs

import pytest

from integration_tests.harness import Output, Source, assert_conserved, expected_id, merged, sandbox_config, sums
from sandbox import Fault, Sandbox
from sandbox.limits import Limit
from sandbox.vendors.openai.credentials import (
    CODEX_KEY,
    NO_USAGE_ADMIN_KEY,
    PROJECT_KEY,
    SERVICE_ACCOUNT_KEY,
    USAGE_ONLY_ADMIN_KEY,
    WORKSPACE_NO_SCOPE_KEY,
)

START, TODAY = date(2026, 8, 20), date(2026, 9, 22)
COMPLETIONS, COSTS, CODEX = "openai_usage_completions", "openai_costs", "openai_codex_usage"
SPLITS = [f"{CODEX}_by_client", f"{CODEX}_by_model"]
WORKSPACE = "openai_workspace_usage"


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["openai"], start_date=START.isoformat())


def openai(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return merged(config, {"openai": changes})


def warnings(output: Output, stream: str) -> list[str]:
    return [log for log in output.logs if log.startswith(f"WARN {stream}: ")]


# --- keys


def test_check_asks_each_credential_once(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    assert source.check(config)["status"] == "SUCCEEDED"
    assert sorted(sandbox.requests.values()) == [1, 1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"admin_api_key": "sk-admin-mistyped-0000"}, '/v1/organization/costs: 401 "Incorrect API key provided'),
        ({"admin_api_key": PROJECT_KEY}, "Missing scopes: api.usage.read"),
        ({"admin_api_key": SERVICE_ACCOUNT_KEY}, "project, service account and user keys cannot read usage and costs"),
        ({"admin_api_key": NO_USAGE_ADMIN_KEY}, "with the permission api.usage.read"),
        ({"codex": {"api_key": "mistyped-0000"}}, 'usage: 401 "Unauthorized"'),
        ({"codex": {"api_key": WORKSPACE_NO_SCOPE_KEY}}, "the scope codex.enterprise.analytics.read"),
        ({"codex": {"workspace_id": "elsewhere"}}, "Check openai.codex.workspace_id"),
    ],
)
def test_check_explains_a_refused_key(
    source: Source, config: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    status = source.check(openai(config, **changes))
    assert status["status"] == "FAILED"
    assert status["message"].startswith("OpenAI, check, ")
    assert sentence in status["message"]


def test_a_refused_admin_key_leaves_codex_whole(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    output = source.read(openai(config, admin_api_key="sk-admin-mistyped-0000"))
    assert output.code == 1
    assert Counter(output.statuses.values()) == {"INCOMPLETE": 13, "COMPLETE": 6}
    assert {trace["failure_type"] for trace in output.traces} == {"config_error"}
    assert len(output.errors) == 13
    # the streams that had begun before the first answer came, at most as many as may read at once
    assert sum(n for path, n in sandbox.requests.items() if "/organization/" in path) <= 4
    done = [name for name, status in output.statuses.items() if status == "COMPLETE"]
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), done)


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_scope_is_explained_in_either_status(
    source: Source, sandbox: Sandbox, config: dict[str, Any], status: Literal[401, 403]
) -> None:
    sandbox.openai.missing_scope_status = status
    output = source.read(openai(config, admin_api_key=NO_USAGE_ADMIN_KEY), [COMPLETIONS, COSTS])
    assert output.errors.keys() == {COMPLETIONS, COSTS}
    for message in output.errors.values():
        assert f'{status} "You have insufficient permissions' in message
        assert "Put an admin key (sk-admin-..." in message
    assert sum(sandbox.requests.values()) == 2


def test_a_missing_workspace_scope_stops_its_stream_only(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    output = source.read(openai(config, codex={"api_key": CODEX_KEY}), [CODEX, *SPLITS, WORKSPACE])
    assert output.errors.keys() == {WORKSPACE}
    assert "enterprise.analytics.usage.read" in output.errors[WORKSPACE]
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), [CODEX, *SPLITS])


def test_refused_look_ups_change_no_id_and_no_figure(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    config = openai(config, codex=None)
    full = source.read(config)
    sandbox.requests.clear()
    bare = source.read(openai(config, admin_api_key=USAGE_ONLY_ADMIN_KEY))
    assert (bare.code, bare.traces) == (0, [])
    assert_conserved(bare, sandbox.openai.ledger(START, TODAY), bare.statuses)
    assert _without_names(bare) == _without_names(full)
    assert any("name" in record["user"] for record in full.records[COMPLETIONS] if "user" in record)
    assert not any("name" in record["user"] for record in bare.records[COMPLETIONS] if "user" in record)
    asked = {path: n for path, n in sandbox.requests.items() if "/usage/" not in path and "/costs" not in path}
    assert asked == {"GET /openai/v1/organization/projects": 1, "GET /openai/v1/organization/users": 1}
    assert len([log for log in bare.logs if "records carry ids only" in log]) == 2


def _without_names(output: Output) -> dict[str, Any]:
    """Every record by id, without what look-ups add."""
    found = {}
    for records in output.records.values():
        for record in records:
            user = record.get("user", {}).get("id")
            found[record["id"]] = {**record, "user": user, "resources": _ids(record.get("resources", ()))}
    return found


def _ids(resources: Iterable[dict[str, Any]]) -> list[Any]:
    return [(resource.get("id"), resource.get("workspace", {}).get("id")) for resource in resources]


def test_names_of_archived_projects_and_of_keys(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    records = source.read(config, [COMPLETIONS]).records[COMPLETIONS]
    resources = [resource for record in records for resource in record.get("resources", ())]
    names = {resource["workspace"]["id"]: resource["workspace"].get("name") for resource in resources}
    assert names[sandbox.openai.directory.prototype.id] == "Search prototype"
    assert all(resource["name"] for resource in resources if "id" in resource)


def test_the_keys_of_an_archived_project_may_be_refused(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    full = source.read(config, [COMPLETIONS])
    sandbox.openai.archived_keys = False
    bare = source.read(config, [COMPLETIONS])
    assert (bare.code, bare.traces) == (0, [])
    assert _without_names(bare) == _without_names(full)
    archived = sandbox.openai.directory.prototype.id
    resources = [resource for record in bare.records[COMPLETIONS] for resource in record.get("resources", ())]
    keys = {(r["workspace"]["id"] == archived, "name" in r) for r in resources if "id" in r}
    assert keys == {(True, False), (False, True)}
    assert all(r["workspace"]["name"] == "Search prototype" for r in resources if r["workspace"]["id"] == archived)
    assert len([log for log in bare.logs if "API key names" in log]) == 1


# --- the vendor's figures


def test_a_second_sync_brings_the_restated_figures(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    streams = [COMPLETIONS, COSTS, CODEX]
    first = source.read(config, streams)
    sandbox.clock.advance(days=2)
    second = source.read(config, streams, first.states)
    truth = sandbox.openai.ledger(START, date(2026, 9, 24))
    for stream, lookback in ((COMPLETIONS, "2026-09-19"), (COSTS, "2026-09-15"), (CODEX, "2026-09-15")):
        before = {record["id"]: record for record in first.records[stream]}
        after = {record["id"]: record for record in second.records[stream]}
        assert min(record["start_date"][:10] for record in after.values()) == lookback
        assert any(before[id] != record for id, record in after.items() if id in before), stream
        table = {**before, **after}
        assert table.keys() == {expected_id(stream, entry.key) for entry in truth[stream]}
        assert sums(table.values()) == _sums(truth[stream])
        assert second.slices(stream) == [("2026-08-20", "2026-09-24")]


def _sums(entries: Iterable[Any]) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = {}
    for entry in entries:
        for key, amount in entry.charges.items():
            found[key] = found.get(key, Decimal(0)) + amount
    return found


def test_limits_count_buckets_and_small_pages_change_nothing(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.openai.page_cap = 3
    sandbox.openai.empty_pages = True
    streams = [COMPLETIONS, COSTS]
    output = source.read(config, streams)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), streams)
    # 4 + 27 + 2 buckets, of costs 8 + 25, by three with an empty page between two
    assert sandbox.requests["GET /openai/v1/organization/usage/completions"] == 3 + 17 + 1
    assert sandbox.requests["GET /openai/v1/organization/costs"] == 5 + 17


@pytest.mark.parametrize("knob", ["string", "number", "mixed"])
def test_amounts_in_either_form_are_the_same_money(
    source: Source, sandbox: Sandbox, config: dict[str, Any], knob: Literal["string", "number", "mixed"]
) -> None:
    sandbox.openai.amounts = knob
    sandbox.openai.second_currency = "eur"
    output = source.read(config, [COSTS])
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), [COSTS])
    assert {currency for _, currency in sums(output.records[COSTS])} == {"USD", "EUR"}


@pytest.mark.parametrize(("old", "writes"), [(True, "one"), (False, "one"), (False, "beside"), (False, "split")])
def test_tokens_of_every_shape_add_up(
    source: Source, sandbox: Sandbox, config: dict[str, Any], old: bool, writes: Any
) -> None:
    sandbox.openai.old_shape, sandbox.openai.cache_writes = old, writes
    sandbox.openai.huge_tokens = True
    output = source.read(config, [COMPLETIONS])
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), [COMPLETIONS])
    assert warnings(output, COMPLETIONS) == []
    for record in output.records[COMPLETIONS]:
        tokens = dict(record["usage"]["tokens"])
        assert tokens.pop("total") == sum(tokens.values()), record["id"]


def test_the_costs_agree_with_the_usage(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """Once everything is reported, each model is billed for exactly the output that its usage has."""
    sandbox.clock.advance(days=5)
    decisions = "openai_usage_decisions"
    output = source.read({**config, "end_date": "2026-09-21"}, [COMPLETIONS, decisions, COSTS])
    used: Counter[str] = Counter()
    for record in (*output.records[COMPLETIONS], *output.records[decisions]):
        used[record["model"]["id"]] += record["usage"]["tokens"]["output"]
    billed: Counter[str] = Counter()
    for record in output.records[COSTS]:
        if record.get("metric_name", "").endswith("output") and record["usage"].get("unit") == "tokens":
            billed[record["model"]["id"]] += record["usage"]["quantity"]
    assert used
    assert billed == used


# --- how far back, how fast


@pytest.mark.parametrize(("named", "echoed"), [(True, False), (False, False), (True, True), (False, True)])
def test_the_start_moves_to_what_is_served_with_one_warning(
    source: Source, sandbox: Sandbox, config: dict[str, Any], named: bool, echoed: bool
) -> None:
    sandbox.openai.retention_days = 20
    sandbox.openai.retention_echoes = echoed
    sandbox.openai.retention_names_date = named
    output = source.read(config, [COSTS])
    assert (output.code, output.traces) == (0, [])
    assert warnings(output, COSTS) == [
        "WARN openai_costs: start_date 2026-08-20 is older than what OpenAI keeps; reading from 2026-09-02, the oldest "
        "day it serves."
    ]
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), [COSTS])
    assert output.slices(COSTS) == [("2026-09-02", "2026-09-22")]


def test_codex_begins_with_the_oldest_day_that_is_served(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    output = source.read({**config, "start_date": "2026-05-01"}, [CODEX])
    assert (output.code, output.traces) == (0, [])
    (warning,) = warnings(output, CODEX)
    assert "start_date 2026-05-01 is older than what OpenAI keeps; reading from 2026-06-24" in warning
    assert_conserved(output, sandbox.openai.ledger(date(2026, 5, 1), TODAY), [CODEX])


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "silent"])
def test_a_limit_is_waited_out(
    source: Source, sandbox: Sandbox, config: dict[str, Any], form: Literal["seconds", "milliseconds", "silent"]
) -> None:
    sandbox.openai.throttle = form
    sandbox.openai.limit = Limit(2, 30)
    sandbox.openai.codex_limit = Limit(1, 30)
    streams = [COMPLETIONS, COSTS, CODEX, WORKSPACE]
    output = source.read(config, streams)
    assert (output.code, output.traces) == (0, [])
    assert sandbox.refused() > 0
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), streams)


def test_a_spent_quota_is_an_error_at_once(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.openai.quota_spent = True
    output = source.read(config, [COSTS])
    assert [trace["failure_type"] for trace in output.traces] == ["config_error"] * len(output.traces)
    assert '429 "You exceeded your current quota."' in output.errors[COSTS]
    assert sum(sandbox.requests.values()) == 1


@pytest.mark.parametrize("kind", ["missing", "repeated"])
def test_a_broken_cursor_is_an_error_and_nothing_of_its_window_counts(
    source: Source, sandbox: Sandbox, config: dict[str, Any], kind: Literal["missing", "repeated"]
) -> None:
    sandbox.openai.page_cap = 3
    sandbox.openai.broken_cursor = kind
    output = source.read(config, [COSTS, CODEX])
    assert {trace["failure_type"] for trace in output.traces} == {"system_error"}
    assert output.errors.keys() == {COSTS, CODEX}
    assert (output.records, output.slices(COSTS), output.slices(CODEX)) == ({}, [], [])


def test_a_failed_page_fails_its_window(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    last = str(1789862400)  # 2026-09-20, the second window of usage
    fault = Fault("completions", status=500, times=None, when=lambda query, _: query["start_time"] == last)
    sandbox.fault("openai", fault)
    failed = source.read(config, [COMPLETIONS])
    assert failed.slices(COMPLETIONS) == [("2026-08-20", "2026-09-20")]
    assert "Not read: 2026-09-20 to 2026-09-21; the next sync reads it." in failed.errors[COMPLETIONS]
    sandbox.heal()
    resumed = source.read(openai(config, lookback_days=0), [COMPLETIONS], failed.states)
    assert {record["start_date"][:10] for record in resumed.records[COMPLETIONS]} == {"2026-09-20", "2026-09-21"}


# --- what is not there


@pytest.mark.parametrize("endpoint", ["decisions", "web_search_calls"])
def test_a_new_endpoint_that_is_missing_is_read_when_it_comes(
    source: Source, sandbox: Sandbox, config: dict[str, Any], endpoint: str
) -> None:
    stream = f"openai_usage_{endpoint}"
    sandbox.openai.unavailable.add(endpoint)
    output = source.read(config, [stream])
    assert (output.code, output.records[stream], output.slices(stream)) == (0, [], [])
    assert len(warnings(output, stream)) == 1
    sandbox.openai.unavailable.clear()
    later = source.read(config, [stream], output.states)
    assert_conserved(later, sandbox.openai.ledger(START, TODAY), [stream])


def test_user_ids_keep_their_rows_and_say_where_there_are_none(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    person = sandbox.world.people[0]
    platform, workspace = (
        sandbox.openai.directory.user_id(person),
        sandbox.openai.directory.workspace_user_id(person),
    )
    output = source.read(openai(config, user_ids=[platform, workspace]))
    assert (output.code, output.traces) == (0, [])
    truth = sandbox.openai.ledger(START, TODAY)
    silent = {
        COSTS,
        "openai_usage_vector_stores",
        "openai_usage_code_interpreter_sessions",
        "openai_codex_code_reviews",
        "openai_codex_code_review_responses",
    }
    for stream in output.statuses:
        expected = {expected_id(stream, entry.key) for entry in truth[stream] if {platform, workspace} & {*entry.key}}
        assert {record["id"] for record in output.records[stream]} == (set() if stream in silent else expected)
        assert len(warnings(output, stream)) == (stream in silent)


def test_the_open_day_is_asked_for_up_to_the_next_midnight(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    asked: list[dict[str, list[str]]] = []

    def note(query: Any, _: bytes) -> bool:
        asked.append(parse_qs("&".join(f"{name}={value}" for name, value in query.items())))
        return False

    sandbox.fault("openai", Fault("costs", when=note))
    output = source.read({**config, "start_date": "2026-09-21", "include_current_day": True}, [COSTS])
    assert [query["end_time"] for query in asked] == [[str(1790121600)]]  # 2026-09-23
    assert_conserved(output, sandbox.openai.ledger(date(2026, 9, 21), date(2026, 9, 23)), [COSTS])
    assert output.slices(COSTS) == [("2026-09-21", "2026-09-22")]
