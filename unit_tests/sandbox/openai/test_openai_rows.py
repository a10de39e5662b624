"""The rows of usage and costs of the simulated OpenAI."""

from decimal import Decimal
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.times import epoch
from sandbox.vendors.openai.endpoints import ENDPOINTS, NEW_TOKENS
from unit_tests.sandbox.openai.asking import (
    COMPLETIONS,
    COSTS,
    COSTS_BY,
    TODAY,
    YESTERDAY,
    Get,
    days_ago,
    decimal,
    rows,
    usage_rows,
)


def test_ungrouped_rows_are_one_total_with_null_dimensions(get: Get) -> None:
    (bucket,) = get(COMPLETIONS, start_time=epoch(days_ago(5)), end_time=epoch(days_ago(4))).json()["data"]
    (row,) = bucket["results"]
    assert all(row[name] is None for name in ENDPOINTS["completions"].dimensions)
    grouped = usage_rows(get, "completions", days_ago(5), days_ago(4))
    assert len(grouped) > 20
    for metric in ("input_tokens", "output_tokens", "num_model_requests", "input_cached_tokens"):
        assert row[metric] == sum(one[metric] for one in grouped)


def test_three_spellings_of_arrays(get: Get) -> None:
    window = {"start_time": epoch(days_ago(5)), "end_time": epoch(days_ago(4))}
    spellings: list[dict[str, Any]] = [
        {"group_by": ["model", "batch"]},
        {"group_by": "model,batch"},
        {"group_by[]": ["model", "batch"]},
    ]
    answers = [get(COMPLETIONS, **window, **spelling).json() for spelling in spellings]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("spelling", "writes"), [("one", ("",)), ("beside", ("", "_12h")), ("split", ("_30m", "_12h"))]
)
def test_token_identities(sandbox: Sandbox, get: Get, spelling: Any, writes: tuple[Any, ...]) -> None:
    sandbox.openai.cache_writes = spelling
    found = usage_rows(get, "completions", days_ago(10), TODAY)
    new = [row for row in found if "input_uncached_tokens" in row]
    assert len(new) > 200
    classes = {name for name in new[0] if name.startswith("input_cache_write")}
    assert classes == {f"input_cache_write{kind}_tokens" for kind in {"", *writes}}
    assert all(sum(row[name] for row in new) > 0 for name in classes)
    for row in new:
        kinds = ("text", "audio", "image")
        uncached = sum(row[f"input_{kind}_tokens"] for kind in kinds)
        cached = sum(row[f"input_cached_{kind}_tokens"] for kind in kinds)
        assert row["input_uncached_tokens"] == uncached
        assert row["input_cached_tokens"] == cached
        assert row["input_tokens"] == uncached + cached + sum(row[f"input_cache_write{kind}_tokens"] for kind in writes)
        assert row["output_tokens"] == sum(row[f"output_{kind}_tokens"] for kind in kinds)
        if spelling == "split":
            written = sum(row[f"input_cache_write{kind}_tokens"] for kind in writes)
            assert row["input_cache_write_tokens"] == written


def test_oddities_of_completions(sandbox: Sandbox, get: Get) -> None:
    found = usage_rows(get, "completions", days_ago(14), TODAY)
    old = [row for row in found if "input_uncached_tokens" not in row]
    assert old
    assert all(row["batch"] is None and "service_tier" not in row for row in old)
    assert {row["project_id"] for row in found} >= {"", None}
    assert {row["batch"] for row in found} == {True, False, None}
    assert "ultrafast" in {row.get("service_tier") for row in found}
    assert any(row["user_id"] is None for row in found)
    assert any(row["model"].startswith("ft:") for row in found)
    sandbox.openai.huge_tokens = True
    assert 2**53 + 1 in {row["input_tokens"] for row in usage_rows(get, "completions", days_ago(2), YESTERDAY)}
    sandbox.openai.old_shape = True
    assert not any(name in row for row in usage_rows(get, "completions", days_ago(2), YESTERDAY) for name in NEW_TOKENS)


