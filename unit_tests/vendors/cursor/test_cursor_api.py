"""How the Cursor streams page, notice drift, keep ids and fail."""

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pendulum
import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

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


def test_the_pool_and_the_pace_of_an_organization(server: requests_mock.Mocker) -> None:
    config = {"organization_id": "org_1", "team_ids": [7], "enterprise": False}
    pooled = f"{API}/organizations/pooled-usage"
    teams = [{"teamId": 7, "usedCents": 100}, {"teamId": 8, "usedCents": 200}, {"teamId": "7", "usedCents": 300}]
    server.post(pooled, json={"pool": {"usedCents": 600}, "teams": teams})
    found = read("cursor_pooled_usage", **config)
    assert [record["charges"][0]["amount"] for record in found] == [1, 3]
    assert [request.json() for request in server.request_history] == [{"organizationId": "org_1"}]
    server.post(pooled, json={"pool": {}, "teams": [{"usedCents": 200}]})
    with pytest.raises(KeyError, match="teamId"):
        read("cursor_pooled_usage", **config)
    stream = stream_of("cursor", {**CONFIG, **config}, "cursor_usage_events")
    assert stream.api.rate_limit_for(stream.path()).requests == 20
    assert stream.api.rate_limit_for("/teams/filtered-usage-events").requests == 60


@pytest.mark.parametrize("stream", ["cursor_daily_usage", "cursor_spend"])
def test_addresses_are_compared_without_spaces_and_case(server: requests_mock.Mocker, stream: str) -> None:
    member = {"id": "user_7", "name": "Ada", "email": "Ada@acme.example "}
    server.get(f"{API}/teams/members", json={"teamMembers": [member]})
    ids = set()
    for email in ("ada@acme.example", " ADA@acme.example"):
        row = {"day": "2026-09-01", "email": email, "name": "Ada"}
        server.post(DAILY, json={"data": [row]})
        server.post(f"{API}/teams/spend", json={"teamMemberSpend": [row], "subscriptionCycleStart": 0, "totalPages": 1})
        (record,) = read(stream)
        ids.add(record["id"])
        assert record["user"]["name"] == "Ada"
        assert record["user"]["email"] == email
    (id,) = ids
    assert id.endswith("/ada@acme.example")
    for nobody in (" ", "null"):
        row = {"day": "2026-09-01", "email": nobody}
        server.post(DAILY, json={"data": [row]})
        server.post(f"{API}/teams/spend", json={"teamMemberSpend": [row], "subscriptionCycleStart": 0, "totalPages": 1})
        with pytest.raises(KeyError, match="email"):
            read(stream)


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


