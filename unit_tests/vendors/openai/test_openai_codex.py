"""What becomes of the days of a ChatGPT workspace."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.vendors.openai.reviews import ReviewDay
from unit_tests.vendors.openai.answers import CODEX, FIRST, STREAMS, member_records, pages_of, read
from unit_tests.vendors.samples import records_of

USAGE = "openai_codex_usage"
DAY = {"start_time": FIRST, "user_id": "u"}


def test_nobody_and_nothing_in_the_words_of_codex() -> None:
    named = {"actor": {"user_id": 7, "email": "null"}, "email": "a@example.com"}
    figures = {"credits": "null", "turns": "3"}
    (member,) = member_records(USAGE, {**named, "totals": figures, "code_attribution": "null"})
    assert (member["user"], member["usage"]["conversations"]) == (
        {"id": "7", "email": "a@example.com"},
        {"turn_count": 3},
    )
    assert "quantity" not in member["usage"]
    unnamed = {"email": None, "actor": "null", "user_id": "null"}
    (nobody,) = member_records(USAGE, {**unnamed, "totals": figures})
    assert ("user" in nobody, nobody["id"].rsplit("/", 1)[1]) == (False, "~")


@pytest.mark.parametrize("split", ["client", "model"])
def test_entries_without_a_name_are_kept(server: requests_mock.Mocker, split: str) -> None:
    entries = [{"credits": 1}, {"credits": 2, "client_id": "null", "model": "null"}]
    server.get(f"{CODEX}/usage", **pages_of([{**DAY, f"{split}s": entries}]))
    found = read(f"{USAGE}_by_{split}")
    assert [(r["id"].rsplit("/", 1)[1], r["usage"]["quantity"]) for r in found] == [("0", 2), ("1", 1)]
    assert not any("surface" in r or "model" in r for r in found)


@pytest.mark.parametrize("details", [None, "null", {}])
def test_a_day_whose_responses_are_unknown_has_no_figure(details: Any) -> None:
    day = ReviewDay({"start_time": FIRST, "comment_response_details": details})
    (record,) = records_of(STREAMS["openai_codex_code_review_responses"], [day])
    assert "quantity" not in record["usage"]


def test_entries_that_the_vendor_cannot_name_are_numbered(server: requests_mock.Mocker) -> None:
    entries = [{"model": "other", "speed": speed, "credits": n} for n, speed in enumerate((None, "fast", None))]
    base = f"{USAGE}_by_model/ws-1/2026-09-01/u/other"
    for models in (entries, entries[::-1]):
        server.get(f"{CODEX}/usage", **pages_of([{**DAY, "models": models}]))
        found = {record["id"]: record["usage"]["quantity"] for record in read(f"{USAGE}_by_model")}
        assert found == {f"{base}/~/0": 0, f"{base}/fast/0": 1, f"{base}/~/1": 2}


def test_days_without_a_member_are_numbered(server: requests_mock.Mocker) -> None:
    row = {**DAY, "user_id": None, "actor": None}
    server.get(f"{CODEX}/usage", **pages_of([{**row, "totals": {"credits": n}} for n in (2, 1)]))
    found = read(USAGE)
    assert [(r["id"].rsplit("/", 2)[1:], r["usage"]["quantity"]) for r in found] == [
        (["2026-09-01", "~"], 1),
        (["~", "1"], 2),
    ]


def test_a_members_day_that_comes_on_two_pages_is_one(server: requests_mock.Mocker) -> None:
    row = {**DAY, "totals": {"credits": 2}, "clients": [{"client_id": "WORK"}]}
    nobody = {**row, "user_id": None}
    server.get(f"{CODEX}/usage", [pages_of([row, nobody], next="page 2"), pages_of([row, nobody])] * 2)
    for split, ids in (("", ["u", "~", "~/1"]), ("_by_client", ["u/WORK/0", "~/WORK/0", "~/WORK/1"])):
        found = read(f"{USAGE}{split}")
        assert [record["id"].split("/2026-09-01/")[1] for record in found] == ids


@pytest.mark.parametrize(
    "attribution",
    [
        {"lines_added": 4, "lines_removed": 0},
        {"lines_of_code": {"added": 4, "removed": 0, "committed_percentage": 50.0}, "commits": None},
    ],
)
def test_both_layouts_of_code_attribution(attribution: dict[str, Any]) -> None:
    (record,) = member_records(USAGE, {"totals": {}, "code_attribution": attribution})
    assert record["usage"] == {"code": {"lines_accepted_added": 4, "lines_accepted_removed": 0}}


@pytest.mark.parametrize(
    ("reported", "tokens"),
    [
        ((1, 2, 3, 6), {"input": 1, "cache_read": 2, "output": 3, "total": 6}),
        ((1, 2, 3, 9), {"input": 1, "cache_read": 2, "output": 3, "total": 6}),
        ((1, None, 3, 6), {"input": 1, "output": 3, "total": 6}),
        ((0, 0, 0, None), {"input": 0, "cache_read": 0, "output": 0, "total": 0}),
        ((None, None, None, None), None),
    ],
)
def test_tokens_of_codex(reported: tuple[int | None, ...], tokens: Any) -> None:
    names = ("uncached_text_input_tokens", "cached_text_input_tokens", "text_output_tokens", "text_total_tokens")
    totals = dict(zip(names, reported, strict=True))
    (record,) = member_records(USAGE, {"totals": totals})
    assert record.get("usage", {}).get("tokens") == tokens


def test_dollars_of_codex_are_charges_and_estimates_are_not() -> None:
    totals = {"credits": 5, "cost_usd": "0.20", "estimated_cost_usd": 0.2}
    row = {"totals": totals, "clients": [{"client_id": "CODEX_CLI", **totals}]}
    for split in ("", "_by_client"):
        (record,) = member_records(f"{USAGE}{split}", row)
        assert record["charges"] == [
            {"amount": 0.2, "currency": "USD", "type": kind} for kind in ("net", "total", "usage_based")
        ]
    totals["cost_usd"] = None
    (record,) = member_records(USAGE, row)
    assert "charges" not in record
