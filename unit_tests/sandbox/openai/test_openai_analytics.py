"""The workspace analytics of the simulated OpenAI."""

from collections import Counter

import pytest

from sandbox import Sandbox
from sandbox.times import epoch
from sandbox.vendors.openai.credentials import CODEX_KEY
from unit_tests.sandbox.openai.asking import CODEX, TODAY, WORKSPACE, Get, codex, days_ago, pages


def test_codex_rows_of_any_page_size_are_the_same(sandbox: Sandbox, get: Get) -> None:
    whole = codex(get, limit=30000)
    assert len(whole) > 300
    assert [row["start_time"] for row in whole] == sorted(row["start_time"] for row in whole)
    assert codex(get, limit=70) == whole
    sandbox.openai.page_cap = 200
    assert codex(get, limit=30000) == whole
    page = get(f"{CODEX}/usage", CODEX_KEY, limit=1).json()
    other = get(f"{CODEX}/usage", CODEX_KEY, limit=2, page=page["next_page"])
    assert other.status_code == 422


def test_codex_default_window_is_the_last_thirty_days(get: Get) -> None:
    found = pages(get, f"{CODEX}/usage", key=CODEX_KEY)
    starts = {row["start_time"] for row in found}
    assert min(starts) >= epoch(days_ago(29))
    assert max(starts) <= epoch(TODAY)


def test_codex_oddities(get: Get) -> None:
    found = codex(get, days=60)
    assert {row["actor"]["email"] is None for row in found} == {True, False}
    assert {row["totals"]["cost_usd"] is None for row in found} == {True, False}
    assert {row["totals"]["text_total_tokens"] is None for row in found} == {True, False}
    partial = [row["totals"] for row in found if row["totals"]["text_total_tokens"]]
    assert any(totals["cached_text_input_tokens"] is None for totals in partial)
    assert any(row["totals"]["turns"] == 0 and row["clients"] == [] for row in found)
    assert any("email" in row for row in found)
    assert any("lines_added" in (row["code_attribution"] or {}) for row in found)
    clients = [Counter(c["client_id"] for c in row["clients"]) for row in found]
    assert any(c["CODEX_UNKNOWN_DEFAULT"] > 1 for c in clients)
    models = [Counter(m["model"] for m in row["models"] or ()) for row in found]
    assert any(m["other"] > 1 for m in models)
    assert any(sum(c["turns"] for c in row["clients"]) < row["totals"]["turns"] for row in found)


def test_group_workspace_is_one_row_a_day(get: Get) -> None:
    grouped = codex(get, group="workspace")
    assert len({row["start_time"] for row in grouped}) == len(grouped)
    assert {(row["user_id"], row["actor"], row["models"]) for row in grouped} == {(None, None, None)}
    turns: Counter[int] = Counter()
    for row in codex(get):
        turns[row["start_time"]] += row["totals"]["turns"]
    assert {row["start_time"]: row["totals"]["turns"] for row in grouped} == dict(turns)


def test_workspace_usage_has_its_own_shape(get: Get) -> None:
    found = codex(get, WORKSPACE)
    assert {row["object"] for row in found} == {"workspace.usage.result"}
    assert not any("turns" in row["totals"] for row in found)
    assert any("text_total_tokens" not in row["totals"] for row in found)
    assert any(c["client_id"] == "CHATGPT_WEB" for row in found for c in row["clients"])


@pytest.mark.parametrize("name", ["code_reviews", "code_review_responses"])
def test_reviews_are_one_row_a_day(get: Get, name: str) -> None:
    found = codex(get, f"{CODEX}/{name}")
    assert len({row["start_time"] for row in found}) == len(found) > 20
    assert {row["object"] for row in found} == {f"workspace.codex.{name}.result"}