def feed(*orders: list[dict[str, Any]], size: int) -> Callable[[Any, Any], dict[str, Any]]:
    """A feed of pages of this size; every request meets it in the next order, the last one for ever."""
    left = [*orders]

    def answer(request: Any, _: Any) -> dict[str, Any]:
        asked = request.json()
        order = left.pop(0) if len(left) > 1 else left[0]
        events = [event for event in order if asked["startDate"] <= int(event["timestamp"]) <= asked["endDate"]]
        number, last = asked["page"], -(-len(events) // size)
        pagination = {"currentPage": number, "numPages": last, "hasNextPage": number < last}
        shown = events[(number - 1) * size : number * size]
        return {"usageEvents": shown, "totalUsageEventsCount": len(events), "pagination": pagination}

    return answer


NEW, OLD = at(1788220800300), at(1788220800100)
A, B, C = (at(1788220800200, conversationId=name) for name in "abc")


def posted(server: requests_mock.Mocker) -> list[tuple[int, int, int]]:
    bodies = [request.json() for request in server.request_history if request.method == "POST"]
    return [(body["startDate"] % 1000, body["endDate"] % 1000, body["page"]) for body in bodies]


def test_events_of_one_millisecond_that_swap_across_a_page_are_neither_lost_nor_doubled(
    server: requests_mock.Mocker,
) -> None:
    server.post(EVENTS, json=feed([NEW, A, B, OLD], [NEW, B, A, OLD], size=2))
    found = [record["remote_data"].get("conversationId") for record in read()]
    assert sorted(filter(None, found)) == ["a", "b"]
    assert len(found) == 4
    assert posted(server) == [(0, 999, 1), (0, 999, 2), (200, 200, 1)]


def test_a_millisecond_within_a_page_is_not_asked_for(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, json=feed([A, B, OLD], size=2))
    assert len(read()) == 3
    assert posted(server) == [(0, 999, 1), (0, 999, 2)]


def test_an_event_that_slips_into_a_divided_millisecond_has_the_day_read_again(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, json=feed([NEW, A, B, OLD], [NEW, A, B, OLD], [NEW, C, A, B, OLD], size=2))
    assert len(read()) == 5
    assert posted(server)[2:] == [(200, 200, 1), (200, 200, 2), *((0, 999, n) for n in (1, 2, 3)), *SHARED]


SHARED = [(200, 200, 1), (200, 200, 2)]


@pytest.mark.parametrize(
    ("orders", "extra"),
    [
        # more of one millisecond than a page holds: rows that all differ are all there are
        ([[A, B, C]], SHARED),
        ([[A, B, C], [A, C, B], [A, B, C], [C, A, B], [A, B, C]], SHARED * 2),
        # equal ones are believed when all readings agree
        ([[A, A, A]], SHARED * 3),
    ],
)
def test_a_millisecond_of_several_pages(
    server: requests_mock.Mocker, orders: list[list[dict[str, Any]]], extra: list[tuple[int, int, int]]
) -> None:
    server.post(EVENTS, json=feed(*orders, size=2))
    found = [record["remote_data"]["conversationId"] for record in read()]
    assert sorted(found) == sorted(event["conversationId"] for event in orders[0])
    assert posted(server)[2:] == extra


def test_a_millisecond_that_never_settles_is_an_error_and_not_a_guess(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, json=feed(*[[A, B, C], [A, C, B], [A, B, C], [C, B, A]] * 9, size=2))
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
        ("Errored, No Charge", {"net": 0, "total": 0}),
        ("User API Key", {"net": 0, "total": 0}),
        ("Included", {"net": 0, "total": 0}),
        ("Included in Pro", {"net": 0, "total": 0}),
        ("Free Credit", {"net": 0, "total": 0}),
        ("Usage-based", {}),
        ("On-Demand", {}),
        ("Unspecified", {}),
    ],
)
def test_what_is_not_charged_costs_nothing_even_without_an_amount(
    server: requests_mock.Mocker, kind: str, amounts: dict[str, int]
) -> None:
    bare = {name: value for name, value in EVENT.items() if name in ("timestamp", "model")}
    server.post(EVENTS, **page({**bare, "kind": kind}))
    (record,) = read()
    assert {charge["type"]: charge["amount"] for charge in record.get("charges", ())} == amounts


CHARGED = {"net": 0.025, "total": 0.025, "usage_based": 0.025, "platform_fee": 0.005}
COVERED = {"net": 0, "total": 0.025, "discount": 0.025, "included": 0.025, "platform_fee": 0.005}
FREE = {"net": 0, "total": 0.025, "discount": 0.025, "platform_fee": 0.005}


@pytest.mark.parametrize(
    ("kind", "told", "amounts", "counter"),
    [
        ("Usage-based", None, CHARGED, "usage_based"),
        ("On-Demand", True, CHARGED, "usage_based"),
        ("On-Demand", None, CHARGED, "usage_based"),
        ("On-Demand", False, FREE, None),
        ("USAGE_EVENT_KIND_ON_DEMAND", None, CHARGED, "usage_based"),
        ("Custom Subscription", True, CHARGED, "usage_based"),
        ("Custom Subscription", None, CHARGED, "usage_based"),
        ("Custom Subscription", False, FREE, None),
        ("Free Credit", False, COVERED, "included"),
        ("Free Credit", None, COVERED, "included"),
        ("Free Credit", True, CHARGED, "included"),
        ("Included", None, COVERED, "included"),
        ("Included in Pro Plus", False, COVERED, "included"),
        ("Included in Ultra", None, COVERED, "included"),
        ("USAGE_EVENT_KIND_INCLUDED_IN_ULTRA", False, COVERED, "included"),
        ("Errored, No Charge", False, FREE, None),
        ("Errored, No Charge", None, FREE, None),
        ("Errored, No Charge", True, FREE, None),
        ("Aborted, Not Charged", None, FREE, None),
        ("User API Key", None, FREE, "api_key"),
        ("Unspecified", True, CHARGED, "usage_based"),
        ("Unspecified", False, FREE, None),
        ("Unspecified", None, FREE, None),
    ],
)
def test_the_kind_names_the_class_and_the_flag_decides_the_money(
    server: requests_mock.Mocker, kind: str, told: bool | None, amounts: dict[str, float], counter: str | None
) -> None:
    bare = {name: value for name, value in EVENT.items() if name != "isChargeable"}
    server.post(EVENTS, **page({**bare, "kind": kind, **({} if told is None else {"isChargeable": told})}))
    (record,) = read()
    assert {charge["type"]: charge["amount"] for charge in record["charges"]} == amounts
    assert record["usage"]["requests"] == {"total": 1, **({counter: 1} if counter else {})}


