"""How the OpenAI streams ask and page, and what a configuration makes them ask."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pendulum
import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core import clock
from source_unified_usage.core.errors import BrokenContract, ConfigError, Unmappable
from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.openai import OpenAI
from unit_tests.vendors.openai.answers import (
    ANALYTICS,
    CODEX,
    COMPLETIONS,
    CONFIG,
    COSTS,
    FIRST,
    MEMBER,
    ROW,
    SECOND,
    STREAMS,
    TWO_DAYS,
    page,
    pages_of,
    queries,
    read,
    streams,
)
from unit_tests.vendors.samples import records, window

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


@pytest.mark.parametrize(
    ("organizations", "account"),
    [(["org-a", None, ""], "org-a"), (["org-a", "org-b", None], None), ([None, ""], None)],
)
def test_the_account_is_the_one_organization_that_rows_name(
    server: requests_mock.Mocker, organizations: list[Any], account: str | None
) -> None:
    server.get(COSTS, **page(*({"line_item": str(n), "organization_id": id} for n, id in enumerate(organizations))))
    stream = streams()["openai_costs"]
    assert len(records(stream, window(*TWO_DAYS))) == len(organizations)
    assert stream.api.account == account


def test_decisions_alone_are_grouped_by_the_source(server: requests_mock.Mocker) -> None:
    asked = {}
    for name in STREAMS:
        if name.startswith(("openai_usage_", "openai_costs")):
            path = STREAMS[name].path()
            server.get(f"https://api.openai.com{path}", **page())
            read(name)
            asked[name] = queries(server, f"https://api.openai.com{path}")[-1]["group_by"]
    assert [name for name, by in asked.items() if "api_source" in by] == ["openai_usage_decisions"]
    assert asked["openai_usage_decisions"] == [*asked["openai_usage_completions"], "api_source"]


ALL = [STREAMS["openai_usage_completions"], STREAMS["openai_costs"]]


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
    assert queries(server, f"{CODEX}/usage") == [{"start_time": [str(FIRST)], "end_time": [end], "limit": ["5000"]}]
    records(offered["openai_codex_usage"], window("2026-09-03", "2026-09-04"))
    assert len(queries(server, f"{CODEX}/usage")) == 2


def test_codex_reaches_back_ninety_days() -> None:
    wanted = Range(date(2026, 1, 1), None, False, pendulum.datetime(2026, 9, 22, 9))
    stream = streams()["openai_codex_usage"]
    stream.plan(wanted, Covered())
    assert [str(stream.windows[0].start)[:10], len(stream.windows)] == ["2026-06-24", 3]


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


# --- configuration and check


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (CONFIG, 19),
        ({"admin_api_key": "k"}, 13),
        ({"admin_api_key": "k", "codex": {}}, 13),
        ({"admin_api_key": "k", "codex": {"include_workspace_usage": False}}, 13),
        ({"codex": {"api_key": "k", "workspace_id": "w"}}, 5),
        ({"codex": {"api_key": "k", "workspace_id": "w", "include_workspace_usage": True}}, 6),
    ],
)
def test_either_credential_is_enough(config: Mapping[str, Any], count: int) -> None:
    assert len(OpenAI(config).streams()) == count
    assert len(OpenAI(config).probes()) == ("admin_api_key" in config) + (count not in (13,))


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


def test_no_dollar_is_in_two_bills_and_no_token_counts_twice() -> None:
    by_role = {
        name: (stream.role, stream.restates) for name, stream in STREAMS.items() if stream.role in ("bill", "restates")
    }
    assert by_role == {
        "openai_costs": ("bill", ()),
        "openai_costs_by_user": ("restates", ("openai_costs",)),
        "openai_codex_usage": ("restates", ("openai_workspace_usage",)),
        "openai_codex_usage_by_client": ("restates", ("openai_codex_usage",)),
        "openai_codex_usage_by_model": ("restates", ("openai_codex_usage",)),
        "openai_workspace_usage": ("bill", ()),
    }
    alone = streams(codex={**CONFIG["codex"], "include_workspace_usage": False})
    assert {name for name, stream in alone.items() if stream.role == "bill"} == {"openai_costs", "openai_codex_usage"}
    assert alone["openai_codex_usage"].restates == ()
    usage = {f"openai_usage_{endpoint}" for endpoint in ("completions", "decisions", "embeddings", "moderations")}
    assert {name for name, stream in STREAMS.items() if stream.counts_tokens} == {*usage, "openai_codex_usage"}
