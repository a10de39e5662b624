"""The simulated OpenAI keeps the rules of its sheet."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.ledger import Entry, Ledger
from sandbox.limits import Limit
from sandbox.times import epoch
from sandbox.vendors.openai import (
    ADMIN_KEY,
    CODEX_KEY,
    NO_USAGE_ADMIN_KEY,
    PROJECT_KEY,
    SERVICE_ACCOUNT_KEY,
    USAGE_ONLY_ADMIN_KEY,
    WORKSPACE_ADMIN_KEY,
    WORKSPACE_ID,
    WORKSPACE_NO_SCOPE_KEY,
    OpenAISandbox,
)
from sandbox.vendors.openai.credentials import USAGE_SCOPE, Key
from sandbox.vendors.openai.endpoints import ENDPOINTS, NEW_TOKENS
from sandbox.vendors.openai.knobs import Knobs

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
COMPLETIONS = "organization/usage/completions"
COSTS = "organization/costs"
COSTS_BY = ("project_id", "line_item", "api_key_id")
CODEX = f"analytics/codex/workspaces/{WORKSPACE_ID}"
WORKSPACE = f"analytics/workspaces/{WORKSPACE_ID}/usage"

Get = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.server.VENDORS", (OpenAISandbox,))
        with Sandbox(now=NOW) as running:
            yield running


@contextmanager
def rewound(served: Sandbox) -> Iterator[None]:
    """Knobs and clock are untouched afterwards."""
    yield
    Knobs.__init__(served.openai)
    served.clock.advance(seconds=(NOW - served.clock.now()).total_seconds())


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """One server for the module, which every test finds untouched."""
    with rewound(served):
        yield served


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Get]:
    with requests.Session() as session:

        def send(path: str, key: str | None = ADMIN_KEY, **query: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            url = f"{sandbox.url('openai')}/v1/{path}"
            return session.get(url, params=query, headers=headers, timeout=10)

        yield send


def pages(get: Get, path: str, **query: Any) -> list[Any]:
    """The data of every page; a cursor must never come twice."""
    data: list[Any] = []
    seen: set[str] = set()
    while True:
        page = get(path, **query).json()
        data += page["data"]
        if not page["has_more"]:
            return data
        assert page["next_page"] not in seen
        seen.add(page["next_page"])
        query["page"] = page["next_page"]


def rows(get: Get, path: str, first: date, last: date, **query: Any) -> list[dict[str, Any]]:
    """The rows of the buckets of [first, last), each with its bucket's start."""
    buckets = pages(get, path, start_time=epoch(first), end_time=epoch(last), **query)
    return [{**r, "start_time": b["start_time"]} for b in buckets for r in b["results"]]


def usage_rows(get: Get, name: str, first: date, last: date, **query: Any) -> list[Any]:
    by = list(ENDPOINTS[name].dimensions)
    return rows(get, f"organization/usage/{name}", first, last, group_by=by, limit=31, **query)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


# --- keys, limits, refusals ---------------------------------------------------------------------


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
        ({"group_by": "user_id"}, "group_by"),
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


# --- buckets and pages --------------------------------------------------------------------------


def test_default_page_is_seven_days_and_a_cursor_holds_for_its_query(get: Get) -> None:
    first = get(COMPLETIONS, start_time=epoch(days_ago(20))).json()
    assert set(first) == {"object", "data", "has_more", "next_page"}
    assert (len(first["data"]), first["has_more"]) == (7, True)
    second = get(COMPLETIONS, start_time=epoch(days_ago(20)), page=first["next_page"]).json()
    assert second["data"][0]["start_time"] == epoch(days_ago(13))
    other = get(COMPLETIONS, start_time=epoch(days_ago(19)), page=first["next_page"])
    assert other.status_code == 400


def test_buckets_tile_the_range_whatever_the_page_size(sandbox: Sandbox, get: Get) -> None:
    window = {"start_time": epoch(days_ago(40)), "end_time": epoch(TODAY)}
    whole = pages(get, COMPLETIONS, group_by=["model"], limit=31, **window)
    assert [b["start_time"] for b in whole] == [epoch(days_ago(40 - n)) for n in range(40)]
    assert pages(get, COMPLETIONS, group_by=["model"], limit=3, **window) == whole
    sandbox.openai.page_cap = 4
    assert pages(get, COMPLETIONS, group_by=["model"], limit=31, **window) == whole
    sandbox.openai.empty_pages = True
    assert pages(get, COMPLETIONS, group_by=["model"], limit=31, **window) == whole