def test_a_price_by_requests_has_no_discount_on_tokens(server: requests_mock.Mocker) -> None:
    tokens = {"inputTokens": 1, "totalCents": 20, "discountPercentOff": 10}
    call = {**EVENT, "tokenUsage": tokens, "chargedCents": 8, "requestsCosts": 2}
    del call["cursorTokenFee"]
    for by_tokens, total in ((False, 0.08), (True, 0.1)):
        server.post(EVENTS, **page({**call, "isTokenBasedCall": by_tokens}))
        (record,) = read()
        assert record["charges"][:2] == [
            {"amount": 0.08, "currency": "USD", "type": "net"},
            {"amount": total, "currency": "USD", "type": "total"},
        ]


@pytest.mark.parametrize("nothing", ["null", "NULL", "undefined", "None", "none", "", "  ", " null\n", None])
def test_a_text_that_says_nothing_is_absent(server: requests_mock.Mocker, nothing: str | None) -> None:
    """Live answers say "null" of the service account that a human is not."""
    member = {"id": "user_7", "name": "Ada", "email": "ada@acme.example"}
    server.get(f"{API}/teams/members", json={"teamMembers": [member]})
    fields = ("serviceAccountId", "serviceAccountName", "cloudAgentId", "automationId", "conversationId")
    server.post(EVENTS, **page({**EVENT, **dict.fromkeys(fields, nothing)}))
    (record,) = read()
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example", "name": "Ada"}
    assert not {"resources", "surface"} & record.keys()
    server.post(EVENTS, **page({**EVENT, "serviceAccountId": "sa_1", "serviceAccountName": nothing}))
    (record,) = read()
    assert record["user"] == {"id": "sa_1", "email": "ada@acme.example"}
    server.post(EVENTS, **page({**EVENT, "userEmail": nothing}))
    (record,) = read()
    assert "user" not in record


def test_twins_keep_their_order_when_nothing_is_spelled_out(server: requests_mock.Mocker) -> None:
    """The account is the last but the kind to tell twins apart: `null` counts as none there, before `Included`."""
    humans = {"kind": "Included in Pro"}, {"kind": "Usage-based"}
    for nothing in ({}, {"serviceAccountId": "null", "cloudAgentId": "Undefined", "conversationId": " "}):
        server.post(EVENTS, **page(at(1788220800123, **humans[1]), at(1788220800123, **humans[0], **nothing)))
        found = {record["id"][-1]: record["remote_data"]["kind"] for record in read()}
        assert found == {"0": "Included in Pro", "1": "Usage-based"}


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
    member = {"id": "user_7", "name": "Ada", "email": " Ada@acme.example"}
    server.get(f"{API}/teams/members", json={"teamMembers": [member]})
    rows = {"data": {"ada@acme.example": [{"date": "2026-09-01", "model_breakdown": {"gpt-5.2": {"messages": 1}}}]}}
    server.get(f"{API}/analytics/by-user/models", json={**rows, "pagination": {"hasNextPage": False}})
    (record,) = read("cursor_analytics_models")
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example", "name": "Ada"}
    server.get(f"{API}/teams/members", json={"teamMembers": []})
    mapped = {"params": {"userMappings": [{"id": "user_7", "email": "ADA@acme.example "}]}}
    server.get(f"{API}/analytics/by-user/models", json={**rows, **mapped, "pagination": {"hasNextPage": False}})
    (record,) = read("cursor_analytics_models")
    assert record["user"] == {"id": "user_7", "email": "ada@acme.example"}
    assert record["id"] == "cursor_analytics_models/2026-09-01/ada@acme.example/gpt-5.2"


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


def test_rows_that_agree_in_their_key_are_kept_apart_in_whatever_order_they_come(server: requests_mock.Mocker) -> None:
    commit = {"commitHash": "c", "createdAt": "2026-09-01T10:00:00Z", "totalLinesAdded": 1}
    commits = [commit, {**commit, "commitSource": "cli", "totalLinesAdded": 2}, commit]
    call = {"event_date": "2026-09-01", "tool_name": "search", "mcp_server_name": None, "usage": 1}
    calls = [call, {**call, "mcp_server_name": "", "usage": 7}, call]
    for stream, first in (
        ("cursor_ai_code_commits", "cursor_ai_code_commits/c/~/~/~/2026-09-01T10:00:00Z"),
        ("cursor_analytics_mcp", "cursor_analytics_mcp/2026-09-01/a@acme.test/~/search"),
    ):
        found = []
        for turn in (1, -1):
            server.get(f"{API}/analytics/ai-code/commits", json={"items": commits[::turn], "totalCount": 3})
            told = {"data": {"a@acme.test": calls[::turn]}, "params": {}, "pagination": {"hasNextPage": False}}
            server.get(f"{API}/analytics/by-user/mcp", json=told)
            found.append({record["id"]: record["remote_data"] for record in read(stream)})
        assert found[0] == found[1]
        assert sorted(found[0]) == [first, f"{first}/1"]


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


