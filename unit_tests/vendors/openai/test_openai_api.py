"""How the OpenAI streams ask, page, wait and fail."""

import logging
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pendulum
import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core import clock
from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable, Unmappable
from source_unified_usage.core.stream import Range, RetentionStart, UsageStream
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.openai import OpenAI
from unit_tests.vendors.samples import records, sample, window

PLATFORM = "https://api.openai.com/v1/organization"
COMPLETIONS = f"{PLATFORM}/usage/completions"
COSTS = f"{PLATFORM}/costs"
ANALYTICS = "https://api.chatgpt.com/v1/analytics"
CODEX = f"{ANALYTICS}/codex/workspaces/ws-1"
ERRORS = {error["name"]: error for error in sample("openai", "errors/errors")}
CONFIG: dict[str, Any] = {
    "admin_api_key": "sk-admin-not-a-real-key",
    "codex": {"api_key": "not-a-real-key-either", "workspace_id": "ws-1", "include_workspace_usage": True},
}
FIRST, SECOND = 1788220800, 1788307200  # 2026-09-01 and 02
TWO_DAYS = ("2026-09-01", "2026-09-03")
ROW = {"input_tokens": 3, "output_tokens": 2, "num_model_requests": 1, "model": "gpt-5"}
MEMBER = {"start_time": FIRST, "user_id": "user-a", "totals": {"credits": 1}}


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        for what in ("projects", "users"):
            mocker.get(f"{PLATFORM}/{what}", json=listing())
        yield mocker


def streams(**changes: Any) -> dict[str, UsageStream]:
    return {stream.name: stream for stream in OpenAI({**CONFIG, **changes}).streams()}


def read(name: str = "openai_usage_completions", days: tuple[str, str] = TWO_DAYS, **changes: Any) -> list[Any]:
    return records(streams(**changes)[name], window(*days))


def page(*rows: Any, next: Any = None, more: Any = ..., day: int = FIRST) -> dict[str, Any]:
    """One bucket."""
    bucket = {"start_time": day, "end_time": day + 86_400, "results": list(rows)}
    return pages_of([bucket], next, more)


def pages_of(data: list[Any], next: Any = None, more: Any = ...) -> dict[str, Any]:
    more = next is not None if more is ... else more
    return {"json": {"object": "page", "data": data, "has_more": more, "next_page": next}}


def listing(*rows: Any, last: str | None = None, more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(rows), "last_id": last, "has_more": more}


def error(name: str) -> dict[str, Any]:
    found = ERRORS[name]
    body = {"text": found["body"]} if isinstance(found["body"], str) else {"json": found["body"]}
    return {"status_code": found["status"], "headers": found["headers"], **body}


def queries(server: requests_mock.Mocker, url: str) -> list[dict[str, list[str]]]:
    """What was asked of the URL, request by request; requests_mock's own `qs` is lower-cased."""
    asked = [urlsplit(request.url) for request in server.request_history]
    return [parse_qs(parts.query) for parts in asked if f"{parts.scheme}://{parts.netloc}{parts.path}" == url]


# --- requests and pages


def test_a_request_asks_for_whole_days_and_every_dimension(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, **page(ROW))
    server.get(COSTS, **page())
    read()
    read("openai_costs")
    bounds = {"start_time": [str(FIRST)], "end_time": [str(FIRST + 2 * 86_400)], "bucket_width": ["1d"]}
    dimensions = ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"]
    assert queries(server, COMPLETIONS) == [{**bounds, "limit": ["31"], "group_by": dimensions}]
    assert queries(server, COSTS) == [
        {**bounds, "limit": ["180"], "group_by": ["project_id", "line_item", "api_key_id"]}
    ]
    assert "group_by=project_id&group_by=user_id" in server.request_history[0].url
    assert server.request_history[0].headers["Authorization"] == "Bearer sk-admin-not-a-real-key"


ALL = [stream for stream in streams().values() if stream.name in ("openai_usage_completions", "openai_costs")]


@given(st.dates(date(2024, 1, 1), date(2026, 9, 1)), st.integers(0, 86_399), st.booleans())
def test_unaligned_first_buckets_never_happen(start: date, second: int, open_day: bool) -> None:
    now = pendulum.datetime(2026, 9, 22).add(seconds=second)
    for stream in ALL:
        stream.plan(Range(start, None, open_day, now), Covered())
        assert [w for w in stream.windows if w.start.timestamp() % 86_400 or w.end.timestamp() % 86_400] == []


