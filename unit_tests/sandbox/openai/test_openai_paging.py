"""Buckets and their pages of the simulated OpenAI."""

from sandbox import Sandbox
from sandbox.times import epoch
from unit_tests.sandbox.openai.asking import COMPLETIONS, COSTS, TODAY, YESTERDAY, Get, days_ago, pages


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
