"""The data and the ledger of the simulated Claude APIs."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox import Sandbox
from sandbox.vendors.claude import ClaudeSandbox
from unit_tests.sandbox.claude.asking import (
    BY_COST,
    BY_KEY,
    BY_PRODUCT,
    NOW,
    PEOPLE,
    TODAY,
    Sample,
    ago,
    ask,
    body,
    pages,
    refusal,
    window,
)


def test_same_seed_same_bytes_in_any_order(sandbox: Sandbox) -> None:
    asked = [
        ("analytics/users", {"date": ago(5)}),
        ("analytics/skills", {"date": ago(5)}),
        ("analytics/summaries", {"starting_date": ago(5), "ending_date": ago(4)}),
        ("analytics/user_cost_report", {**window(6, 5), **BY_PRODUCT}),
        ("usage_report/messages", {**window(6, 5), **BY_KEY}),
        ("cost_report", {**window(6, 5), **BY_COST}),
        ("usage_report/claude_code", {"starting_at": ago(5)}),
    ]
    with Sandbox(now=NOW, vendors=(ClaudeSandbox,), people=PEOPLE) as other:
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
    later = sandbox.claude.ledger(TODAY + timedelta(days=1), TODAY + timedelta(days=9))
    for ledger in (earlier, later):
        assert {stream for stream, entries in ledger.items() if entries} == {"claude_spend_limits"}  # as they stand


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
    spend = {"claude_spend", "claude_tokens", "claude_spend_limits"}  # which have twins of their own, or none
    for stream, entries in alone.items():
        keys = [entry.key for entry in ledger[stream]]
        assert len(set(keys)) == len(keys)
        assert {entry.key for entry in entries} <= set(keys)
        assert (len(keys) == len(entries)) == (stream in reports | spend), stream


def test_engagement_may_reach_back_90_days_only(sandbox: Sandbox) -> None:
    sandbox.claude.history_days = 90
    wording = f"must be on or after {ago(90)}"
    assert body(sandbox, "analytics/users", date=ago(90))
    assert refusal(sandbox, "analytics/users", date=ago(91)) == (400, f"date: {wording}")
    older = {"starting_date": ago(91), "ending_date": ago(60)}
    assert refusal(sandbox, "analytics/summaries", **older) == (400, f"starting_date: {wording}")
    skills = sandbox.claude.ledger(TODAY - timedelta(days=93), TODAY - timedelta(days=87))["claude_skills"]
    assert min(entry.start for entry in skills).startswith(ago(90))


def _as_served(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without the organization, and with the product's name before September 2026."""
    _, start, user, product, model = key
    return start, user, "claude-in-slack" if product == "claude_tag" else product, model


def _tokens(row: Sample) -> int:
    flat = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")
    return int(sum(row[name] for name in flat) + sum(row["cache_creation"].values()))


def _sum(ledger: Any, stream: str) -> Decimal:
    return sum((entry.usage["tokens.total"] for entry in ledger[stream]), Decimal(0))
