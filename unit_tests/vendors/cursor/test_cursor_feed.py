"""How the usage events are paged, and what is done when they change meanwhile."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.errors import BrokenContract, Unavailable
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import days as span_of
from unit_tests.vendors.cursor.answers import API, CONFIG, EVENT, EVENTS, at, page, read
from unit_tests.vendors.samples import records, stream_of, window


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


def test_twins_keep_their_order_when_nothing_is_spelled_out(server: requests_mock.Mocker) -> None:
    """The account is the last but the kind to tell twins apart: `null` counts as none there, before `Included`."""
    humans = {"kind": "Included in Pro"}, {"kind": "Usage-based"}
    for nothing in ({}, {"serviceAccountId": "null", "cloudAgentId": "Undefined", "conversationId": " "}):
        server.post(EVENTS, **page(at(1788220800123, **humans[1]), at(1788220800123, **humans[0], **nothing)))
        found = {record["id"][-1]: record["remote_data"]["kind"] for record in read()}
        assert found == {"0": "Included in Pro", "1": "Usage-based"}


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


# --- several days at once, and days in parts

START = 1788220800000  # 2026-09-01
_DAY = 86_400_000


def stream_over(days: int, **config: Any) -> UsageStream:
    """The stream with a window for each day from September 1st."""
    stream = stream_of("cursor", {**CONFIG, **config}, "cursor_usage_events")
    stream.windows = [*span_of(1).cut(window("2026-09-01", f"2026-09-{1 + days:02}"))]
    return stream


def asked_days(server: requests_mock.Mocker) -> list[tuple[int, int]]:
    """The days of every first page, from (inclusive) and to (exclusive), counted from September 1st."""
    bodies = [request.json() for request in server.request_history if request.method == "POST"]
    first = [body for body in bodies if body["page"] == 1]
    return [((body["startDate"] - START) // _DAY, (body["endDate"] + 1 - START) // _DAY) for body in first]


def read_days(stream: UsageStream) -> list[list[str]]:
    return [[record["id"] for record in records(stream, day)] for day in stream.windows]


def spread(days: int, a_day: int) -> list[dict[str, Any]]:
    """Events of these days, newest first, two of each millisecond."""
    step = _DAY // a_day
    return [at(START + day * _DAY + number // 2 * 2 * step) for day in range(days) for number in range(a_day)][::-1]


def test_days_with_few_events_are_read_together_and_each_emits_its_own(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, json=feed(events := spread(10, 10), size=1000))
    found = read_days(stream_over(10))
    assert asked_days(server) == [(0, 7), (7, 10)]
    assert [len(ids) for ids in found] == [10] * 10
    server.post(EVENTS, json=feed(events, size=7))  # not one page: day by day
    assert found == [sorted(ids, key=found[day].index) for day, ids in enumerate(read_days(stream_over(10)))]


def test_days_with_many_events_are_read_alone_after_one_try(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, json=feed(spread(6, 400), size=1000))
    read_days(stream_over(6))
    assert asked_days(server) == [(0, 6), *((day, day + 1) for day in range(6))]


def test_as_many_days_as_a_page_holds_are_read_together(server: requests_mock.Mocker) -> None:
    server.post(EVENTS, json=feed(spread(20, 200), size=1000))
    read_days(stream_over(20))
    alone = [(day, day + 1) for day in range(7)]
    assert asked_days(server) == [(0, 7), *alone, (7, 12), (12, 17), (17, 20)]


def test_days_that_fail_together_are_read_one_by_one(server: requests_mock.Mocker) -> None:
    answer = feed(spread(3, 10), size=1000)

    def broken(request: Any, context: Any) -> Any:
        if request.json()["endDate"] - request.json()["startDate"] > _DAY:
            context.status_code = 500
        return answer(request, context)

    server.post(EVENTS, json=broken)
    assert [len(ids) for ids in read_days(stream_over(3))] == [10, 10, 10]


def test_an_event_of_another_time_makes_no_day_wrong(server: requests_mock.Mocker) -> None:
    """What cannot be told apart by day is asked for day by day."""
    strange = {**EVENT, "timestamp": "1788220800123.5"}
    server.post(EVENTS, **page(strange, total=1))
    stream = stream_over(2)
    with pytest.raises(ValueError, match=r"1788220800123\.5"):
        records(stream, stream.windows[0])


@given(st.integers(1, 40), st.integers(2, 60))
def test_a_crowded_day_is_read_in_parts_with_the_same_ids(most: int, a_day: int) -> None:
    """No millisecond is split, whatever the parts: events of one are numbered together."""
    events = spread(1, a_day)
    with requests_mock.Mocker() as server, pytest.MonkeyPatch.context() as patch:
        server.get(f"{API}/teams/members", json={"teamMembers": []})
        server.post(EVENTS, json=feed(events, size=5))
        (whole,) = read_days(stream_over(1))
        patch.setattr("source_unified_usage.vendors.cursor.feed.MOST_ROWS", most)
        (parts,) = read_days(stream_over(1))
        assert sorted(parts) == sorted(whole)
        assert len(parts) == a_day