def test_usage_of_one_user(get: Get) -> None:
    everything = usage_rows(get, "completions", days_ago(5), TODAY)
    user = next(row["user_id"] for row in everything if row["user_id"])
    assert usage_rows(get, "completions", days_ago(5), TODAY, user_ids=user) == [
        row for row in everything if row["user_id"] == user
    ]


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_every_endpoint_serves_its_object_metrics_and_dimensions(get: Get, name: str) -> None:
    found = usage_rows(get, name, days_ago(14), TODAY)
    endpoint = ENDPOINTS[name]
    assert found
    for row in found:
        assert row["object"] == endpoint.object
        if name != "completions":
            names = {"object", "start_time", *endpoint.metrics, *endpoint.dimensions}
            assert set(row) == names


def test_the_newest_endpoints_can_be_unavailable(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.unavailable = {"web_search_calls"}
    answer = get("organization/usage/web_search_calls", start_time=epoch(YESTERDAY))
    assert answer.status_code == 404
    ledger = sandbox.openai.ledger(YESTERDAY, TODAY)
    assert "openai_usage_web_search_calls" not in ledger


def test_which_groups_of_costs_are_refused_depends_on_the_organization(sandbox: Sandbox, get: Get) -> None:
    def answers(*group_by: str) -> int:
        return get(COSTS, start_time=epoch(YESTERDAY), group_by=group_by).status_code

    assert [answers("user_id"), answers("user_id", "line_item", "project_id")] == [200, 400]
    sandbox.openai.refused_cost_groups = ()
    assert answers("user_id", "line_item", "project_id") == 200
    sandbox.openai.refused_cost_groups = (frozenset({"user_id"}),)
    assert [answers("user_id"), answers("project_id")] == [400, 200]


def test_costs_by_user_are_the_money_of_the_costs_by_project(get: Get) -> None:
    def sums(*group_by: str) -> dict[int, Decimal]:
        found: dict[int, Decimal] = {}
        for row in rows(get, COSTS, days_ago(30), TODAY, group_by=group_by, limit=180):
            value = decimal(row.get("amount", {}).get("value")) or Decimal(0)
            found[row["start_time"]] = found.get(row["start_time"], Decimal(0)) + value
        return found

    assert len(sums("project_id", "line_item", "api_key_id")) == 30
    assert sums("user_id", "line_item", "api_key_id") == sums("project_id", "line_item", "api_key_id")


def test_cost_spellings(sandbox: Sandbox, get: Get) -> None:
    def values() -> list[Any]:
        found = rows(get, COSTS, days_ago(30), TODAY, group_by=COSTS_BY, limit=180)
        return [row["amount"]["value"] for row in found if "amount" in row]

    mixed = values()
    assert {type(value) for value in mixed} >= {str, float, type(None)}
    assert "0" in mixed
    assert "-5.00" in mixed
    assert any("E-" in value for value in mixed if isinstance(value, str))
    sandbox.openai.amounts = "string"
    assert {type(value) for value in values()} == {str, type(None)}
    sandbox.openai.amounts = "number"
    numbers = values()
    assert {type(value) for value in numbers} <= {int, float, type(None)}
    assert [decimal(n) for n in numbers] == [decimal(n) for n in mixed]


def test_odd_cost_rows(sandbox: Sandbox, get: Get) -> None:
    sandbox.openai.second_currency = "eur"
    found = rows(get, COSTS, days_ago(30), TODAY, group_by=COSTS_BY, limit=180)
    assert any("amount" not in row for row in found)
    assert any("api_key_id" not in row for row in found)
    assert any("organization_id" in row for row in found)
    credits = [row for row in found if row["line_item"] is None]
    assert {row["project_id"] for row in credits} == {"", None}
    units = {row.get("quantity_unit") for row in found}
    assert units >= {"tokens", "gibibyte_hours", "images", "duration_seconds", None}
    currencies = {row["amount"]["currency"] for row in found if "amount" in row}
    assert currencies == {"usd", "eur"}


def test_quantity_only_by_line_item(get: Get) -> None:
    for group in ("project_id", "line_item"):
        found = rows(get, COSTS, days_ago(3), days_ago(2), group_by=group)
        assert any(row.get("quantity") is not None for row in found) == (group == "line_item")