def test_a_time_without_events_may_lack_its_list(server: requests_mock.Mocker) -> None:
    for total in (0, "0"):
        server.post(EVENTS, json={"totalUsageEventsCount": total, "period": {}})
        assert read() == []
        server.post(EVENTS, json={"totalUsageEventsCount": total, "usageEvents": None, "pagination": {"numPages": 0}})
        assert read() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"totalUsageEventsCount": None},
        {"totalUsageEventsCount": 3},
        {"totalUsageEventsCount": "3"},
        {"totalUsageEventsCount": 0, "error": "Internal Server Error"},
        {"totalUsageEventsCount": 0, "code": "error", "message": "An unexpected error occurred"},
        {"totalUsageEventsCount": 0, "errors": ["down"]},
    ],
)
def test_any_other_answer_without_its_list_is_an_error(server: requests_mock.Mocker, body: dict[str, Any]) -> None:
    server.post(EVENTS, json=body)
    with pytest.raises(BrokenContract, match="nothing under 'usageEvents'"):
        read()


def test_totals_sent_as_text_are_numbers(server: requests_mock.Mocker) -> None:
    def told(number: int, *events: Any) -> dict[str, Any]:
        pagination = {"currentPage": str(number), "numPages": "2", "hasNextPage": number < 2}
        return {"json": {"usageEvents": events, "totalUsageEventsCount": "2", "pagination": pagination}}

    server.post(EVENTS, [told(1, NEW), told(2, OLD)])
    assert len(read()) == 2
    rows = [{"userId": f"user_{n}", "spendCents": 1} for n in range(2)]
    spend = [{"json": {"teamMemberSpend": [row], "subscriptionCycleStart": 0, "totalPages": "2"}} for row in rows]
    server.post(f"{API}/teams/spend", spend)
    assert len(read("cursor_spend")) == 2
    commits = [{"commitHash": f"c{n}", "createdAt": "2026-09-01T10:00:00Z"} for n in range(2)]
    server.get(f"{API}/analytics/ai-code/commits", json={"items": commits, "totalCount": "2"})
    assert len(read("cursor_ai_code_commits")) == 2
    server.post(EVENTS, json={"usageEvents": [], "totalUsageEventsCount": "many"})
    with pytest.raises(ValueError, match="'many' is not a number"):
        read()


def endless(path: str) -> dict[str, Any]:
    """Every page of it is new and full, and its totals are ahead."""

    def answer(request: Any, _: Any) -> dict[str, Any]:
        asked = {name: [value] for name, value in request.json().items()} if request.body else request.qs
        number = int(asked["page"][0])
        row = {"userId": number, "day": "2026-09-01", "timestamp": str(1788220800000 + number), "spendCents": 1}
        row |= {"commitHash": str(number), "changeId": str(number), "createdAt": "2026-09-01T10:00:00Z"}
        row |= {"repo": "app", "pr_number": number}
        told = {"page": number, "currentPage": number, "numPages": number + 1, "totalPages": number + 1}
        by_user = {f"{number}@acme.example": [{"event_date": "2026-09-01", "model": "auto", "usage": 1}]}
        return {
            "usageEvents": [row],
            "data": by_user if "by-user" in path else [row],
            "teamMemberSpend": [row],
            "items": [row],
            "subscriptionCycleStart": 0,
            "totalUsageEventsCount": number + 1,
            "totalCount": number + 1,
            "totalPages": number + 1,
            "pagination": {**told, "hasNextPage": True},
        }

    return {"json": answer}


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("cursor_usage_events", "/teams/filtered-usage-events"),
        ("cursor_daily_usage", "/teams/daily-usage-data"),
        ("cursor_spend", "/teams/spend"),
        ("cursor_ai_code_commits", "/analytics/ai-code/commits"),
        ("cursor_ai_code_changes", "/analytics/ai-code/changes"),
        ("cursor_analytics_plans", "/analytics/by-user/plans"),
        ("cursor_bugbot", "/analytics/team/bugbot"),
    ],
)
def test_pages_that_never_end_are_a_broken_contract(server: requests_mock.Mocker, stream: str, path: str) -> None:
    server.register_uri(requests_mock.ANY, f"{API}{path}", **endless(path))
    with pytest.raises(BrokenContract, match=rf"stream {stream}, {path}: .*\d+ pages and no end"):
        list(stream_of("cursor", CONFIG, stream).rows(window("2026-09-01", "2026-09-02")))
    assert len(server.request_history) <= 1 + 104