def test_a_page_continues_with_its_cursor_and_the_same_query(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, [page(ROW, next="page_AA="), page(next="page_BB+"), page(ROW, day=SECOND)])
    assert len(read()) == 2
    first, second, third = queries(server, COMPLETIONS)
    assert second == {**first, "page": ["page_AA="]}
    assert third == {**first, "page": ["page_BB+"]}


def test_an_empty_page_is_not_the_end(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, [pages_of([], next="a"), page(ROW)])
    assert len(read()) == 1
    server.get(f"{CODEX}/usage", [pages_of([], next="a"), pages_of([MEMBER])])
    assert len(read("openai_codex_usage")) == 1


def test_a_bucket_at_the_end_of_the_window_is_the_last(server: requests_mock.Mocker) -> None:
    server.get(COSTS, **page({"line_item": "x"}, next="page_past_the_end", day=SECOND))
    assert len(read("openai_costs")) == 1
    assert len(queries(server, COSTS)) == 1


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ([page(ROW, more=True)], "has_more without a next_page"),
        ([page(ROW, next="", more=True)], "has_more without a next_page"),
        ([page(ROW, next="a"), page(next="b"), page(next="a")], "the cursor 'a' came twice"),
        ([page(ROW, more=None)], "has_more is None"),
        ([{"json": {"has_more": False}}], "no list of objects under 'data'"),
        ([page(ROW, next="a"), {"json": {"error": {"code": 503}}}], "no list of objects under 'data' but an error"),
        ([pages_of([]) | {"json": {**pages_of([])["json"], "error": "upstream"}}], "an empty list under 'data'"),
        ([pages_of([{"start_time": FIRST}])], "a bucket without a list of results"),
        ([pages_of([], next=str(n)) for n in range(51)], "50 empty pages one after another"),
    ],
)
def test_a_broken_page_is_an_error(server: requests_mock.Mocker, answers: list[Any], what: str) -> None:
    server.get(COMPLETIONS, answers)
    with pytest.raises(BrokenContract, match=what):
        read()
    assert len(queries(server, COMPLETIONS)) == min(len(answers), 50)


def test_has_more_may_come_as_text(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, [page(ROW, next="a", more="true"), page(ROW, more="false", day=SECOND)])
    assert len(read()) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"output_tokens": 1}, "input_tokens"),
        ({**ROW, "input_tokens": None}, "a token count is missing"),
        ({**ROW, "input_tokens": "many"}, "'many' is not a number"),
    ],
)
def test_a_row_without_its_tokens_is_named(server: requests_mock.Mocker, row: Any, reason: str) -> None:
    server.get(COMPLETIONS, **page(row))
    with pytest.raises(Unmappable, match=reason):
        read()


@pytest.mark.parametrize("row", [{"start_time": FIRST, "user_id": "u"}, {"start_time": FIRST, "totals": None}])
def test_a_day_without_totals_is_named(server: requests_mock.Mocker, row: Any) -> None:
    server.get(f"{CODEX}/usage", **pages_of([row]))
    with pytest.raises(Unmappable):
        read("openai_codex_usage")


def test_the_streams_of_codex_share_one_answer(server: requests_mock.Mocker) -> None:
    entries = {"clients": [{"client_id": "CODEX_CLI"}], "models": [{"model": "gpt-5"}]}
    server.get(f"{CODEX}/usage", **pages_of([{**MEMBER, **entries}]))
    offered = streams()
    for name in ("openai_codex_usage", "openai_codex_usage_by_client", "openai_codex_usage_by_model"):
        assert len(records(offered[name], window(*TWO_DAYS))) == 1
    end = str(FIRST + 2 * 86_400)
    assert queries(server, f"{CODEX}/usage") == [{"start_time": [str(FIRST)], "end_time": [end], "limit": ["30000"]}]
    records(offered["openai_codex_usage"], window("2026-09-03", "2026-09-04"))
    assert len(queries(server, f"{CODEX}/usage")) == 2


def test_codex_reaches_back_ninety_days() -> None:
    wanted = Range(date(2026, 1, 1), None, False, pendulum.datetime(2026, 9, 22, 9))
    stream = streams()["openai_codex_usage"]
    stream.plan(wanted, Covered())
    assert [str(stream.windows[0].start)[:10], len(stream.windows)] == ["2026-06-24", 3]


# --- retention