def test_empty_page_comes_before_every_page_but_the_first(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.empty_pages = True
    query = {"start_time": epoch(days_ago(4)), "end_time": epoch(TODAY), "limit": 2}
    sizes = []
    for _ in range(3):
        page = get(COMPLETIONS, **query).json()
        sizes.append((len(page["data"]), page["has_more"]))
        query["page"] = page["next_page"]
    assert sizes == [(2, True), (0, True), (2, False)]


def test_costs_offer_a_cursor_to_an_empty_page_past_the_end(sandbox: Sandbox, get: Get) -> None:
    query = {"start_time": epoch(days_ago(3)), "end_time": epoch(TODAY), "limit": 180}
    page = get(COSTS, **query).json()
    assert (len(page["data"]), page["has_more"]) == (3, True)
    past = get(COSTS, page=page["next_page"], **query).json()
    assert past == {"object": "page", "data": [], "has_more": False, "next_page": None}
    sandbox.openai.costs_trailing_page = False
    assert get(COSTS, **query).json()["has_more"] is False


def test_broken_cursors(sandbox: Sandbox, get: Get) -> None:
    query = {"start_time": epoch(days_ago(20))}
    sandbox.openai.broken_cursor = "missing"
    page = get(COMPLETIONS, **query).json()
    assert (page["has_more"], page["next_page"]) == (True, None)
    sandbox.openai.broken_cursor = "repeated"
    cursor = get(COMPLETIONS, **query).json()["next_page"]
    assert get(COMPLETIONS, page=cursor, **query).json()["next_page"] == cursor


def test_unaligned_start_gives_a_partial_first_bucket(get: Get) -> None:
    start = epoch(days_ago(5)) + 12 * 3600 + 60
    first, second = get(COMPLETIONS, start_time=start, end_time=epoch(days_ago(3))).json()["data"]
    assert (first["start_time"], first["end_time"]) == (start, epoch(days_ago(4)))
    assert first["start_time_iso"] == "2026-09-11T12:01:00+00:00"
    (whole, _) = get(COMPLETIONS, start_time=epoch(days_ago(5)), end_time=epoch(days_ago(3))).json()["data"]
    requests_of = [b["results"][0]["num_model_requests"] for b in (first, whole)]
    assert requests_of[0] < requests_of[1]
    assert second["start_time"] == epoch(days_ago(4))


def test_both_midnights_belong_to_their_day(get: Get) -> None:
    query = {"group_by": "service_tier"}
    midnight = epoch(days_ago(4))
    before, after = get(COMPLETIONS, start_time=midnight - 60, end_time=midnight + 60, **query).json()["data"]
    assert [r["num_model_requests"] for r in before["results"]] == [3]
    assert [r["num_model_requests"] for r in after["results"]] == [3]
    cut = get(COMPLETIONS, start_time=midnight - 60, end_time=midnight - 1, **query).json()["data"]
    assert cut[0]["results"] == []


def test_end_omitted_reads_up_to_now_and_nothing_lies_in_the_future(get: Get) -> None:
    open_day = pages(get, COMPLETIONS, start_time=epoch(YESTERDAY))
    assert [b["start_time"] for b in open_day] == [epoch(YESTERDAY), epoch(TODAY)]
    later = pages(get, COMPLETIONS, start_time=epoch(YESTERDAY), end_time=epoch(TODAY) + 864000)
    assert later == open_day
    assert pages(get, COMPLETIONS, start_time=epoch(TODAY) + 172800) == []


def test_day_without_traffic_is_an_empty_bucket(get: Get) -> None:
    buckets = pages(get, COMPLETIONS, start_time=epoch(days_ago(150)), limit=31)
    empty = [b for b in buckets if not b["results"]]
    in_data = [b for b in empty if b["start_time"] >= epoch(days_ago(120))]
    assert len(empty) - len(in_data) == 30
    assert 4 <= len(in_data) <= 5


# --- rows ---------------------------------------------------------------------------------------


def test_ungrouped_rows_are_one_total_with_null_dimensions(get: Get) -> None:
    (bucket,) = get(COMPLETIONS, start_time=epoch(days_ago(5)), end_time=epoch(days_ago(4))).json()["data"]
    (row,) = bucket["results"]
    assert all(row[name] is None for name in ENDPOINTS["completions"].dimensions)
    grouped = usage_rows(get, "completions", days_ago(5), days_ago(4))
    assert len(grouped) > 20
    for metric in ("input_tokens", "output_tokens", "num_model_requests", "input_cached_tokens"):
        assert row[metric] == sum(one[metric] for one in grouped)


def test_three_spellings_of_arrays(get: Get) -> None:
    window = {"start_time": epoch(days_ago(5)), "end_time": epoch(days_ago(4))}
    spellings: list[dict[str, Any]] = [
        {"group_by": ["model", "batch"]},
        {"group_by": "model,batch"},
        {"group_by[]": ["model", "batch"]},
    ]
    answers = [get(COMPLETIONS, **window, **spelling).json() for spelling in spellings]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("spelling", "writes"),
    [("one", ("",)), ("beside", ("", "_12h")), ("split", ("_30m", "_12h"))],
)
def test_token_identities(sandbox: Sandbox, get: Get, spelling: Any, writes: tuple[Any, ...]) -> None:
    sandbox.openai.cache_writes = spelling
    found = usage_rows(get, "completions", days_ago(10), TODAY)
    new = [row for row in found if "input_uncached_tokens" in row]
    assert len(new) > 200
    classes = {name for name in new[0] if name.startswith("input_cache_write")}
    assert classes == {f"input_cache_write{kind}_tokens" for kind in {"", *writes}}
    assert all(sum(row[name] for row in new) > 0 for name in classes)
    for row in new:
        kinds = ("text", "audio", "image")
        uncached = sum(row[f"input_{kind}_tokens"] for kind in kinds)
        cached = sum(row[f"input_cached_{kind}_tokens"] for kind in kinds)
        assert row["input_uncached_tokens"] == uncached
        assert row["input_cached_tokens"] == cached
        assert row["input_tokens"] == uncached + cached + sum(row[f"input_cache_write{kind}_tokens"] for kind in writes)
        assert row["output_tokens"] == sum(row[f"output_{kind}_tokens"] for kind in kinds)
        if spelling == "split":
            written = sum(row[f"input_cache_write{kind}_tokens"] for kind in writes)
            assert row["input_cache_write_tokens"] == written