def test_a_page_that_comes_again_is_no_second_page(server: requests_mock.Mocker) -> None:
    """A vendor that echoes the page number and serves the first page each time: its totals agree, its rows do not."""
    server.post(EVENTS, [page(EVENT, more=True, total=2), page(EVENT, number=2, total=2)])
    with pytest.raises(BrokenContract, match="page 2 is the one before"):
        read()
    server.post(DAILY, [daily(1, {"userId": 1, "day": "2026-09-01"}), daily(2, {"userId": 1, "day": "2026-09-01"})])
    with pytest.raises(BrokenContract, match="page 2 is the one before"):
        read("cursor_daily_usage")


def test_a_total_that_counts_something_else_costs_a_second_reading_and_no_row(server: requests_mock.Mocker) -> None:
    rows = [{"userId": n, "day": "2026-09-01"} for n in range(4)]
    pages = [daily(1, *rows[:2], total=9), daily(2, *rows[2:], total=9)]
    server.post(DAILY, [*pages, *pages])
    assert [record["remote_data"]["userId"] for record in read("cursor_daily_usage")] == [0, 1, 2, 3]
    assert len([request for request in server.request_history if request.method == "POST"]) == 4


def test_a_member_who_goes_while_others_are_read_takes_nobody_along(server: requests_mock.Mocker) -> None:
    """The third one slips onto the page before, and only the total shows it."""
    rows = [{"userId": n, "day": "2026-09-01"} for n in range(4)]
    first = [daily(1, *rows[:2], total=4), daily(2, rows[3], total=3)]
    second = [daily(1, *rows[1:3], total=3), daily(2, rows[3], total=3)]
    server.post(DAILY, [*first, *second, *second])
    assert [record["remote_data"]["userId"] for record in read("cursor_daily_usage")] == [0, 1, 3, 2]


def test_two_rows_of_one_name_on_one_page_are_not_made_one(server: requests_mock.Mocker) -> None:
    change = {"changeId": "1", "createdAt": "2026-09-01T10:00:00Z"}
    items = [change, {**change, "totalLinesAdded": 1}]
    server.get(f"{API}/analytics/ai-code/changes", json={"items": items, "totalCount": 2})
    assert len(read("cursor_ai_code_changes")) == 2


def test_rows_of_one_name_on_two_pages_are_neither_lost_nor_a_reason_to_read_again(
    server: requests_mock.Mocker,
) -> None:
    commit = {"commitHash": "c", "createdAt": "2026-09-01T10:00:00Z", "totalLinesAdded": 1}
    pages = [[commit], [{**commit, "totalLinesAdded": 2}]]
    server.get(f"{API}/analytics/ai-code/commits", [{"json": {"items": rows, "totalCount": 2}} for rows in pages])
    assert sorted(record["id"][-3:] for record in read("cursor_ai_code_commits")) == ["00Z", "Z/1"]
    assert len([request for request in server.request_history if "commits" in request.url]) == 2


def test_empty_pages_are_not_followed_for_ever(server: requests_mock.Mocker) -> None:
    server.post(DAILY, json=lambda request, _: daily(request.json()["page"], last=10**6)["json"])
    with pytest.raises(BrokenContract, match="50 empty pages one after another"):
        read("cursor_daily_usage")


def daily(number: int, *rows: Any, last: int = 2, total: int | None = None) -> dict[str, Any]:
    pagination = {"page": number, "totalPages": last, "totalUsers": total, "hasNextPage": number < last}
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
    ("wording", "kind", "advice"),
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
    server: requests_mock.Mocker, wording: str, kind: type[Exception], advice: str
) -> None:
    server.post(DAILY, status_code=ERRORS[wording]["status"], json=ERRORS[wording]["body"])
    with pytest.raises(kind, match="Cursor, stream cursor_daily_usage, /teams/daily-usage-data: ") as raised:
        read("cursor_daily_usage")
    assert wording in str(raised.value)
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
        "bugbot_reviews",
        "group_spend",
    ]
