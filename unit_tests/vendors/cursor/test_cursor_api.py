"""How the Cursor streams page, notice drift, keep ids and fail."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pendulum
import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.budget import Budget
from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable
from source_unified_usage.vendors.cursor import Cursor
from unit_tests.vendors.samples import records, sample, stream_of, window

CONFIG = {"api_key": "crsr_not_a_real_key", "enterprise": True}
API = "https://api.cursor.com"
EVENTS = f"{API}/teams/filtered-usage-events"
DAILY = f"{API}/teams/daily-usage-data"
EVENT = {
    "timestamp": "1788220800123",
    "userEmail": "ada@acme.example",
    "model": "gpt-5.2",
    "kind": "Usage-based",
    "isChargeable": True,
    "chargedCents": 2.5,
    "cursorTokenFee": 0.5,
    "tokenUsage": {"inputTokens": 1, "totalCents": 2.0},
}


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.get(f"{API}/teams/members", json={"teamMembers": []})
        yield mocker


def read(name: str = "cursor_usage_events", **config: Any) -> list[dict[str, Any]]:
    return records(stream_of("cursor", {**CONFIG, **config}, name), window("2026-09-01", "2026-09-02"))


def page(*events: Any, number: int = 1, more: bool = False, total: int | None = None) -> dict[str, Any]:
    body = {"usageEvents": events, "pagination": {"currentPage": number, "hasNextPage": more}}
    return {"json": body if total is None else {**body, "totalUsageEventsCount": total}}


def at(milliseconds: int, **fields: Any) -> dict[str, Any]:
    return {**EVENT, "timestamp": str(milliseconds), **fields}


def test_a_window_ends_with_its_last_millisecond(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, **page(EVENT))
    read()
    (asked,) = [request.json() for request in server.request_history if request.method == "POST"]
    assert asked == {"startDate": 1788220800000, "endDate": 1788307199999, "page": 1, "pageSize": 1000}


def test_page_drift_is_noticed(server: requests_mock.Mocker) -> None:
    """An event that arrives while a day is paged shifts one row onto the next page: the day is read again."""
    a, b, c = at(1788220800003), at(1788220800002), at(1788220800001)
    drifted = [page(a, more=True, total=2), page(a, b, number=2, total=3)]
    settled = [page(c, more=True, total=3), page(a, b, number=2, total=3)]
    server.post(EVENTS, [*drifted, *settled])
    assert sorted(record["start_date"][-5:] for record in read()) == [".001Z"[-5:], ".002Z"[-5:], ".003Z"[-5:]]


def test_a_day_that_never_settles_is_an_error_and_not_a_guess(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, **page(EVENT, total=2))
    with pytest.raises(Unavailable, match="changed under every one of 3 readings"):
        read()


def test_twin_events_stay_two(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, **page(EVENT, EVENT, total=2))
    assert [record["id"] for record in read()] == [f"cursor_usage_events/1788220800123/gpt-5.2/{n}" for n in (0, 1)]


def test_restated_amount_keeps_its_id(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, **page(EVENT))
    (before,) = read()
    server.post(EVENTS, **page({**EVENT, "chargedCents": 9.9, "kind": "Included in Pro"}))
    (after,) = read()
    assert before["id"] == after["id"]
    assert before["charges"] != after["charges"]


def test_removed_user_keeps_the_id(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, **page(EVENT))
    (before,) = read()
    server.post(EVENTS, **page({name: value for name, value in EVENT.items() if name != "userEmail"}))
    (after,) = read()
    assert before["id"] == after["id"]
    assert "user" not in after


def test_cents_are_not_dollars_and_fee_inside_total_is_not_added_again(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, **page(EVENT))
    (record,) = read()
    assert {charge["type"]: charge["amount"] for charge in record["charges"]} == {
        "net": 0.025,
        "total": 0.025,
        "usage_based": 0.025,
        "platform_fee": 0.005,
    }


@pytest.mark.parametrize(
    ("kind", "amounts"),
    [
        ("Errored, Not Charged", {"net": 0, "total": 0}),
        ("USAGE_EVENT_KIND_ABORTED_NOT_CHARGED", {"net": 0, "total": 0}),
        ("User API Key", {"net": 0, "total": 0}),
        ("Included in Pro", {}),
        ("Usage-based", {}),
    ],
)
def test_what_is_never_charged_costs_nothing_even_without_an_amount(
    server: requests_mock.Mocker, kind: str, amounts: dict[str, int]
) -> None:
    bare = {name: value for name, value in EVENT.items() if name in ("timestamp", "model")}
    server.post(EVENTS, **page({**bare, "kind": kind}))
    (record,) = read()
    assert {charge["type"]: charge["amount"] for charge in record.get("charges", ())} == amounts


def test_the_noise_of_floats_ends_with_the_tenth_place(server: requests_mock.Mocker) -> None:
    row = {"userId": "user_1", "spendCents": 40.16699999999999, "overallSpendCents": 80.33400000000001}
    server.post(f"{API}/teams/spend", json={"teamMemberSpend": [row], "subscriptionCycleStart": 0, "totalPages": 1})
    (record,) = read("cursor_spend")
    assert {charge["type"]: charge["amount"] for charge in record["charges"]} == {
        "net": 0.40167,
        "total": 0.80334,
        "discount": 0.40167,
        "on_demand": 0.40167,
        "included": 0.40167,
    }


def test_names_come_from_the_members_wherever_a_row_has_an_address(server: requests_mock.Mocker) -> None:
    member = {"id": "user_7", "name": "Ada", "email": "Ada@acme.example"}
    server.get(f"{API}/teams/members", json={"teamMembers": [member]})
    rows = {"data": {"ada@acme.example": [{"date": "2026-09-01", "model_breakdown": {"gpt-5.2": {"messages": 1}}}]}}
    server.get(f"{API}/analytics/by-user/models", json={**rows, "pagination": {"hasNextPage": False}})
    (record,) = read("cursor_analytics_models")
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example", "name": "Ada"}


TWINS = [{**EVENT, "tokenUsage": {"inputTokens": n % 3}, "requestsCosts": n % 2} for n in range(6)]


@given(st.randoms(use_true_random=False))
def test_ordinals_do_not_depend_on_the_order_of_the_rows(draw: random.Random) -> None:
    shuffled = [*TWINS]
    draw.shuffle(shuffled)
    with requests_mock.Mocker() as server:
        server.get(f"{API}/teams/members", json={"teamMembers": []})
        server.post(EVENTS, **page(*shuffled))
        found = {record["id"]: record["remote_data"]["tokenUsage"]["inputTokens"] for record in read()}
    assert [found[f"cursor_usage_events/1788220800123/gpt-5.2/{n}"] for n in range(6)] == [0, 0, 1, 1, 2, 2]


def test_empty_page_is_not_the_end_and_a_repeated_cursor_is(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, [page(more=True), page(EVENT, number=2)])
    assert len(read()) == 1
    server.post(EVENTS, **page(EVENT, more=True))
    with pytest.raises(BrokenContract, match="asked for page 2, got page 1"):
        read()


@pytest.mark.parametrize("told", [{"totalCount": 3, "pageSize": 1000}, {}])
def test_commits_end_with_the_last_one_and_not_with_what_a_page_could_hold(
    server: requests_mock.Mocker, told: dict[str, Any]
) -> None:
    """A client found pages of 500 at most; the page size that is echoed need not be the one that was served."""
    commits = [{"commitHash": f"c{n}", "createdAt": "2026-09-01T10:00:00Z"} for n in range(3)]
    pages = [commits[:2], commits[2:], []]
    server.get(f"{API}/analytics/ai-code/commits", [{"json": {"items": items, **told}} for items in pages])
    assert len(read("cursor_ai_code_commits")) == 3


def test_without_pagination_the_total_tells_the_end(server: requests_mock.Mocker) -> None:
    def bare(*events: Any) -> dict[str, Any]:
        return {"json": {"usageEvents": events, "totalUsageEventsCount": 3}}

    first, second = bare(at(1788220800003), at(1788220800002)), bare(at(1788220800001))
    server.post(EVENTS, [first, second])
    assert len(read()) == 3
    assert [request.json()["page"] for request in server.request_history if request.method == "POST"] == [1, 2]
    server.post(EVENTS, [first, bare()] * 3)
    with pytest.raises(Unavailable, match="changed under every one of 3 readings"):
        read()


def test_a_page_that_comes_again_is_no_second_page(server: requests_mock.Mocker) -> None:
    """A vendor that echoes the page number and serves the first page each time: its totals agree, its rows do not."""
    server.post(EVENTS, [page(EVENT, more=True, total=2), page(EVENT, number=2, total=2)])
    with pytest.raises(BrokenContract, match="page 2 is the one before"):
        read()
    server.post(DAILY, [daily(1, {"userId": 1, "day": "2026-09-01"}), daily(2, {"userId": 1, "day": "2026-09-01"})])
    with pytest.raises(BrokenContract, match="page 2 is the one before"):
        read("cursor_daily_usage")


def test_empty_pages_are_not_followed_for_ever(server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "take", lambda *_: 0.0)
    server.post(DAILY, json=lambda request, _: daily(request.json()["page"], last=10**6)["json"])
    with pytest.raises(BrokenContract, match="50 empty pages one after another"):
        read("cursor_daily_usage")


def daily(number: int, *rows: Any, last: int = 2) -> dict[str, Any]:
    pagination = {"page": number, "totalPages": last, "hasNextPage": number < last}
    return {"json": {"data": rows, "pagination": pagination}}


@pytest.mark.parametrize("stream", ["cursor_daily_usage", "cursor_analytics_models", "cursor_bugbot"])
def test_an_answer_without_its_rows_is_an_error(server: requests_mock.Mocker, stream: str) -> None:
    server.register_uri(requests_mock.ANY, re.compile(f"^{API}/"), json={"pagination": {"hasNextPage": False}})
    with pytest.raises(BrokenContract, match="nothing under 'data'"):
        read(stream)


def test_spend_that_tells_no_number_of_pages_is_not_taken_for_one_page(server: requests_mock.Mocker) -> None:
    server.post(f"{API}/teams/spend", json={"teamMemberSpend": [], "subscriptionCycleStart": 0})
    with pytest.raises(KeyError, match="totalPages"):
        read("cursor_spend")


def test_row_without_its_natural_key_is_an_error(server: requests_mock.Mocker) -> None:
    broken = {name: value for name, value in EVENT.items() if name != "timestamp"}
    server.post(EVENTS, **page(broken))
    with pytest.raises(Exception, match="timestamp"):
        read()


def test_billing_cycles_change_in_the_middle_of_a_day(server: requests_mock.Mocker) -> None:
    """A date is its midnight: that of the 14th lies in the cycle before. Each cycle is asked for once a sync."""

    def cycle(request: Any, _: Any) -> dict[str, Any]:
        day = pendulum.parse(request.qs["billingcycle"][0])
        assert isinstance(day, pendulum.DateTime)
        start = day.set(day=14, hour=10, minute=21, second=33)
        start = start if start <= day else start.subtract(months=1)
        bounds = {"cycleStart": str(start), "cycleEnd": str(start.add(months=1))}
        return {"groups": [{"id": "group_1", "spendCents": 1}], "unassignedGroup": None, "billingCycle": bounds}

    server.get(f"{API}/teams/groups", json=cycle)
    stream = stream_of("cursor", CONFIG, "cursor_group_spend")
    months = [
        window("2026-06-14", "2026-07-01"),
        window("2026-07-01", "2026-08-01"),
        window("2026-08-01", "2026-08-15"),
    ]
    found = [record["start_date"] for month in months for record in records(stream, month)]
    assert found == [f"2026-{month}-14T10:21:33Z" for month in ("05", "06", "07")]
    asked = [request.qs["billingcycle"] for request in server.request_history]
    assert asked == [["2026-06-14"], ["2026-06-15"], ["2026-07-15"]]


ERRORS = {
    error["body"]["message" if "message" in error["body"] else "error"]: error for error in sample("cursor", "errors")
}


@pytest.mark.parametrize(
    ("words", "kind", "advice"),
    [
        ("Invalid Team API Key", KeyRefused, "team API key made by a team admin into cursor.api_key"),
        ("Invalid API key", KeyRefused, "team API key made by a team admin into cursor.api_key"),
        ("You must be a member of an enterprise team to access this resource", ConfigError, "needs an Enterprise plan"),
        ("Enterprise access required", ConfigError, "needs an Enterprise plan"),
        ("Invalid Organization API Key", KeyRefused, "organization's key because organization_id is set"),
        ("Organization API key missing required scope: usage:*", ConfigError, "the scope that Cursor names"),
        ("Not authorized", ConfigError, "Check cursor.organization_id"),
        ("Organization not found", ConfigError, "Check cursor.organization_id"),
        ("Date range cannot exceed 30 days", ConfigError, "Check the configuration"),
        ("Rate limit exceeded. Please try again later.", Unavailable, "it did not refuse the key"),
        ("An unexpected error occurred", Unavailable, "Airbyte tries again later"),
    ],
)
def test_an_error_names_vendor_stream_and_what_to_do(
    server: requests_mock.Mocker, words: str, kind: type[Exception], advice: str
) -> None:
    server.post(DAILY, status_code=ERRORS[words]["status"], json=ERRORS[words]["body"])
    with pytest.raises(kind, match="Cursor, stream cursor_daily_usage, /teams/daily-usage-data: ") as raised:
        read("cursor_daily_usage")
    assert words in str(raised.value)
    assert advice in str(raised.value)
    assert (type(raised.value) is KeyRefused) == (kind is KeyRefused)


def test_a_key_that_analytics_refuses_still_reads_the_events(server: requests_mock.Mocker) -> None:
    """Older tenants have a key of its own for Analytics."""
    refused = {"code": "error", "message": "Invalid Team API Key"}
    server.get(f"{API}/analytics/by-user/models", status_code=401, json=refused)
    server.post(EVENTS, **page(EVENT))
    day = window("2026-09-01", "2026-09-02")
    for config, error in ((CONFIG, ConfigError), ({**CONFIG, "analytics_api_key": "crsr_second"}, KeyRefused)):
        streams = {stream.name: stream for stream in Cursor(config).streams()}
        with pytest.raises(ConfigError, match=r"Invalid Team API Key.* into cursor\..*analytics_api_key") as raised:
            records(streams["cursor_analytics_models"], day)
        assert type(raised.value) is error
        assert len(records(streams["cursor_usage_events"], day)) == 1


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"api_key": "crsr_1", "team_ids": [1]}, "cursor.team_ids works only with cursor.organization_id"),
        ({"api_key": "crsr_1", "organization_id": "org_1", "enterprise": True}, "analytics_api_key is missing"),
    ],
)
def test_a_block_that_cannot_work(block: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Cursor(block).streams()


def test_the_catalog_follows_from_the_config() -> None:
    always = ["cursor_usage_events", "cursor_daily_usage", "cursor_spend"]
    assert [stream.name for stream in Cursor({"api_key": "crsr_1"}).streams()] == always
    organization = {"api_key": "crsr_1", "organization_id": "org_1"}
    assert [stream.name for stream in Cursor(organization).streams()] == [*always, "cursor_pooled_usage"]
    assert [stream.name.removeprefix("cursor_") for stream in Cursor(CONFIG).streams()][3:] == [
        "ai_code_commits",
        "ai_code_changes",
        "analytics_models",
        "analytics_agent_edits",
        "analytics_tabs",
        "analytics_mcp",
        "analytics_skills",
        "analytics_commands",
        "analytics_plans",
        "analytics_ask_mode",
        "bugbot",
        "group_spend",
    ]