def test_oddities_of_completions(sandbox: Sandbox, get: Get) -> None:
    found = usage_rows(get, "completions", days_ago(14), TODAY)
    old = [row for row in found if "input_uncached_tokens" not in row]
    assert old
    assert all(row["batch"] is None and "service_tier" not in row for row in old)
    assert {row["project_id"] for row in found} >= {"", None}
    assert {row["batch"] for row in found} == {True, False, None}
    assert "ultrafast" in {row.get("service_tier") for row in found}
    assert any(row["user_id"] is None for row in found)
    assert any(row["model"].startswith("ft:") for row in found)
    sandbox.openai.huge_tokens = True
    assert 2**53 + 1 in {row["input_tokens"] for row in usage_rows(get, "completions", days_ago(2), YESTERDAY)}
    sandbox.openai.old_shape = True
    assert not any(name in row for row in usage_rows(get, "completions", days_ago(2), YESTERDAY) for name in NEW_TOKENS)


def test_usage_of_one_user(get: Get) -> None:
    everything = usage_rows(get, "completions", days_ago(5), TODAY)
    user = next(row["user_id"] for row in everything if row["user_id"])
    assert usage_rows(get, "completions", days_ago(5), TODAY, user_ids=user) == [
        row for row in everything if row["user_id"] == user
    ]


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_every_endpoint_serves_its_object_metrics_and_dimensions(get: Get, name: str) -> None:
    found = usage_rows(get, name, days_ago(14), TODAY)
    endpoint = ENDPOINTS[name]
    assert found
    for row in found:
        assert row["object"] == endpoint.object
        if name != "completions":
            names = {"object", "start_time", *endpoint.metrics, *endpoint.dimensions}
            assert set(row) == names


