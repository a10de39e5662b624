"""Keys, refusals and limits of the simulated OpenAI."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.times import epoch
from sandbox.vendors.openai.credentials import (
    ADMIN_KEY,
    CODEX_KEY,
    NO_USAGE_ADMIN_KEY,
    PROJECT_KEY,
    SERVICE_ACCOUNT_KEY,
    USAGE_ONLY_ADMIN_KEY,
    USAGE_SCOPE,
    WORKSPACE_NO_SCOPE_KEY,
    Key,
)
from unit_tests.sandbox.openai.asking import CODEX, COMPLETIONS, COSTS, TODAY, WORKSPACE, YESTERDAY, Get, days_ago


@pytest.mark.parametrize(
    ("path", "key", "status", "text"),
    [
        (COMPLETIONS, None, 401, "You didn't provide an API key"),
        (COMPLETIONS, "sk-admin-nobody-abcd", 401, "Incorrect API key provided: sk-admin-***abcd."),
        (COMPLETIONS, NO_USAGE_ADMIN_KEY, 401, "Missing scopes: api.usage.read."),
        (COSTS, NO_USAGE_ADMIN_KEY, 401, "Missing scopes: api.usage.read."),
        (COMPLETIONS, PROJECT_KEY, 403, "Missing scopes: api.usage.read."),
        (COMPLETIONS, SERVICE_ACCOUNT_KEY, 403, "Missing scopes: api.usage.read."),
        (COMPLETIONS, CODEX_KEY, 403, "Missing scopes: api.usage.read."),
        ("organization/projects", USAGE_ONLY_ADMIN_KEY, 403, "Missing scopes: api.management.read"),
        ("organization/projects/proj_gone/api_keys", ADMIN_KEY, 404, "No such project."),
        ("organization/usage/nothing", ADMIN_KEY, 404, "Invalid URL (GET /v1/organization/usage/"),
        ("nothing", ADMIN_KEY, 404, "Invalid URL (GET /v1/nothing)"),
    ],
)
def test_platform_refuses(get: Get, path: str, key: str, status: int, text: str) -> None:
    answer = get(path, key, start_time=epoch(YESTERDAY))
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert text in error["message"]


def test_missing_scope_as_403(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.missing_scope_status = 403
    answer = get(COSTS, NO_USAGE_ADMIN_KEY, start_time=epoch(YESTERDAY))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("path", "key", "status", "detail"),
    [
        (f"{CODEX}/usage", None, 401, "Unauthorized"),
        (f"{CODEX}/usage", "sk-nobody", 401, "Unauthorized"),
        (f"{CODEX}/usage", ADMIN_KEY, 403, "Missing scope codex.enterprise.analytics.read"),
        (f"{CODEX}/usage", WORKSPACE_NO_SCOPE_KEY, 403, "Missing scope codex.enterprise"),
        (WORKSPACE, CODEX_KEY, 403, "Missing scope enterprise.analytics.usage.read"),
        ("analytics/codex/workspaces/no/usage", CODEX_KEY, 404, "Workspace not found"),
    ],
)
def test_analytics_refuses(get: Get, path: str, key: str, status: int, detail: str) -> None:
    answer = get(path, key)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({}, "start_time", "missing_required_parameter"),
        ({"start_time": "yesterday"}, "start_time", "invalid_type"),
        ({"end_time": epoch(YESTERDAY)}, "end_time", "invalid_value"),
        ({"limit": 32}, "limit", "integer_above_max_value"),
        ({"limit": 0}, "limit", "integer_below_min_value"),
        ({"bucket_width": "1h"}, "bucket_width", "invalid_value"),
        ({"group_by": "line_item"}, "group_by", "invalid_value"),
        ({"vector_store_ids": "vs_1"}, "vector_store_ids", "unknown_parameter"),
        ({"page": "page_AAAA"}, "page", "invalid_value"),
        ({"start_time": epoch(TODAY) - 366 * 86400}, "start_time", "reporting_lookback_exceeded"),
    ],
)
def test_bad_parameters(get: Get, query: dict[str, Any], param: str, code: str) -> None:
    if query and "start_time" not in query:
        query = {"start_time": epoch(YESTERDAY), **query}
    answer = get(COMPLETIONS, **query)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"


def test_limit_above_maximum_is_worded_as_the_vendor_words_it(get: Get) -> None:
    message = get(COMPLETIONS, start_time=epoch(YESTERDAY), limit=60).json()["error"]["message"]
    assert message == ("Invalid 'limit': integer above maximum value. Expected a value <= 31, but got 60 instead.")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 181}, "limit"),
        ({"bucket_width": "1h"}, "bucket_width"),
        ({"group_by": "model"}, "group_by"),
        ({"group_by": "user_id,project_id"}, "group_by"),
        ({"user_ids": "user-1"}, "user_ids"),
    ],
)
def test_bad_costs_parameters(get: Get, query: dict[str, Any], param: str) -> None:
    answer = get(COSTS, start_time=epoch(YESTERDAY), **query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_retention_names_the_earliest_day(sandbox: Sandbox, get: Get) -> None:
    earliest = days_ago(365)
    assert get(COMPLETIONS, start_time=epoch(earliest)).status_code == 200
    too_old = epoch(earliest) - 1
    message = get(COSTS, start_time=too_old).json()["error"]["message"]
    assert message == (
        f"Usage and cost data are available for the past year. Earliest supported start date: {earliest} (UTC)."
    )
    sandbox.openai.retention_names_date = False
    message = get(COSTS, start_time=too_old).json()["error"]["message"]
    assert message == "Usage and cost data are available for the past year."


def test_a_retention_refusal_may_repeat_what_was_asked(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.retention_echoes = True
    query = {"start_time": epoch(days_ago(400)), "end_time": epoch(days_ago(390))}
    for names_date in (True, False):
        sandbox.openai.retention_names_date = names_date
        message = get(COSTS, **query).json()["error"]["message"]
        assert message.startswith(f"Cannot report {days_ago(400)} to {days_ago(390)}. Usage and cost data")
        assert message.endswith(f"{days_ago(365)} (UTC)." if names_date else "for the past year.")
    sandbox.openai.retention_days = 400
    assert get(COSTS, **query).status_code == 200


def test_analytics_reach_back_as_far_as_the_knob_says(sandbox: Sandbox, get: Get) -> None:
    query = {"start_time": epoch(days_ago(91)), "end_time": epoch(days_ago(90))}
    assert get(f"{CODEX}/usage", CODEX_KEY, **query).status_code == 422
    sandbox.openai.codex_lookback_days = 91
    assert get(f"{CODEX}/usage", CODEX_KEY, **query).status_code == 200


def test_keys_and_workspaces_are_tables(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.keys["sk-admin-another"] = Key(True, frozenset({USAGE_SCOPE}))
    assert get(COSTS, "sk-admin-another", start_time=epoch(YESTERDAY)).status_code == 200
    del sandbox.openai.keys[ADMIN_KEY]
    assert get(COSTS, start_time=epoch(YESTERDAY)).status_code == 401
    sandbox.openai.workspaces = {"ws-2"}
    assert get(f"{CODEX}/usage", CODEX_KEY).status_code == 404
    assert get("analytics/codex/workspaces/ws-2/usage", CODEX_KEY).status_code == 200


def test_unknown_parameters_pass_where_the_vendor_is_lenient(sandbox: Sandbox, get: Get) -> None:
    query = {"start_time": epoch(YESTERDAY), "vector_store_ids": "vs_1"}
    assert [get(path, **query).status_code for path in (COMPLETIONS, COSTS)] == [400, 400]
    sandbox.openai.strict_parameters = False
    assert [get(path, **query).status_code for path in (COMPLETIONS, COSTS)] == [200, 200]


def test_retention_can_pass_in_the_middle_of_paging(sandbox: Sandbox, get: Get) -> None:
    query = {"start_time": epoch(days_ago(365)), "limit": 2}
    cursor = get(COMPLETIONS, **query).json()["next_page"]
    sandbox.clock.advance(days=1)
    answer = get(COMPLETIONS, page=cursor, **query)
    assert answer.json()["error"]["code"] == "reporting_lookback_exceeded"


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ({"limit": 30001}, "less_than_equal"),
        ({"limit": 0}, "greater_than_equal"),
        ({"limit": "all"}, "int_parsing"),
        ({"group": "team"}, "literal_error"),
        ({"page": "eyJvIjoyfQ"}, "value_error"),
        ({"start_time": epoch(TODAY) - 91 * 86400}, "value_error"),
        ({"start_time": epoch(TODAY), "end_time": epoch(TODAY)}, "value_error"),
    ],
)
def test_bad_analytics_parameters(get: Get, query: dict[str, Any], kind: str) -> None:
    answer = get(f"{CODEX}/usage", CODEX_KEY, **query)
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert detail["type"] == kind
    assert detail["loc"][0] == "query"
    assert detail["loc"][1] in query


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("seconds", {"Retry-After": "60"}),
        ("milliseconds", {"retry-after-ms": "60000", "Retry-After": "60"}),
        ("silent", {}),
    ],
)
def test_limit(sandbox: Sandbox, get: Get, form: str, headers: dict[str, str]) -> None:
    sandbox.openai.limit, sandbox.openai.throttle = Limit(2), form
    answers = [get(COSTS, start_time=epoch(YESTERDAY)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    sent = {name: answers[2].headers.get(name) for name in ("Retry-After", "retry-after-ms")}
    assert sent == {"Retry-After": None, "retry-after-ms": None, **headers}
    assert answers[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert get(COSTS, USAGE_ONLY_ADMIN_KEY, start_time=epoch(YESTERDAY)).status_code == 200
    sandbox.clock.advance(seconds=60)
    assert get(COSTS, start_time=epoch(YESTERDAY)).status_code == 200


def test_spent_quota(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.quota_spent = True
    answer = get(COSTS, start_time=epoch(YESTERDAY))
    assert (answer.status_code, answer.headers["x-should-retry"]) == (429, "false")
    assert answer.json()["error"]["type"] == "insufficient_quota"


def test_analytics_limit(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.codex_limit = Limit(1, 60)
    answers = [get(f"{CODEX}/usage", CODEX_KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["Retry-After"] == "60"