@pytest.mark.parametrize(
    "first", [[], [page(ROW, next="a", day=1754006400)]], ids=["at once", "in the middle of paging"]
)
def test_the_day_that_a_refusal_names_is_the_new_start(server: requests_mock.Mocker, first: list[Any]) -> None:
    server.get(COMPLETIONS, [*first, error("reporting_lookback_exceeded")])
    with pytest.raises(RetentionStart, match="2025-08-14"):
        read(days=("2025-08-01", "2025-09-01"))


def keeping(server: requests_mock.Mocker, served: pendulum.DateTime, says: str) -> None:
    """Refuse what begins before `served`; `{asked}` in what it says is the day that was asked for."""

    def answer(request: Any, context: Any) -> Any:
        asked = int(parse_qs(urlsplit(request.url).query)["start_time"][0])
        if asked >= served.timestamp():
            return page()["json"]
        context.status_code = 400
        day = pendulum.from_timestamp(asked).to_date_string()
        return {"error": {"message": says.format(asked=day), "code": "reporting_lookback_exceeded"}}

    server.get(COMPLETIONS, json=answer)


@pytest.mark.parametrize(
    ("says", "requests"),
    [
        ("{asked} is too old. Earliest supported start date: 2025-11-26 (UTC).", 1),
        ("From 2025-11-26 (UTC), not {asked}.", 1),
        ("2025-08-01 to 2025-09-01 is too old, 2025-11-26 is the earliest day.", 1),
        ("2025-08-01 to 2025-08-31 is too old (as of 2026-09-22), 2025-11-26 is the earliest day.", 1),
        ("{asked} is too old.", 11),
        ("2025-08-01 to 2025-09-01 is too old.", 11),
        ("2025-13-45 and {asked} are too old on 2026-09-22.", 11),
    ],
)
def test_a_refusal_that_repeats_what_was_asked_for_moves_the_start(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, says: str, requests: int
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 9, 22, 9, 30))
    keeping(server, pendulum.datetime(2025, 11, 26), says)
    with pytest.raises(RetentionStart, match="2025-11-26"):
        read(days=("2025-08-01", "2025-09-01"))
    assert len(queries(server, COMPLETIONS)) == requests


@given(
    st.integers(0, 365), st.sampled_from(["{asked}", "{asked} {asked}", "2025-08-02", "2026-09-22", "2025-08-01", ""])
)
def test_the_start_always_moves_on(kept: int, says: str) -> None:
    now = pendulum.datetime(2026, 9, 22, 9, 30)
    start, end = pendulum.datetime(2025, 8, 1), now.start_of("day").add(days=1)
    with requests_mock.Mocker() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        keeping(server, now.start_of("day").subtract(days=kept), says)
        while start < end:
            try:
                read(days=(start.to_date_string(), end.to_date_string()))
                break
            except RetentionStart as told:
                moved = told.day
            start, before = moved, start
            assert start > before
    assert start == max(pendulum.datetime(2025, 8, 1), now.start_of("day").subtract(days=kept))


@pytest.mark.parametrize(("kept", "oldest", "asked"), [(365, "2025-09-22", 2), (300, "2025-11-26", 11)])
def test_without_a_named_day_a_year_is_tried_then_halved(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, kept: int, oldest: str, asked: int
) -> None:
    now = pendulum.datetime(2026, 9, 22, 9, 30)
    monkeypatch.setattr(clock, "now", lambda: now)
    keeping(server, now.start_of("day").subtract(days=kept), "Too old.")
    with pytest.raises(RetentionStart, match=oldest):
        read(days=("2025-01-01", "2025-02-01"))
    assert len(queries(server, COMPLETIONS)) == asked


# --- errors


@pytest.mark.parametrize(
    ("name", "kind", "sentences"),
    [
        ("invalid_key", KeyRefused, ["401", "Incorrect API key", "sk-admin-..., made by an organization owner"]),
        ("missing_scope_401", ConfigError, ["401", "Missing scopes: api.usage.read", "openai.admin_api_key"]),
        ("missing_scope_403", ConfigError, ["403", "Missing scopes: api.usage.read", "openai.admin_api_key"]),
        ("bad_param", ConfigError, ["400", "Invalid 'limit'"]),
        ("insufficient_quota", ConfigError, ["429", "exceeded your current quota", "settle its billing"]),
        ("server_error", Unavailable, ["500 The server had an error"]),
        ("bad_gateway_html", Unavailable, ["502"]),
    ],
)
def test_an_error_says_what_to_do(
    server: requests_mock.Mocker, waits: list[float], name: str, kind: type[Exception], sentences: list[str]
) -> None:
    server.get(COMPLETIONS, **error(name))
    start = "OpenAI, stream openai_usage_completions, /v1/organization/usage/completions: "
    with pytest.raises(kind, match=start) as raised:
        read()
    assert [sentence for sentence in sentences if sentence not in str(raised.value)] == []
    assert type(raised.value) is kind
    assert bool(waits) == (kind is Unavailable)