def test_the_newest_endpoints_can_be_unavailable(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.unavailable = {"web_search_calls"}
    answer = get("organization/usage/web_search_calls", start_time=epoch(YESTERDAY))
    assert answer.status_code == 404
    ledger = sandbox.openai.ledger(YESTERDAY, TODAY)
    assert "openai_usage_web_search_calls" not in ledger


# --- costs --------------------------------------------------------------------------------------


def test_cost_spellings(sandbox: Sandbox, get: Get) -> None:
    def values() -> list[Any]:
        found = rows(get, COSTS, days_ago(30), TODAY, group_by=COSTS_BY, limit=180)
        return [row["amount"]["value"] for row in found if "amount" in row]

    mixed = values()
    assert {type(value) for value in mixed} >= {str, float, type(None)}
    assert "0" in mixed
    assert "-5.00" in mixed
    assert any("E-" in value for value in mixed if isinstance(value, str))
    sandbox.openai.amounts = "string"
    assert {type(value) for value in values()} == {str, type(None)}
    sandbox.openai.amounts = "number"
    numbers = values()
    assert {type(value) for value in numbers} <= {int, float, type(None)}
    assert [_decimal(n) for n in numbers] == [_decimal(n) for n in mixed]


def test_odd_cost_rows(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.second_currency = "eur"
    found = rows(get, COSTS, days_ago(30), TODAY, group_by=COSTS_BY, limit=180)
    assert any("amount" not in row for row in found)
    assert any("api_key_id" not in row for row in found)
    assert any("organization_id" in row for row in found)
    credits = [row for row in found if row["line_item"] is None]
    assert {row["project_id"] for row in credits} == {"", None}
    units = {row.get("quantity_unit") for row in found}
    assert units >= {"tokens", "gibibyte_hours", "images", "duration_seconds", None}
    currencies = {row["amount"]["currency"] for row in found if "amount" in row}
    assert currencies == {"usd", "eur"}


def test_quantity_only_by_line_item(get: Get) -> None:
    for group in ("project_id", "line_item"):
        found = rows(get, COSTS, days_ago(3), days_ago(2), group_by=group)
        assert any(row.get("quantity") is not None for row in found) == (group == "line_item")


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


# --- look-ups -----------------------------------------------------------------------------------


def listed(get: Get, path: str, **query: Any) -> list[Any]:
    data: list[Any] = []
    while True:
        page = get(f"organization/{path}", **query).json()
        data += page["data"]
        if not page["has_more"]:
            return data
        query["after"] = page["last_id"]


def test_look_ups_page_with_after(sandbox: Sandbox, get: Get) -> None:
    page = get("organization/users").json()
    assert (len(page["data"]), page["has_more"]) == (20, True)
    assert page["last_id"] == page["data"][-1]["id"]
    everyone = listed(get, "users", limit=100)
    sandbox.openai.page_cap = 3
    assert listed(get, "users", limit=100) == everyone
    for limit in (0, 101):
        assert get("organization/users", limit=limit).status_code == 400


def test_removed_user_is_not_listed_but_used(sandbox: Sandbox, get: Get) -> None:
    member = sandbox.world.people[-1]
    assert member.left
    user = sandbox.openai.directory.user_id(member)
    assert user not in {one["id"] for one in listed(get, "users", limit=100)}
    found = usage_rows(get, "completions", member.left - timedelta(days=14), member.left)
    assert user in {row["user_id"] for row in found}
    service = [u for u in listed(get, "users") if u["is_service_account"]]
    assert [(u["name"], u["email"]) for u in service] == [(None, None)]


def test_archived_projects_on_request_only(sandbox: Sandbox, get: Get) -> None:
    active = listed(get, "projects")
    everything = listed(get, "projects", include_archived="true")
    (archived,) = [project for project in everything if project not in active]
    assert archived["status"] == "archived"
    path = f"organization/projects/{archived['id']}"
    assert get(f"{path}/api_keys").status_code == 200
    sandbox.openai.archived_keys = False
    refused = get(f"{path}/api_keys")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "This project is archived.")


def test_keys_of_owners_without_access_on_request_only(get: Get) -> None:
    def keys(**query: Any) -> list[Any]:
        return [
            key
            for project in listed(get, "projects", include_archived="true")
            for key in listed(get, f"projects/{project['id']}/api_keys", **query)
        ]

    default, everything = keys(), keys(owner_project_access="any")
    assert len(everything) == len(default) + 1
    used = {row["api_key_id"] for row in usage_rows(get, "completions", days_ago(9), TODAY)}
    assert used - {None} <= {key["id"] for key in everything}
    assert {key["owner"]["type"] for key in everything} == {"user", "service_account"}


# --- workspace analytics ------------------------------------------------------------------------


def codex(get: Get, path: str = f"{CODEX}/usage", days: int = 30, **query: Any) -> list[Any]:
    window = {"start_time": epoch(days_ago(days)), "end_time": epoch(TODAY) + 86400}
    return pages(get, path, key=WORKSPACE_ADMIN_KEY, **window, **query)


def test_codex_rows_of_any_page_size_are_the_same(sandbox: Sandbox, get: Get) -> None:
    whole = codex(get, limit=30000)
    assert len(whole) > 300
    assert [row["start_time"] for row in whole] == sorted(row["start_time"] for row in whole)
    assert codex(get, limit=70) == whole
    sandbox.openai.page_cap = 200
    assert codex(get, limit=30000) == whole
    page = get(f"{CODEX}/usage", CODEX_KEY, limit=1).json()
    other = get(f"{CODEX}/usage", CODEX_KEY, limit=2, page=page["next_page"])
    assert other.status_code == 422


def test_codex_default_window_is_the_last_thirty_days(get: Get) -> None:
    found = pages(get, f"{CODEX}/usage", key=CODEX_KEY)
    starts = {row["start_time"] for row in found}
    assert min(starts) >= epoch(days_ago(29))
    assert max(starts) <= epoch(TODAY)


def test_codex_oddities(get: Get) -> None:
    found = codex(get, days=60)
    assert {row["actor"]["email"] is None for row in found} == {True, False}
    assert {row["totals"]["cost_usd"] is None for row in found} == {True, False}
    assert {row["totals"]["text_total_tokens"] is None for row in found} == {True, False}
    partial = [row["totals"] for row in found if row["totals"]["text_total_tokens"]]
    assert any(totals["cached_text_input_tokens"] is None for totals in partial)
    assert any(row["totals"]["turns"] == 0 and row["clients"] == [] for row in found)
    assert any("email" in row for row in found)
    assert any("lines_added" in (row["code_attribution"] or {}) for row in found)
    clients = [Counter(c["client_id"] for c in row["clients"]) for row in found]
    assert any(c["CODEX_UNKNOWN_DEFAULT"] > 1 for c in clients)
    models = [Counter(m["model"] for m in row["models"] or ()) for row in found]
    assert any(m["other"] > 1 for m in models)
    assert any(sum(c["turns"] for c in row["clients"]) < row["totals"]["turns"] for row in found)


def test_group_workspace_is_one_row_a_day(get: Get) -> None:
    grouped = codex(get, group="workspace")
    assert len({row["start_time"] for row in grouped}) == len(grouped)
    assert {(row["user_id"], row["actor"], row["models"]) for row in grouped} == {(None, None, None)}
    turns: Counter[int] = Counter()
    for row in codex(get):
        turns[row["start_time"]] += row["totals"]["turns"]
    assert {row["start_time"]: row["totals"]["turns"] for row in grouped} == dict(turns)


def test_workspace_usage_has_its_own_shape(get: Get) -> None:
    found = codex(get, WORKSPACE)
    assert {row["object"] for row in found} == {"workspace.usage.result"}
    assert not any("turns" in row["totals"] for row in found)
    assert any("text_total_tokens" not in row["totals"] for row in found)
    assert any(c["client_id"] == "CHATGPT_WEB" for row in found for c in row["clients"])


@pytest.mark.parametrize("name", ["code_reviews", "code_review_responses"])
def test_reviews_are_one_row_a_day(get: Get, name: str) -> None:
    found = codex(get, f"{CODEX}/{name}")
    assert len({row["start_time"] for row in found}) == len(found) > 20
    assert {row["object"] for row in found} == {f"workspace.codex.{name}.result"}


# --- time, determinism, ledger ------------------------------------------------------------------


def test_same_seed_same_bytes_whatever_was_asked_before(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.server.VENDORS", (OpenAISandbox,))
    query = {"start_time": epoch(days_ago(3)), "end_time": epoch(TODAY)}
    calls: list[tuple[str, dict[str, Any]]] = [
        (COMPLETIONS, {**query, "group_by": "user_id,model"}),
        (COSTS, {**query, "group_by": ",".join(COSTS_BY)}),
        ("organization/projects", {}),
        (f"{CODEX}/usage", {"key": CODEX_KEY, **query}),
    ]
    first = [get(path, **arguments).content for path, arguments in calls]
    with Sandbox(now=NOW) as again:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        for at in reversed(range(len(calls))):
            path, arguments = calls[at]
            key = arguments.pop("key", ADMIN_KEY)
            headers["Authorization"] = f"Bearer {key}"
            url = f"{again.url('openai')}/v1/{path}"
            answer = requests.get(url, params=arguments, headers=headers, timeout=10)
            assert answer.content == first[at]


STREAMS = (
    *(f"openai_usage_{name}" for name in ENDPOINTS),
    "openai_costs",
    "openai_codex_usage",
    "openai_codex_usage_by_client",
    "openai_codex_usage_by_model",
    "openai_codex_code_reviews",
    "openai_codex_code_review_responses",
    "openai_workspace_usage",
)


@pytest.fixture(scope="module")
def restated(served: Sandbox) -> tuple[Ledger, Ledger]:
    """Ten days as they are known today and two days later."""
    with rewound(served):
        before = served.openai.ledger(days_ago(10), TODAY)
        served.clock.advance(days=2)
        return before, served.openai.ledger(days_ago(10), TODAY)


@pytest.fixture(scope="module")
def twenty_days(served: Sandbox) -> Ledger:
    """As they are known today, which is one of them."""
    with rewound(served):
        ledger: Ledger = served.openai.ledger(days_ago(20), TODAY + timedelta(days=1))
        return ledger


@pytest.mark.parametrize("stream", STREAMS)
def test_keys_are_unique_and_survive_restatement(restated: tuple[Ledger, Ledger], stream: str) -> None:
    def figures(ledger: Ledger) -> dict[tuple[Any, ...], Entry]:
        entries = ledger[stream]
        assert len({entry.key for entry in entries}) == len(entries)
        return {entry.key: entry for entry in entries}

    before, after = map(figures, restated)
    assert set(before) <= set(after)
    settled = {key for key in before if key[0] < days_ago(8).isoformat()} if before else set()
    if stream.startswith("openai_usage"):
        assert {key: before[key] for key in settled} == {key: after[key] for key in settled}
    if stream in ("openai_usage_completions", "openai_costs", "openai_codex_usage"):
        assert set(after) - set(before)
        assert any(before[key] != after[key] for key in before)


def test_corrections_stay_within_the_lookback(sandbox: Sandbox) -> None:
    def settled(lookback: int) -> Ledger:
        ledger: Ledger = sandbox.openai.ledger(days_ago(30), days_ago(lookback))
        return {s: e for s, e in ledger.items() if s.startswith("openai_usage") == (lookback == 3)}

    before = [settled(lookback) for lookback in (3, 7)]
    sandbox.clock.advance(days=30)
    assert [settled(lookback) for lookback in (3, 7)] == before
    assert sum(map(len, before)) == len(STREAMS)


def _sum(entries: list[Entry], path: str) -> Decimal:
    return sum((entry.usage.get(path, Decimal(0)) for entry in entries), Decimal(0))


@pytest.mark.parametrize(
    ("name", "path", "metric"),
    [
        ("completions", "requests.total", "num_model_requests"),
        ("embeddings", "tokens.total", "input_tokens"),
        ("moderations", "tokens.input", "input_tokens"),
        ("images", "quantity", "images"),
        ("audio_speeches", "quantity", "characters"),
        ("audio_transcriptions", "quantity", "seconds"),
        ("vector_stores", "quantity", "usage_bytes"),
        ("code_interpreter_sessions", "quantity", "num_sessions"),
        ("file_search_calls", "requests.total", "num_requests"),
        ("web_search_calls", "tools.web_search_count", "num_requests"),
    ],
)
def test_ledger_equals_the_served_usage(twenty_days: Ledger, get: Get, name: str, path: str, metric: str) -> None:
    entries = twenty_days[f"openai_usage_{name}"]
    served = usage_rows(get, name, days_ago(20), TODAY + timedelta(days=1))
    assert len(entries) == len(served) > 0
    assert _sum(entries, path) == sum(row[metric] for row in served)


@pytest.mark.parametrize("old", [False, True])
def test_ledger_tokens_add_up(sandbox: Sandbox, get: Get, old: bool) -> None:
    sandbox.openai.old_shape = old
    entries = sandbox.openai.ledger(days_ago(20), TODAY)["openai_usage_completions"]
    parts = ("tokens.input", "tokens.cache_read", "tokens.cache_write", "tokens.output")
    for entry in entries:
        assert sum(entry.usage.get(part, 0) for part in parts) == entry.usage["tokens.total"]
    served = usage_rows(get, "completions", days_ago(20), TODAY)
    total = sum(row["input_tokens"] + row["output_tokens"] for row in served)
    assert _sum(entries, "tokens.total") == total


def test_ledger_numbers_rows_that_differ_in_null_and_empty_alone(sandbox: Sandbox, get: Get) -> None:
    day = next(days_ago(n) for n in range(2, 9) if days_ago(n).toordinal() % 3 == 0)
    after = day + timedelta(days=1)
    entries = sandbox.openai.ledger(day, after)["openai_usage_embeddings"]
    twins = sorted(e.key[-1] for e in entries if e.key[1] is None)
    assert twins == [0, 1]
    served = usage_rows(get, "embeddings", day, after)
    by_project = {r["project_id"]: r["input_tokens"] for r in served if not r["project_id"]}
    found = {e.key[-1]: e.usage["tokens.total"] for e in entries if e.key[1] is None}
    assert found == {0: by_project[""], 1: by_project[None]}


def test_ledger_equals_the_served_costs(twenty_days: Ledger, get: Get) -> None:
    entries = twenty_days["openai_costs"]
    served = rows(get, COSTS, days_ago(20), TODAY + timedelta(days=1), group_by=COSTS_BY, limit=180)
    assert len(entries) == len(served)
    amounts = [_decimal(row["amount"]["value"]) for row in served if "amount" in row]
    total = sum((amount for amount in amounts if amount is not None), Decimal(0))
    for kind in ("net", "total"):
        assert sum(e.charges.get((kind, "USD"), Decimal(0)) for e in entries) == total
    credits = [e.charges[("credit", "USD")] for e in entries if ("credit", "USD") in e.charges]
    assert set(credits) == {Decimal("-5.00")}
    assert {e.start for e in entries} == {f"{e.key[0]}T00:00:00Z" for e in entries}


def test_ledger_equals_the_served_codex_usage(sandbox: Sandbox, get: Get) -> None:
    ledger = sandbox.openai.ledger(days_ago(30), TODAY + timedelta(days=1))
    for stream, path in (
        ("openai_codex_usage", f"{CODEX}/usage"),
        ("openai_workspace_usage", WORKSPACE),
    ):
        entries, served = ledger[stream], codex(get, path)
        assert {e.key[0] for e in entries} == {WORKSPACE_ID}
        assert {e.key[2] for e in entries} == {row["user_id"] for row in served}
        assert len(entries) == len(served)
        costs = [_decimal(row["totals"]["cost_usd"]) or Decimal(0) for row in served]
        assert sum(e.charges.get(("net", "USD"), Decimal(0)) for e in entries) == sum(costs)
        credits = [_decimal(row["totals"]["credits"]) for row in served]
        assert _sum(entries, "quantity") == sum(c for c in credits if c is not None)
    served = codex(get)
    for stream, part in (("client", "clients"), ("model", "models")):
        entries = ledger[f"openai_codex_usage_by_{stream}"]
        pieces = [piece for row in served for piece in row[part] or ()]
        assert len(entries) == len(pieces)
        tokens = sum(piece.get("text_total_tokens") or 0 for piece in pieces)
        assert _sum(entries, "tokens.total") == tokens


def test_ledger_equals_the_served_reviews(sandbox: Sandbox, get: Get) -> None:
    ledger = sandbox.openai.ledger(days_ago(30), TODAY + timedelta(days=1))
    reviews = codex(get, f"{CODEX}/code_reviews")
    total = sum(row["pull_request_reviews"] for row in reviews)
    assert _sum(ledger["openai_codex_code_reviews"], "quantity") == total
    responses = codex(get, f"{CODEX}/code_review_responses")
    engaged = sum(row["comment_response_details"]["engaged"] for row in responses)
    assert _sum(ledger["openai_codex_code_review_responses"], "quantity") == engaged


def test_ledger_leaves_out_what_is_no_longer_served(sandbox: Sandbox) -> None:
    ledger = sandbox.openai.ledger(days_ago(95), days_ago(80))
    assert min(e.key[1] for e in ledger["openai_codex_usage"]) == days_ago(90).isoformat()
    sandbox.openai.retention_days = 10
    ledger = sandbox.openai.ledger(days_ago(20), TODAY)
    assert min(e.key[0] for e in ledger["openai_costs"]) == days_ago(10).isoformat()
