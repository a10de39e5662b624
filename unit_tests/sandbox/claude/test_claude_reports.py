"""The cost and usage reports of the simulated Claude APIs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox import Sandbox
from unit_tests.sandbox.claude.asking import BY_DAY, BY_PRODUCT, TODAY, Sample, ago, body, pages, refusal, window

REPORTS = ("user_usage_report", "user_cost_report", "usage_report", "cost_report")


@pytest.mark.parametrize("path", REPORTS)
@pytest.mark.parametrize(
    ("params", "wording"),
    [
        ({"starting_date": ago(3), **BY_DAY}, "starting_at: Field required"),
        ({"starting_at": f"{ago(3)}T00:00:00", **BY_DAY}, "time zone"),
        ({"starting_at": "2025-12-31T00:00:00Z", **BY_DAY}, "must be on or after 2026-01-01"),
        (window(2, 2), "must be after"),
        (window(40, 8), "The range may span at most 31 days"),
        ({**window(3, 2), "group_by[]": "user_id"}, "user_id"),
        ({**window(3, 2), "bucket_width": "1h"}, "bucket_width"),
        ({**window(3, 2), "limit": 1001}, "limit"),
    ],
)
def test_report_400(sandbox: Sandbox, path: str, params: Sample, wording: str) -> None:
    status, message = refusal(sandbox, f"analytics/{path}", **params)
    assert status == 400
    assert wording in message


def test_bounds_of_one_kind_of_report(sandbox: Sandbox) -> None:
    bucketed, per_user = "analytics/cost_report", "analytics/user_cost_report"
    assert refusal(sandbox, bucketed, limit=32, **window(3, 2))[0] == 400
    by_type = {**window(3, 2), "group_by[]": "cost_type"}
    assert refusal(sandbox, bucketed, **by_type)[0] == 400
    start = {"starting_at": f"{ago(3)}T00:00:00Z"}
    assert "ending_at" in refusal(sandbox, per_user, bucket_width="1d", **start)[1]
    assert "bucket_width" in refusal(sandbox, per_user, **{**window(3, 1), "bucket_width": None})[1]
    sandbox.clock.advance(days=300)
    assert "must be on or after" in refusal(sandbox, bucketed, starting_at="2026-01-02T00:00:00Z")[1]


def test_buckets_are_whole_and_may_be_empty(sandbox: Sandbox) -> None:
    path, before = "analytics/usage_report", TODAY - timedelta(days=122)
    params = {"starting_at": f"{before}T05:00:00Z", "ending_at": f"{ago(118)}T23:59:59Z"}
    buckets = pages(sandbox, path, limit=2, **params, **BY_PRODUCT)
    starts = [bucket["starting_at"] for bucket in buckets]
    assert starts == [f"{before + timedelta(days=n)}T00:00:00Z" for n in range(4)]
    assert [bool(bucket["results"]) for bucket in buckets] == [False, False, True, True]


def test_only_the_greatest_groups_of_a_bucket_are_shown(sandbox: Sandbox) -> None:
    whole = body(sandbox, "analytics/cost_report", **window(3, 2), **BY_PRODUCT)["data"][0]
    sandbox.claude.top_groups = 3
    cut = body(sandbox, "analytics/cost_report", **window(3, 2), **BY_PRODUCT)["data"][0]
    assert cut["results"] == whole["results"][:3]
    amounts = [Decimal(row["amount"]) for row in whole["results"]]
    assert amounts == sorted(amounts, reverse=True)


def test_per_user_rows(sandbox: Sandbox) -> None:
    path = "analytics/user_usage_report"
    params = {**window(9, 2), **BY_PRODUCT}
    whole = pages(sandbox, path, limit=1000, **params)
    assert pages(sandbox, path, limit=50, **params) == whole
    totals = [row["total_tokens"] for row in whole]
    assert totals == sorted(totals, reverse=True)
    days = [row for n in range(9, 2, -1) for row in pages(sandbox, path, **{**params, **window(n, n - 1)}, limit=1000)]
    assert sorted(map(repr, days)) == sorted(map(repr, whole))
    assert len(body(sandbox, path, **params)["data"]) == 20
    assert {None, "chat_cowork_unified"} <= {row["product"] for row in whole}
    assert {"Claude Security", None} <= {row["actor"].get("name") for row in whole}


def test_deleted_users(sandbox: Sandbox) -> None:
    params = {**window(75, 65), "limit": 1000}
    actors = [row["actor"] for row in body(sandbox, "analytics/user_cost_report", **params)["data"]]
    deleted = [actor for actor in actors if actor["deleted"]]
    assert {actor["email"] is None for actor in deleted} == {True, False}


def test_cursors_end_with_their_export(sandbox: Sandbox) -> None:
    params = {**window(3, 2), "limit": 3, **BY_PRODUCT}
    page = body(sandbox, "analytics/user_cost_report", **params)["next_page"]
    changed = {**params, "limit": 4, "page": page}
    assert refusal(sandbox, "analytics/user_cost_report", **changed)[0] == 400
    assert body(sandbox, "analytics/user_cost_report", **params, page=page)["data"]
    sandbox.claude.refresh()
    assert refusal(sandbox, "analytics/user_cost_report", **params, page=page)[0] == 410
    page = body(sandbox, "analytics/user_cost_report", **params)["next_page"]
    sandbox.clock.advance(hours=2)
    assert refusal(sandbox, "analytics/user_cost_report", **params, page=page)[0] == 410


@pytest.mark.parametrize(("mode", "refreshed"), [("null", None), ("empty", "")])
def test_nothing_exported_yet(sandbox: Sandbox, mode: str, refreshed: str | None) -> None:
    sandbox.claude.no_export = mode
    for path in REPORTS:
        found = body(sandbox, f"analytics/{path}", **window(3, 2))
        assert (found["data"], found["has_more"], found["data_refreshed_at"]) == ([], False, refreshed)
    assert not sandbox.claude.ledger(TODAY - timedelta(days=3), TODAY)["claude_user_cost"]