@pytest.mark.parametrize(
    ("name", "kind", "sentences"),
    [
        ("codex_unauthorized", KeyRefused, ['401 "Unauthorized"', "Check that openai.codex.api_key"]),
        ("codex_forbidden", ConfigError, ["Give openai.codex.api_key the scope codex.enterprise.analytics.read"]),
        ("codex_workspace_not_found", ConfigError, ["Check openai.codex.workspace_id"]),
        ("codex_validation", ConfigError, ["Input should be less than or equal to 30000"]),
    ],
)
def test_an_error_of_the_analytics_says_what_to_do(
    server: requests_mock.Mocker, name: str, kind: type[Exception], sentences: list[str]
) -> None:
    server.get(f"{CODEX}/code_reviews", **error(name))
    with pytest.raises(kind, match="OpenAI, stream openai_codex_code_reviews, /v1/analytics/codex/") as raised:
        read("openai_codex_code_reviews")
    assert [sentence for sentence in sentences if sentence not in str(raised.value)] == []


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (401, "Missing scope enterprise.analytics.usage.read"),
        (403, "Missing scope enterprise.analytics.usage.read"),
        (401, "Unauthorized"),
    ],
)
def test_a_refused_workspace_usage_stops_that_stream_only(
    server: requests_mock.Mocker, status: int, detail: str
) -> None:
    server.get(f"{ANALYTICS}/workspaces/ws-1/usage", status_code=status, json={"detail": detail})
    server.get(f"{CODEX}/usage", **pages_of([MEMBER]))
    offered = streams()
    with pytest.raises(ConfigError, match="include_workspace_usage to false"):
        records(offered["openai_workspace_usage"], window(*TWO_DAYS))
    assert len(records(offered["openai_codex_usage"], window(*TWO_DAYS))) == 1


def test_waits_exactly_as_told(server: requests_mock.Mocker, waits: list[float]) -> None:
    told = [error("rate_limited_with_retry_after"), error("rate_limited_ms"), error("rate_limited_no_header")]
    server.get(COMPLETIONS, [*told, page(ROW)])
    assert len(read()) == 1
    assert waits[:2] == [2.0, 0.35]
    assert waits[2] > 1


@pytest.mark.parametrize("endpoint", ["file_search_calls", "web_search_calls"])
def test_an_endpoint_that_is_not_there_yet_warns_and_is_left_unread(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    server.get(f"{PLATFORM}/usage/{endpoint}", status_code=404, json={"error": {"message": "Invalid URL"}})
    stream = streams()[f"openai_usage_{endpoint}"]
    days = window(*TWO_DAYS)
    assert records(stream, days) == []
    assert stream.bounds.available_until == days.start
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        f'openai_usage_{endpoint}: OpenAI does not offer it to this organization yet (404 "Invalid URL").'
    ]


def test_any_other_endpoint_that_is_not_there_is_an_error(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, status_code=404, json={"error": {"message": "Invalid URL"}})
    with pytest.raises(ConfigError, match="Check base_url"):
        read()


# --- tokens that disagree


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ({"input_uncached_tokens": 9, "input_cached_tokens": 1}, (2, 1, 2, 5)),
        ({"input_cached_tokens": 4}, (None, None, 2, 5)),
    ],
)
def test_token_counts_that_disagree_are_told_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, told: Any, tokens: Any
) -> None:
    server.get(COMPLETIONS, **page({**ROW, **told}, {**ROW, **told, "model": "gpt-4"}))
    stream = streams()["openai_usage_completions"]
    for _ in range(2):
        found = records(stream, window(*TWO_DAYS))[0]["usage"]["tokens"]
        assert tuple(found.get(name) for name in ("input", "cache_read", "output", "total")) == tokens
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "do not add up in openai_usage_completions/2026-09-01/" in warnings[0]
    for wording in ("input is taken as input_tokens less", "only output and total are emitted"):
        assert wording in warnings[0]


# --- users


