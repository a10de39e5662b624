"""The Admin API and the look-ups of the simulated Claude APIs."""

from decimal import Decimal

from sandbox import Sandbox
from unit_tests.sandbox.claude.asking import BY_COST, BY_KEY, ago, body, pages, refusal, window


def test_admin_400(sandbox: Sandbox) -> None:
    usage, cost = "usage_report/messages", "cost_report"
    six = {"group_by[]": [*BY_KEY["group_by[]"], "context_window"]}
    wording = "Cannot specify more than 5 group_by[] dimensions."
    assert refusal(sandbox, usage, **window(3, 2), **six) == (400, wording)
    assert refusal(sandbox, usage, **window(3, 2), limit=32)[0] == 400
    assert "anthropic-beta" in refusal(sandbox, usage, **window(3, 2), **{"group_by[]": "speed"})[1]
    assert refusal(sandbox, cost, **{**window(3, 2), "bucket_width": "1h"})[0] == 400
    assert refusal(sandbox, "usage_report/claude_code", **window(3, 2))[0] == 400
    sandbox.claude.row_cap = 20
    assert "reduce limit" in refusal(sandbox, usage, limit=7, **window(8, 1), **BY_KEY)[1]
    assert body(sandbox, usage, limit=1, **window(8, 1), **BY_KEY)["has_more"]


def test_a_window_without_a_whole_day(sandbox: Sandbox) -> None:
    short = {"starting_at": f"{ago(3)}T00:00:00Z", "ending_at": f"{ago(3)}T23:59:59Z"}
    invalid = "Invalid date range: ending date must be after starting date"
    assert body(sandbox, "usage_report/messages", **short)["data"] == []
    assert refusal(sandbox, "cost_report", **short) == (400, invalid)
    assert refusal(sandbox, "cost_report", **window(0, -1)) == (400, invalid)
    assert body(sandbox, "usage_report/messages", **window(0, -1))["data"][0]["results"]
    assert len(body(sandbox, "cost_report", **window(2, -1))["data"]) == 2


def test_admin_reports_page_by_page(sandbox: Sandbox) -> None:
    for path, by in (("usage_report/messages", BY_KEY), ("cost_report", BY_COST)):
        whole = pages(sandbox, path, limit=7, **window(8, 1), **by)
        assert len(whole) == 7
        assert pages(sandbox, path, limit=2, **window(8, 1), **by) == whole
    tiers = {row["service_tier"] for bucket in whole for row in bucket["results"]}
    assert tiers == {"standard", "batch", None}
    ungrouped = body(sandbox, "cost_report", **window(8, 7))["data"][0]["results"]
    grouped = sum(Decimal(row["amount"]) for row in whole[0]["results"])
    assert [Decimal(row["amount"]) for row in ungrouped] == [grouped]


def test_claude_code_rows(sandbox: Sandbox) -> None:
    path = "usage_report/claude_code"
    days = [pages(sandbox, path, starting_at=ago(n), limit=3) for n in range(2, 12)]
    assert days[0] == body(sandbox, path, starting_at=ago(2), limit=1000)["data"]
    rows = [row for day in days for row in day]
    assert {row.get("is_remote", "absent") for row in rows} == {True, False, None, "absent"}
    assert {row["actor"]["type"] for row in rows} == {"user_actor", "api_actor"}
    assert any("terminal_type" not in row for row in rows)
    assert any(not row["model_breakdown"] for row in rows)
    assert len(body(sandbox, path, starting_at="2024-12-31")["data"]) == 0
    sandbox.claude.plain_dates = True
    assert body(sandbox, path, starting_at=ago(2))["data"][0]["date"] == ago(2)


def test_look_ups(sandbox: Sandbox) -> None:
    first = body(sandbox, "api_keys", limit=2, offset=2)
    assert first == body(sandbox, "api_keys", limit=2)
    ids, page = [row["id"] for row in first["data"]], first
    while page["has_more"]:
        page = body(sandbox, "api_keys", limit=2, after_id=page["last_id"])
        ids += [row["id"] for row in page["data"]]
    assert ids == [row["id"] for row in body(sandbox, "api_keys")["data"]]
    assert page["last_id"] == ids[-1]
    assert len(body(sandbox, "workspaces")["data"]) == 2
    assert len(body(sandbox, "workspaces", include_archived="true")["data"]) == 3
    assert "" in {row["name"] for row in body(sandbox, "users")["data"]}
