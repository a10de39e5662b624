"""The rules of the simulated Claude APIs, asked over HTTP."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.claude import ClaudeSandbox
from sandbox.vendors.claude.credentials import (
    ADMIN_KEY,
    ANALYTICS_KEY,
    ANALYTICS_KEY_WITHOUT_MEMBERS,
    INFERENCE_KEY,
    MEMBERS_ONLY_KEY,
)
from sandbox.vendors.claude.knobs import Knobs

NOW = datetime(2026, 7, 20, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
BY_DAY = {"bucket_width": "1d"}
BY_PRODUCT = {"group_by[]": ["product", "model"]}
BY_KEY = {"group_by[]": ["account_id", "api_key_id", "workspace_id", "model", "service_tier"]}
BY_COST = {"group_by[]": ["workspace_id", "description"]}
REPORTS = ("user_usage_report", "user_cost_report", "usage_report", "cost_report")
Sample = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.server.VENDORS", (ClaudeSandbox,))
        with Sandbox(now=NOW) as running:
            yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    """The one server of this module, its knobs and clock set back after every test."""
    yield server
    Knobs.__init__(server.claude)
    server.clock.advance(seconds=(NOW - server.clock.now()).total_seconds())


def ask(sandbox: Sandbox, path: str, key: str | None = None, **params: Any) -> requests.Response:
    key = key or (ANALYTICS_KEY if path.startswith("analytics/") else ADMIN_KEY)
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    url = f"{sandbox.url('claude')}/v1/organizations/{path}"
    return requests.get(url, params=params, headers=headers, timeout=10)


def body(sandbox: Sandbox, path: str, **params: Any) -> Sample:
    answer = ask(sandbox, path, **params)
    assert answer.status_code == 200, answer.text
    found: Sample = answer.json()
    return found


def refusal(sandbox: Sandbox, path: str, **params: Any) -> tuple[int, str]:
    answer = ask(sandbox, path, **params)
    error = answer.json()
    assert error["type"] == "error"
    assert error["request_id"] == answer.headers["request-id"]
    return answer.status_code, error["error"]["message"]


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def window(first: int, last: int) -> Sample:
    """From midnight `first` days ago to midnight `last` days ago, by day."""
    return {"starting_at": f"{ago(first)}T00:00:00Z", "ending_at": f"{ago(last)}T00:00:00Z", **BY_DAY}


def pages(sandbox: Sandbox, path: str, **params: Any) -> list[Sample]:
    """All rows or buckets, page after page."""
    rows: list[Sample] = []
    while True:
        page = body(sandbox, path, **params)
        rows += page["data"]
        if not page.get("next_page"):
            return rows
        params["page"] = page["next_page"]


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "path", "status", "wording"),
    [
        (INFERENCE_KEY, "analytics/users", 401, "invalid x-api-key"),
        ("sk-ant-unknown", "me", 401, "invalid x-api-key"),
        (ADMIN_KEY, "analytics/users", 403, "Got: [org:admin]. Needed: [read:analytics]"),
        (ANALYTICS_KEY, "me", 403, "Needed: [org:admin]"),
        (ANALYTICS_KEY, "usage_report/messages", 403, "Needed: [org:admin]"),
        (
            MEMBERS_ONLY_KEY,
            "analytics/users",
            403,
            "Got: ['read:members'] Needed: ['read:analytics']",
        ),
        (ANALYTICS_KEY_WITHOUT_MEMBERS, "users", 403, "Needed: ['read:members']"),
    ],
)
def test_wrong_keys(sandbox: Sandbox, key: str, path: str, status: int, wording: str) -> None:
    answered, message = refusal(sandbox, path, key=key)
    assert answered == status
    assert wording in message


def test_each_key_sees_its_own_organization(sandbox: Sandbox) -> None:
    answers = [ask(sandbox, "users", key=key) for key in (ANALYTICS_KEY, ADMIN_KEY)]
    organizations = {answer.headers["anthropic-organization-id"] for answer in answers}
    assert len(organizations) == 2
    assert not {row["id"] for row in answers[0].json()["data"]} & {row["id"] for row in answers[1].json()["data"]}
    url = f"{sandbox.url('claude')}/v1/organizations/me"
    assert requests.get(url, headers={"x-api-key": ADMIN_KEY}, timeout=10).status_code == 400


def test_access_knobs(sandbox: Sandbox) -> None:
    claude = sandbox.claude
    claude.denied = {"analytics/cost_report"}
    claude.absent = {"analytics/plugins"}
    assert refusal(sandbox, "analytics/cost_report", **window(3, 2))[0] == 403
    assert body(sandbox, "analytics/usage_report", **window(3, 2))["data"]
    assert refusal(sandbox, "analytics/plugins", date=ago(3)) == (404, "Not found")
    ledger = claude.ledger(TODAY - timedelta(days=3), TODAY)
    assert not ledger["claude_cost"]
    assert not ledger["claude_plugins"]
    claude.older_not_found = True
    assert refusal(sandbox, "analytics/users", key=ADMIN_KEY)[0] == 404
    assert refusal(sandbox, "analytics/cost_report", key="sk-ant-unknown")[0] == 401
    claude.analytics_off = True
    disabled = "Analytics API access is disabled for this organization."
    assert refusal(sandbox, "analytics/users") == (403, disabled)
    assert refusal(sandbox, "nowhere") == (404, "Not found")


# --- limits ---------------------------------------------------------------------------------------


def test_sixty_analytics_requests_a_minute_for_all_keys_together(sandbox: Sandbox) -> None:
    for number in range(60):
        key = (ANALYTICS_KEY, ANALYTICS_KEY_WITHOUT_MEMBERS)[number % 2]
        assert ask(sandbox, "analytics/artifacts", key=key, date=ago(3)).status_code == 200
    refused = ask(sandbox, "analytics/users", date=ago(3))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert ask(sandbox, "me").status_code == 200
    sandbox.clock.advance(seconds=60)
    assert ask(sandbox, "analytics/users", date=ago(3)).status_code == 200


def test_admin_429_names_no_wait(sandbox: Sandbox) -> None:
    sandbox.claude.admin_limit.requests = 1
    assert ask(sandbox, "me").status_code == 200
    refused = ask(sandbox, "me")
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    sandbox.claude.admin_retry_after = True
    assert "retry-after" in ask(sandbox, "me").headers


# --- engagement -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "wording"),
    [
        ({}, "date: Field required"),
        ({"date": "2026-7-1"}, "YYYY-MM-DD"),
        ({"date": "2025-12-31"}, "must be on or after 2026-01-01"),
        ({"starting_date": ago(3)}, "date: Field required"),
        ({"date": ago(3), "starting_date": ago(3)}, "Use either date or starting_date, not both"),
        ({"date": ago(3), "limit": 1001}, "limit"),
        ({"date": ago(3), "limit": 0}, "limit"),
        ({"date": ago(3), "page": "page_nonsense"}, "invalid cursor"),
        (
            {"date": ago(0)},
            f"Requested date {ago(0)} is not yet available. "
            f"The most recent date with available analytics data is {ago(1)}.",
        ),
    ],
)
def test_engagement_400(sandbox: Sandbox, params: Sample, wording: str) -> None:
    status, message = refusal(sandbox, "analytics/users", **params)
    assert status == 400
    assert wording in message


def test_a_day_is_published_at_ten_the_next_morning(sandbox: Sandbox) -> None:
    assert ask(sandbox, "analytics/users", date=ago(1)).status_code == 200
    assert ask(sandbox, "analytics/skills", date=ago(1)).status_code == 400
    assert ask(sandbox, "analytics/skills", date=ago(2)).status_code == 200
    sandbox.clock.advance(hours=-2.5)
    assert ago(2) in refusal(sandbox, "analytics/users", date=ago(1))[1]
    sandbox.claude.lag_days["users"] = 3
    assert ask(sandbox, "analytics/users", date=ago(2)).status_code == 400


def test_users_page_by_page(sandbox: Sandbox) -> None:
    whole = pages(sandbox, "analytics/users", date=ago(4), limit=1000)
    assert pages(sandbox, "analytics/users", date=ago(4), limit=7) == whole
    emails = [row["user"]["email_address"] for row in whole]
    assert emails == sorted(emails)
    first = body(sandbox, "analytics/users", date=ago(4), limit=7)
    ignored = body(sandbox, "analytics/users", date=ago(4), limit=7, cursor=first["next_page"])
    assert ignored["data"] == first["data"]
    changed = {"date": ago(5), "limit": 7, "page": first["next_page"]}
    wording = "cursor does not match current query parameters"
    assert refusal(sandbox, "analytics/users", **changed) == (400, wording)


@pytest.mark.parametrize(("style", "end"), [("null", None), ("empty", ""), ("absent", "absent")])
def test_end_of_pages(sandbox: Sandbox, style: str, end: str | None) -> None:
    sandbox.claude.end_of_pages = style
    assert body(sandbox, "analytics/users", date=ago(4)).get("next_page", "absent") == end
    code = body(sandbox, "usage_report/claude_code", starting_at=ago(4), limit=1000)
    assert code.get("next_page", "absent") == end
    assert code["has_more"] is False


def test_users_oddities(sandbox: Sandbox) -> None:
    sandbox.claude.analytics_limit.requests = None
    rows = [row for n in range(2, 40) for row in pages(sandbox, "analytics/users", date=ago(n))]
    assert any(row[name] is None for row in rows for name in row if name.endswith("_metrics"))
    assert any(row["last_activity_date"] is None for row in rows)
    assert any("chat_cowork_unified_metrics" in row for row in rows)
    assert {"science_metrics" in row for row in rows} == {True, False}
    sandbox.claude.older_users = True
    older = body(sandbox, "analytics/users", date=ago(4))["data"][0]
    assert "design_metrics" not in older
    assert set(older["office_metrics"] or ("excel", "powerpoint")) == {"excel", "powerpoint"}


def test_summaries(sandbox: Sandbox) -> None:
    path = "analytics/summaries"
    days = body(sandbox, path, starting_date=ago(3), ending_date=ago(0))["summaries"]
    assert [day["starting_at"][:10] for day in days] == [ago(3), ago(2), ago(1)]
    assert body(sandbox, path, starting_date=ago(3))["summaries"] == days
    sandbox.claude.summaries_envelope = "data"
    enveloped = body(sandbox, path, starting_date=ago(3), ending_date=ago(0))
    assert enveloped == {"data": days, "next_page": None}
    sandbox.claude.summaries_envelope = "summaries"
    assert refusal(sandbox, path, ending_date=ago(0))[0] == 400
    assert refusal(sandbox, path, starting_date=ago(3), ending_date=ago(-1))[0] == 400
    assert ago(1) in refusal(sandbox, path, starting_date=ago(0))[1]
    sandbox.claude.summaries_whole = True
    sandbox.claude.lag_days["summaries"] = 2
    wording = f"date {ago(0)} is not yet available. The most recent date with available analytics data is {ago(2)}."
    assert wording in refusal(sandbox, path, starting_date=ago(3), ending_date=ago(0))[1]
    sandbox.claude.lag_days["summaries"] = 1
    sandbox.claude.summaries_max_days = 31
    assert refusal(sandbox, path, starting_date=ago(40), ending_date=ago(1))[0] == 400
    early = body(sandbox, path, starting_date=ago(115), ending_date=ago(114))["summaries"][0]
    assert early["monthly_adoption_rate"] is None
    assert early["daily_adoption_rate"] is not None


# --- cost and usage reports -----------------------------------------------------------------------


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


@pytest.mark.parametrize(("mode", "told"), [("null", None), ("empty", "")])
def test_nothing_exported_yet(sandbox: Sandbox, mode: str, told: str | None) -> None:
    sandbox.claude.no_export = mode
    for path in REPORTS:
        found = body(sandbox, f"analytics/{path}", **window(3, 2))
        assert (found["data"], found["has_more"], found["data_refreshed_at"]) == ([], False, told)
    assert not sandbox.claude.ledger(TODAY - timedelta(days=3), TODAY)["claude_user_cost"]


# --- Admin ----------------------------------------------------------------------------------------


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


# --- data -----------------------------------------------------------------------------------------


def test_same_seed_same_bytes_in_any_order(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [
        ("analytics/users", {"date": ago(5)}),
        ("analytics/skills", {"date": ago(5)}),
        ("analytics/summaries", {"starting_date": ago(5), "ending_date": ago(4)}),
        ("analytics/user_cost_report", {**window(6, 5), **BY_PRODUCT}),
        ("usage_report/messages", {**window(6, 5), **BY_KEY}),
        ("cost_report", {**window(6, 5), **BY_COST}),
        ("usage_report/claude_code", {"starting_at": ago(5)}),
    ]
    monkeypatch.setattr("sandbox.server.VENDORS", (ClaudeSandbox,))
    with Sandbox(now=NOW) as other:
        there = [ask(other, path, **params).content for path, params in reversed(asked)]
    assert [ask(sandbox, path, **params).content for path, params in asked] == there[::-1]


def test_recent_days_are_restated(sandbox: Sandbox) -> None:
    start, end = TODAY - timedelta(days=5), TODAY
    before = sandbox.claude.ledger(start, end)
    sandbox.clock.advance(days=2)
    after = sandbox.claude.ledger(start, end)
    for stream, entries in before.items():
        assert {entry.key for entry in entries} <= {entry.key for entry in after[stream]}, stream
    for stream in ("claude_user_activity", "claude_user_cost", "claude_cost", "claude_api_cost"):
        assert before[stream] != after[stream], stream
    assert len(after["claude_user_usage"]) > len(before["claude_user_usage"])


def test_nothing_is_in_the_future_or_before_the_first_day(sandbox: Sandbox) -> None:
    first = sandbox.world.first_day
    earlier = sandbox.claude.ledger(first - timedelta(days=9), first)
    assert not any(earlier.values())
    later = sandbox.claude.ledger(TODAY + timedelta(days=1), TODAY + timedelta(days=9))
    assert not any(later.values())


def test_ledger_equals_what_is_served(sandbox: Sandbox) -> None:
    ledger = sandbox.claude.ledger(date.fromisoformat(ago(9)), date.fromisoformat(ago(2)))
    params = window(9, 2)
    per_user = pages(sandbox, "analytics/user_cost_report", limit=1000, **params, **BY_PRODUCT)
    served = {
        (row["starting_at"], row["actor"]["user_id"], row["product"], row["model"]): (
            Decimal(row["amount"]) / 100,
            Decimal(row["list_amount"]) / 100,
        )
        for row in per_user
    }
    assert served == {
        _as_served(entry.key): (entry.charges["net", "USD"], entry.charges["total", "USD"])
        for entry in ledger["claude_user_cost"]
    }
    usage = pages(sandbox, "analytics/user_usage_report", limit=1000, **params, **BY_PRODUCT)
    assert sum(row["total_tokens"] for row in usage) == _sum(ledger, "claude_user_usage")
    for stream, path, by in (
        ("claude_usage", "analytics/usage_report", BY_PRODUCT),
        ("claude_api_usage", "usage_report/messages", BY_KEY),
    ):
        buckets = pages(sandbox, path, **window(9, 2), **by)
        rows = [row for bucket in buckets for row in bucket["results"]]
        assert sum(map(_tokens, rows)) == _sum(ledger, stream)
        assert len(rows) == len(ledger[stream])
    for stream, path, by in (
        ("claude_cost", "analytics/cost_report", BY_PRODUCT),
        ("claude_api_cost", "cost_report", BY_COST),
    ):
        buckets = pages(sandbox, path, **window(9, 2), **by)
        cents = [Decimal(row["amount"]) for bucket in buckets for row in bucket["results"]]
        assert sum(cents) / 100 == sum(entry.charges["net", "USD"] for entry in ledger[stream])
        assert len(cents) == len(ledger[stream])


def test_ledger_equals_served_engagement_and_code(sandbox: Sandbox) -> None:
    day = TODAY - timedelta(days=4)
    ledger = sandbox.claude.ledger(day, day + timedelta(days=1))
    users = body(sandbox, "analytics/users", date=ago(4), limit=1000)["data"]
    searches = sum(row["web_search_count"] or 0 for row in users)
    activity = ledger["claude_user_activity"]
    assert {e.key[1] for e in activity} == {row["user"]["id"] for row in users}
    assert sum(e.usage.get("tools.web_search_count", 0) for e in activity) == searches
    for stream, name in (("claude_plugins", "plugins"), ("claude_artifacts", "artifacts")):
        assert len(ledger[stream]) == len(body(sandbox, f"analytics/{name}", date=ago(4))["data"])
    code = body(sandbox, "usage_report/claude_code", starting_at=ago(4), limit=1000)["data"]
    models = [model for row in code for model in row["model_breakdown"]]
    assert len(ledger["claude_code_usage"]) == len(code) + len(models)
    assert sum(e.usage.get("sessions.distinct", 0) for e in ledger["claude_code_usage"]) == sum(
        row["core_metrics"]["num_sessions"] for row in code
    )
    assert (
        sum(e.charges.get(("usage_based", "USD"), Decimal(0)) for e in ledger["claude_code_usage"])
        == Decimal(sum(model["estimated_cost"]["amount"] for model in models)) / 100
    )
    for entries in ledger.values():
        assert len({entry.key for entry in entries}) == len(entries)


def test_two_rows_of_a_day_may_agree_in_their_key(sandbox: Sandbox) -> None:
    alone = sandbox.claude.ledger(day := TODAY - timedelta(days=4), day + timedelta(days=1))
    sandbox.claude.twins = True
    ledger = sandbox.claude.ledger(day, day + timedelta(days=1))
    for stream, endpoint, name in (
        ("claude_chat_projects", "apps/chat/projects", "project_id"),
        ("claude_skills", "skills", "skill_name"),
        ("claude_connectors", "connectors", "connector_name"),
    ):
        names = [row[name] for row in body(sandbox, f"analytics/{endpoint}", date=ago(4))["data"]]
        assert len(names) == len(set(names)) + 1 == len(ledger[stream])
    for path, stream, by in (
        ("usage_report/messages", "claude_api_usage", BY_KEY),
        ("cost_report", "claude_api_cost", BY_COST),
    ):
        (bucket,) = body(sandbox, path, **window(4, 3), **by)["data"]
        assert len(bucket["results"]) == len(ledger[stream])
    reports = {"claude_user_usage", "claude_user_cost", "claude_usage", "claude_cost"}
    for stream, entries in alone.items():
        keys = [entry.key for entry in ledger[stream]]
        assert len(set(keys)) == len(keys)
        assert {entry.key for entry in entries} <= set(keys)
        assert (len(keys) == len(entries)) == (stream in reports), stream


def test_engagement_may_reach_back_90_days_only(sandbox: Sandbox) -> None:
    sandbox.claude.history_days = 90
    wording = f"must be on or after {ago(90)}"
    assert body(sandbox, "analytics/users", date=ago(90))
    assert refusal(sandbox, "analytics/users", date=ago(91)) == (400, f"date: {wording}")
    older = {"starting_date": ago(91), "ending_date": ago(60)}
    assert refusal(sandbox, "analytics/summaries", **older) == (400, f"starting_date: {wording}")
    assert not any(
        entry.start < ago(90) for entry in sandbox.claude.ledger(TODAY - timedelta(days=99), TODAY)["claude_skills"]
    )


def _as_served(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without the organization, and with the product's name before September 2026."""
    _, start, user, product, model = key
    return start, user, "claude-in-slack" if product == "claude_tag" else product, model


def _tokens(row: Sample) -> int:
    flat = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")
    return int(sum(row[name] for name in flat) + sum(row["cache_creation"].values()))


def _sum(ledger: Any, stream: str) -> Decimal:
    return sum((entry.usage["tokens.total"] for entry in ledger[stream]), Decimal(0))