def test_user_ids_are_asked_for_where_the_api_can(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, **page(ROW))
    read(user_ids=["user-a", "user-b"])
    assert queries(server, COMPLETIONS)[0]["user_ids"] == ["user-a", "user-b"]


@pytest.mark.parametrize(
    "name",
    [
        "openai_usage_vector_stores",
        "openai_usage_code_interpreter_sessions",
        "openai_costs",
        "openai_codex_code_reviews",
        "openai_codex_code_review_responses",
    ],
)
def test_with_user_ids_a_stream_without_users_says_so_and_asks_nothing(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    stream = streams(user_ids=["user-a"])[name]
    days = window(*TWO_DAYS)
    assert records(stream, days) == []
    assert stream.bounds.available_until == days.start
    assert f"{name}: OpenAI does not tell its users apart" in caplog.text
    assert server.request_history == []


def test_members_are_filtered_here(server: requests_mock.Mocker) -> None:
    rows = [MEMBER, {**MEMBER, "user_id": "user-b"}, {**MEMBER, "user_id": None}]
    for url in (f"{CODEX}/usage", f"{ANALYTICS}/workspaces/ws-1/usage"):
        server.get(url, **pages_of(rows))
    for name in ("openai_codex_usage", "openai_workspace_usage"):
        assert [record["user"] for record in read(name, user_ids=["user-b"])] == [{"id": "user-b"}]


# --- names


NAMED = {**ROW, "project_id": "proj_1", "user_id": "user-a", "api_key_id": "key_1"}
PROJECTS = [{"id": "proj_1", "name": "One"}, {"id": "proj_2", "name": None}]


def test_names_are_read_once_after_the_first_answer(server: requests_mock.Mocker) -> None:
    server.get(f"{PLATFORM}/projects", [{"json": listing(*PROJECTS[:1], more=True)}, {"json": listing(PROJECTS[1])}])
    server.get(f"{PLATFORM}/users", json=listing({"id": "user-a", "name": "Ada", "email": "ada@example.com"}))
    server.get(f"{PLATFORM}/projects/proj_1/api_keys", json=listing({"id": "key_1", "name": "web"}))
    server.get(COMPLETIONS, **page(NAMED))
    server.get(COSTS, **page(NAMED))
    offered = streams()
    for name in ("openai_usage_completions", "openai_costs", "openai_usage_completions"):
        (record,) = records(offered[name], window(*TWO_DAYS))
        assert record["resources"] == [{"id": "key_1", "name": "web", "workspace": {"id": "proj_1", "name": "One"}}]
    assert [request.path for request in server.request_history] == [
        "/v1/organization/usage/completions",
        "/v1/organization/projects",
        "/v1/organization/projects",
        "/v1/organization/users",
        "/v1/organization/projects/proj_1/api_keys",
        "/v1/organization/costs",
        "/v1/organization/usage/completions",
    ]
    archived = {"include_archived": ["true"], "limit": ["100"]}
    assert queries(server, f"{PLATFORM}/projects") == [archived, {**archived, "after": ["proj_1"]}]
    assert queries(server, f"{PLATFORM}/projects/proj_1/api_keys") == [
        {"owner_project_access": ["any"], "limit": ["100"]}
    ]


@pytest.mark.parametrize("name", ["lookup_scope_403", "missing_scope_401", "user_not_found"])
def test_the_look_ups_may_be_refused(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, name: str) -> None:
    caplog.set_level(logging.INFO)
    for what in ("projects", "users"):
        server.get(f"{PLATFORM}/{what}", **error(name))
    server.get(COMPLETIONS, **page(NAMED))
    stream = streams()["openai_usage_completions"]
    for _ in range(2):
        (record,) = records(stream, window(*TWO_DAYS))
        assert record["resources"] == [{"id": "key_1", "workspace": {"id": "proj_1"}}]
        assert record["user"] == {"id": "user-a"}
    assert len([r for r in caplog.records if "records carry ids only" in r.getMessage()]) == 2
    assert len(server.request_history) == 4


@pytest.mark.parametrize("name", ["lookup_scope_403", "rate_limited_no_header"])
def test_refused_key_names_are_not_asked_project_by_project(
    server: requests_mock.Mocker, waits: list[float], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.INFO)
    server.get(f"{PLATFORM}/projects", json=listing(*PROJECTS))
    for project in ("proj_1", "proj_2"):
        server.get(f"{PLATFORM}/projects/{project}/api_keys", **error(name))
    server.get(COMPLETIONS, **page(NAMED, {**NAMED, "project_id": "proj_2"}))
    assert [record["resources"][0]["id"] for record in read()] == ["key_1", "key_1"]
    assert {request.path for request in server.request_history if "api_keys" in request.path} == {
        "/v1/organization/projects/proj_1/api_keys"
    }
    assert len([r for r in caplog.records if "no API key names" in r.getMessage()]) == 1
    assert sum(waits) < 60


@pytest.mark.parametrize("page_again", [listing(*PROJECTS, more=True), {**listing(), "has_more": True}])
def test_of_a_list_that_never_ends_the_names_that_came_are_used(
    server: requests_mock.Mocker, page_again: dict[str, Any]
) -> None:
    server.get(COMPLETIONS, **page(NAMED))
    server.get(f"{PLATFORM}/projects", [{"json": listing(*PROJECTS, more=True)}, {"json": page_again}])
    server.get(f"{PLATFORM}/projects/proj_1/api_keys", json=listing())
    (record,) = read()
    assert record["resources"][0]["workspace"] == {"id": "proj_1", "name": "One"}


def test_an_archived_project_loses_the_names_of_its_own_keys_only(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    projects = [{"id": id, "name": id} for id in ("proj_1", "proj_old", "proj_older", "proj_2")]
    server.get(f"{PLATFORM}/projects", json=listing(*projects))
    archived = {"error": {"message": "Project is archived.", "type": "invalid_request_error"}}
    for project in projects:
        keys = f"{PLATFORM}/projects/{project['id']}/api_keys"
        if project["id"].startswith("proj_old"):
            server.get(keys, status_code=400, json=archived)
        else:
            server.get(keys, json=listing({"id": f"key of {project['id']}", "name": "web"}))
    rows = [{**NAMED, "project_id": p["id"], "api_key_id": f"key of {p['id']}"} for p in projects]
    server.get(COMPLETIONS, **page(*rows))
    named = {record["resources"][0]["id"]: record["resources"][0].get("name") for record in read()}
    assert named == {
        "key of proj_1": "web",
        "key of proj_old": None,
        "key of proj_older": None,
        "key of proj_2": "web",
    }
    (line,) = [text for text in caplog.messages if "API key names" in text]
    assert (
        'some records carry ids only (OpenAI, look-up, /v1/organization/projects/proj_old/api_keys: 400 "Proj' in line
    )


# --- configuration and check


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (CONFIG, 17),
        ({"admin_api_key": "k"}, 11),
        ({"admin_api_key": "k", "codex": {}}, 11),
        ({"admin_api_key": "k", "codex": {"include_workspace_usage": False}}, 11),
        ({"codex": {"api_key": "k", "workspace_id": "w"}}, 5),
        ({"codex": {"api_key": "k", "workspace_id": "w", "include_workspace_usage": True}}, 6),
    ],
)
def test_either_credential_is_enough(config: Mapping[str, Any], count: int) -> None:
    assert len(OpenAI(config).streams()) == count
    assert len(OpenAI(config).probes()) == ("admin_api_key" in config) + (count not in (11,))


