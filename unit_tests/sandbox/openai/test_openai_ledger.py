"""The data and the ledger of the simulated OpenAI."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.ledger import Entry, Ledger
from sandbox.times import epoch
from sandbox.vendors.openai import OpenAISandbox
from sandbox.vendors.openai.credentials import ADMIN_KEY, CODEX_KEY, WORKSPACE_ID
from sandbox.vendors.openai.endpoints import ENDPOINTS
from unit_tests.sandbox.openai.asking import (
    CODEX,
    COMPLETIONS,
    COSTS,
    COSTS_BY,
    NOW,
    PEOPLE,
    TODAY,
    WORKSPACE,
    Get,
    codex,
    days_ago,
    decimal,
    rows,
    usage_rows,
)

STREAMS = (
    *(f"openai_usage_{name}" for name in ENDPOINTS),
    "openai_costs",
    "openai_costs_by_user",
    "openai_codex_usage",
    "openai_codex_usage_by_client",
    "openai_codex_usage_by_model",
    "openai_codex_code_reviews",
    "openai_codex_code_review_responses",
    "openai_workspace_usage",
)


def test_same_seed_same_bytes_whatever_was_asked_before(get: Get) -> None:
    query = {"start_time": epoch(days_ago(3)), "end_time": epoch(TODAY)}
    calls: list[tuple[str, dict[str, Any]]] = [
        (COMPLETIONS, {**query, "group_by": "user_id,model"}),
        (COSTS, {**query, "group_by": ",".join(COSTS_BY)}),
        ("organization/projects", {}),
        (f"{CODEX}/usage", {"key": CODEX_KEY, **query}),
    ]
    first = [get(path, **arguments).content for path, arguments in calls]
    with Sandbox(now=NOW, vendors=(OpenAISandbox,), people=PEOPLE) as again:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        for at in reversed(range(len(calls))):
            path, arguments = calls[at]
            key = arguments.pop("key", ADMIN_KEY)
            headers["Authorization"] = f"Bearer {key}"
            url = f"{again.url('openai')}/v1/{path}"
            answer = requests.get(url, params=arguments, headers=headers, timeout=10)
            assert answer.content == first[at]


@pytest.mark.parametrize("stream", STREAMS)
def test_keys_are_unique_and_survive_restatement(restated: tuple[Ledger, Ledger], stream: str) -> None:
    def figures(ledger: Ledger) -> dict[tuple[Any, ...], Entry]:
        entries = ledger[stream]
        assert len({entry.key for entry in entries}) == len(entries)
        return {entry.key: entry for entry in entries}

    before, after = map(figures, restated)
    assert set(before) <= set(after)
    settled = {key for key in before if key[0] < days_ago(8).isoformat()} if before else set()
    if stream.startswith("openai_usage"):
        assert {key: before[key] for key in settled} == {key: after[key] for key in settled}
    if stream in ("openai_usage_completions", "openai_costs", "openai_codex_usage"):
        assert set(after) - set(before)
        assert any(before[key] != after[key] for key in before)


def test_corrections_stay_within_the_lookback(sandbox: Sandbox) -> None:
    def settled(lookback: int) -> Ledger:
        ledger: Ledger = sandbox.openai.ledger(days_ago(30), days_ago(lookback))
        return {s: e for s, e in ledger.items() if s.startswith("openai_usage") == (lookback == 3)}

    before = [settled(lookback) for lookback in (3, 7)]
    sandbox.clock.advance(days=30)
    assert [settled(lookback) for lookback in (3, 7)] == before
    assert sum(map(len, before)) == len(STREAMS)


@pytest.mark.parametrize(
    ("name", "path", "metric"),
    [
        ("completions", "requests.total", "num_model_requests"),
        ("embeddings", "tokens.total", "input_tokens"),
        ("moderations", "tokens.input", "input_tokens"),
        ("images", "quantity", "images"),
        ("audio_speeches", "quantity", "characters"),
        ("audio_transcriptions", "quantity", "seconds"),
        ("vector_stores", "quantity", "usage_bytes"),
        ("code_interpreter_sessions", "quantity", "num_sessions"),
        ("file_search_calls", "requests.total", "num_requests"),
        ("web_search_calls", "tools.web_search_count", "num_requests"),
    ],
)
def test_ledger_equals_the_served_usage(twenty_days: Ledger, get: Get, name: str, path: str, metric: str) -> None:
    entries = twenty_days[f"openai_usage_{name}"]
    served = usage_rows(get, name, days_ago(20), TODAY + timedelta(days=1))
    assert len(entries) == len(served) > 0
    assert _sum(entries, path) == sum(row[metric] for row in served)


@pytest.mark.parametrize("old", [False, True])
def test_ledger_tokens_add_up(sandbox: Sandbox, get: Get, old: bool) -> None:
    sandbox.openai.old_shape = old
    entries = sandbox.openai.ledger(days_ago(20), TODAY)["openai_usage_completions"]
    parts = ("tokens.input", "tokens.cache_read", "tokens.cache_write", "tokens.output")
    for entry in entries:
        assert sum(entry.usage.get(part, 0) for part in parts) == entry.usage["tokens.total"]
    served = usage_rows(get, "completions", days_ago(20), TODAY)
    total = sum(row["input_tokens"] + row["output_tokens"] for row in served)
    assert _sum(entries, "tokens.total") == total


def test_ledger_numbers_rows_that_differ_in_null_and_empty_alone(sandbox: Sandbox, get: Get) -> None:
    day = next(days_ago(n) for n in range(2, 9) if days_ago(n).toordinal() % 3 == 0)
    after = day + timedelta(days=1)
    entries = sandbox.openai.ledger(day, after)["openai_usage_embeddings"]
    twins = sorted(e.key[-1] for e in entries if e.key[1] is None)
    assert twins == [0, 1]
    served = usage_rows(get, "embeddings", day, after)
    by_project = {r["project_id"]: r["input_tokens"] for r in served if not r["project_id"]}
    found = {e.key[-1]: e.usage["tokens.total"] for e in entries if e.key[1] is None}
    assert found == {0: by_project[""], 1: by_project[None]}


def test_ledger_equals_the_served_costs(twenty_days: Ledger, get: Get) -> None:
    entries = twenty_days["openai_costs"]
    served = rows(get, COSTS, days_ago(20), TODAY + timedelta(days=1), group_by=COSTS_BY, limit=180)
    assert len(entries) == len(served)
    amounts = [decimal(row["amount"]["value"]) for row in served if "amount" in row]
    total = sum((amount for amount in amounts if amount is not None), Decimal(0))
    for kind in ("net", "total"):
        assert sum(e.charges.get((kind, "USD"), Decimal(0)) for e in entries) == total
    credits = [e.charges[("credit", "USD")] for e in entries if ("credit", "USD") in e.charges]
    assert set(credits) == {Decimal("-5.00")}
    assert {e.start for e in entries} == {f"{e.key[0]}T00:00:00Z" for e in entries}


def test_ledger_equals_the_served_codex_usage(sandbox: Sandbox, get: Get) -> None:
    ledger = sandbox.openai.ledger(days_ago(30), TODAY + timedelta(days=1))
    for stream, path in (("openai_codex_usage", f"{CODEX}/usage"), ("openai_workspace_usage", WORKSPACE)):
        entries, served = ledger[stream], codex(get, path)
        assert {e.key[0] for e in entries} == {WORKSPACE_ID}
        assert {e.key[2] for e in entries} == {row["user_id"] for row in served}
        assert len(entries) == len(served)
        costs = [decimal(row["totals"]["cost_usd"]) or Decimal(0) for row in served]
        assert sum(e.charges.get(("net", "USD"), Decimal(0)) for e in entries) == sum(costs)
        credits = [decimal(row["totals"]["credits"]) for row in served]
        assert _sum(entries, "quantity") == sum(c for c in credits if c is not None)
    served = codex(get)
    for stream, part in (("client", "clients"), ("model", "models")):
        entries = ledger[f"openai_codex_usage_by_{stream}"]
        pieces = [piece for row in served for piece in row[part] or ()]
        assert len(entries) == len(pieces)
        tokens = sum(piece.get("text_total_tokens") or 0 for piece in pieces)
        assert _sum(entries, "tokens.total") == tokens


def test_ledger_equals_the_served_reviews(sandbox: Sandbox, get: Get) -> None:
    ledger = sandbox.openai.ledger(days_ago(30), TODAY + timedelta(days=1))
    reviews = codex(get, f"{CODEX}/code_reviews")
    total = sum(row["pull_request_reviews"] for row in reviews)
    assert _sum(ledger["openai_codex_code_reviews"], "quantity") == total
    responses = codex(get, f"{CODEX}/code_review_responses")
    engaged = sum(row["comment_response_details"]["engaged"] for row in responses)
    assert _sum(ledger["openai_codex_code_review_responses"], "quantity") == engaged


def test_ledger_leaves_out_what_is_no_longer_served(sandbox: Sandbox) -> None:
    ledger = sandbox.openai.ledger(days_ago(95), days_ago(80))
    assert min(e.key[1] for e in ledger["openai_codex_usage"]) == days_ago(90).isoformat()
    sandbox.openai.retention_days = 10
    ledger = sandbox.openai.ledger(days_ago(20), TODAY)
    assert min(e.key[0] for e in ledger["openai_costs"]) == days_ago(10).isoformat()


def _sum(entries: list[Entry], path: str) -> Decimal:
    return sum((entry.usage.get(path, Decimal(0)) for entry in entries), Decimal(0))
