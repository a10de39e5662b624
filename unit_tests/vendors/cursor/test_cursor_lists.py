"""How members, commits, changes and pull requests are paged, and what is done when they change meanwhile."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import requests_mock
from hypothesis import example, given
from hypothesis import strategies as st

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import BrokenContract, Unavailable
from source_unified_usage.vendors.cursor.listing import settled
from unit_tests.vendors.cursor.answers import API, CONFIG, DAILY, EVENT, EVENTS, at, daily, page, read
from unit_tests.vendors.samples import stream_of, window

COMMITS = "cursor_ai_code_commits"


@pytest.mark.parametrize("totals", [{"totalCount": 3, "pageSize": 1000}, {}])
def test_commits_end_with_the_last_one_and_not_with_what_a_page_could_hold(
    server: requests_mock.Mocker, totals: dict[str, Any]
) -> None:
    """A client found pages of 500 at most; the page size that is echoed need not be the one that was served."""
    commits = [{"commitHash": f"c{n}", "createdAt": "2026-09-01T10:00:00Z"} for n in range(3)]
    pages = [commits[:2], commits[2:], []]
    server.get(f"{API}/analytics/ai-code/commits", [{"json": {"items": items, **totals}} for items in pages])
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
            answer = {"data": {"a@acme.test": calls[::turn]}, "params": {}, "pagination": {"hasNextPage": False}}
            server.get(f"{API}/analytics/by-user/mcp", json=answer)
            found.append({record["id"]: record["remote_data"] for record in read(stream)})
        assert found[0] == found[1]
        assert sorted(found[0]) == [first, f"{first}/1"]


def test_totals_sent_as_text_are_numbers(server: requests_mock.Mocker) -> None:
    def counted(number: int, *events: Any) -> dict[str, Any]:
        pagination = {"currentPage": str(number), "numPages": "2", "hasNextPage": number < 2}
        return {"json": {"usageEvents": events, "totalUsageEventsCount": "2", "pagination": pagination}}

    server.post(EVENTS, [counted(1, at(1788220800300)), counted(2, at(1788220800100))])
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
        counted = {"page": number, "currentPage": number, "numPages": number + 1, "totalPages": number + 1}
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
            "pagination": {**counted, "hasNextPage": True},
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


def test_a_total_counts_members_and_not_their_days(server: requests_mock.Mocker) -> None:
    rows = [{"userId": n, "day": f"2026-09-0{day}"} for n in range(4) for day in (1, 2)]
    server.post(DAILY, [daily(1, *rows[:4], total=4), daily(2, *rows[4:], total=4)])
    assert len(read("cursor_daily_usage")) == 8
    assert len([request for request in server.request_history if request.method == "POST"]) == 2


def commits(total: int, *lines: tuple[str, int]) -> dict[str, Any]:
    """A page of commits, each with its hash and its lines."""
    commit = {"createdAt": "2026-09-01T10:00:00Z"}
    items = [{**commit, "commitHash": hash, "totalLinesAdded": added} for hash, added in lines]
    return {"json": {"items": items, "totalCount": total}}


def test_twins_that_change_places_between_two_readings_stay_two(server: requests_mock.Mocker) -> None:
    """The first reading misses one of them, because another commit goes between its pages."""
    first = [commits(4, ("gone", 9), ("twin", 1)), commits(3, ("last", 3))]
    second = [commits(3, ("twin", 2), ("twin", 1)), commits(3, ("last", 3))]
    server.get(f"{API}/analytics/ai-code/commits", [*first, *second])
    found = [(record["remote_data"]["commitHash"], record["usage"]["code"]["lines_added"]) for record in read(COMMITS)]
    assert sorted(found) == [("last", 3), ("twin", 1), ("twin", 2)]


def test_a_commit_that_is_restated_between_two_readings_stays_one(server: requests_mock.Mocker) -> None:
    first = [commits(2, ("a", 1)), commits(3, ("b", 1)), commits(3)]
    second = [commits(3, ("c", 1), ("a", 7)), commits(3, ("b", 1))]
    server.get(f"{API}/analytics/ai-code/commits", [*first, *second])
    found = [(record["remote_data"]["commitHash"], record["usage"]["code"]["lines_added"]) for record in read(COMMITS)]
    assert sorted(found) == [("a", 7), ("b", 1), ("c", 1)]


def test_equal_rows_on_two_pages_are_an_error_and_not_a_guess(server: requests_mock.Mocker) -> None:
    """One of them may stand where another row was, which then never comes."""
    pages = [commits(4, ("a", 1), ("b", 1)), commits(4, ("b", 1), ("c", 1))]
    server.get(f"{API}/analytics/ai-code/commits", pages * 3)
    with pytest.raises(Unavailable, match="changed under every one of 3 readings"):
        read(COMMITS)


Edit = tuple[str, int, int]


def changing(things: list[int], edits: list[Edit]) -> Callable[[], Iterator[Answer]]:
    """A list of two a page, of which one thing goes, comes or moves between two requests as long as there are edits."""
    fresh = count(len(things))

    def walk() -> Iterator[Answer]:
        for start in count(0, 2):
            items = [{"id": thing} for thing in things[start : start + 2]]
            last = start + 2 >= len(things)
            yield Answer("Cursor", {"items": items, "totalCount": len(things)})
            what, here, there = edits.pop(0) if edits else ("", 0, 0)
            moved = [things.pop(here % len(things))] if what in ("go", "move") and things else []
            if what in ("come", "move"):
                things[there % (len(things) + 1) : 0] = moved or [next(fresh)]
            if last:
                return

    return walk


@given(
    st.integers(3, 8),
    st.lists(st.tuples(st.sampled_from(["", "go", "come", "move"]), *[st.integers(0, 9)] * 2), max_size=9),
)
@example(3, [("go", 0, 0), ("come", 0, 0), ("move", 0, 8)])  # what went makes up for what never came
def test_whatever_changes_meanwhile_no_thing_is_lost_or_comes_twice(number: int, edits: list[Edit]) -> None:
    things = [*range(number)]
    asked = changing(things, edits)
    try:
        pages = [*settled(asked, lambda page: page.rows("items"), ("id",))]
    except Unavailable:
        return
    found = [row["id"] for _, rows in pages for row in rows]
    assert len(found) == len({*found})
    # what came when it was read already is for the next sync
    assert {thing for thing in things if thing < number} <= {*found}


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


@pytest.mark.parametrize("stream", ["cursor_daily_usage", "cursor_analytics_models", "cursor_bugbot"])
def test_an_answer_without_its_rows_is_an_error(server: requests_mock.Mocker, stream: str) -> None:
    server.register_uri(requests_mock.ANY, re.compile(f"^{API}/"), json={"pagination": {"hasNextPage": False}})
    with pytest.raises(BrokenContract, match="nothing under 'data'"):
        read(stream)


def test_spend_that_tells_no_number_of_pages_is_not_taken_for_one_page(server: requests_mock.Mocker) -> None:
    server.post(f"{API}/teams/spend", json={"teamMemberSpend": [], "subscriptionCycleStart": 0})
    with pytest.raises(KeyError, match="totalPages"):
        read("cursor_spend")