def test_the_address_of_codex_is_checked() -> None:
    config = {"codex": {"api_key": "k", "workspace_id": "w", "base_url": "http://a.example"}}
    for ask in (OpenAI(config).streams, OpenAI(config).probes):
        with pytest.raises(ConfigError, match=r"openai\.codex\.base_url: plain http"):
            ask()


def test_check_asks_the_cheapest_question(server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 9, 2, 9, 30))
    server.get(COSTS, **pages_of([]))
    server.get(f"{CODEX}/usage", **pages_of([]))
    for probe in OpenAI(CONFIG).probes():
        probe.ask()
    assert queries(server, COSTS) == [{"start_time": [str(FIRST)], "limit": ["1"]}]
    assert queries(server, f"{CODEX}/usage") == [
        {"start_time": [str(FIRST)], "end_time": [str(SECOND)], "group": ["workspace"], "limit": ["1"]}
    ]


def test_a_prefix_of_the_address_is_kept(server: requests_mock.Mocker) -> None:
    server.get("https://proxy.example/openai/v1/organization/usage/completions", **page(ROW))
    assert len(read(base_url="https://proxy.example/openai/")) == 1


def test_the_lookback_can_be_set() -> None:
    assert {stream.lookback.count for stream in OpenAI(CONFIG).offered()} == {3, 7}
    assert {stream.lookback.count for stream in OpenAI({**CONFIG, "lookback_days": 2}).offered()} == {2}
