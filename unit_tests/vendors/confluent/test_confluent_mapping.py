"""What the Confluent streams make of sample answers."""

import random
from decimal import Decimal
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.vendors.confluent.costs import CostItem
from source_unified_usage.vendors.confluent.metrics import Point
from unit_tests.vendors.samples import (
    Case,
    assert_mapped,
    mock_answers,
    records,
    records_of,
    sample,
    stream_of,
    window,
)

CONFIG = {"api_key": "CLOUDAPIKEY", "api_secret": "not-a-real-secret"}
NAMES = {
    "GET /org/v2/environments": ["environments"],
    "GET /org/v2/organizations": ["organizations"],
}
COSTS = "GET /billing/v1/costs"


def costs(*pages: Any, name: str = "") -> Case:
    return Case("confluent_costs", {COSTS: pages, **NAMES}, "2026-09-01", "2026-10-01", name=name)


METRICS = Case(
    "confluent_metrics_usage",
    {
        **NAMES,
        "GET /cmk/v2/clusters": [
            {"data": [{"id": "lkc-7p3xq9", "spec": {"display_name": "orders-prod"}}]},
            {"data": None},
        ],
        "POST /v2/metrics/cloud/query": [
            "metrics_query#response_page1",
            "metrics_query#response_page2",
            {"data": [{"timestamp": "2026-09-02T00:00:00Z", "value": 5.0}, {"timestamp": "2026-09-01T00:00:00Z"}]},
        ],
    },
    "2026-09-01",
    "2026-09-03",
    {"include_metrics": True},
)


CASES = [
    costs("costs_page1", "costs_page2"),
    costs("costs_quirks", name="confluent_costs.quirks"),
    costs("costs_legacy_shape", name="confluent_costs.legacy"),
    costs("costs_restated#read_2026_09_14", name="confluent_costs.restated"),
    METRICS,
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("confluent", case, CONFIG)


@pytest.mark.parametrize("page", ["costs_empty", "costs_empty_null"])
def test_an_empty_organization_has_no_records(page: str) -> None:
    assert mapped([page]) == []


def test_the_sum_of_net_is_the_vendors_own() -> None:
    pages = ["costs_page1", "costs_page2"]
    rows = [row for page in pages for row in sample("confluent", page)["data"]]
    assert net(mapped(pages)) == sum(Decimal(repr(row["amount"])) for row in rows)


def test_restated_amount_keeps_its_id() -> None:
    before, after = (mapped([f"costs_restated#read_2026_09_{day}"]) for day in (11, 14))
    assert before[0]["id"] == after[0]["id"]
    assert net(before[:1]) == Decimal("60.75")
    assert net(after[:1]) == Decimal("97.2")


def test_tiers_are_separate_rows() -> None:
    tiers = [r for r in mapped(["costs_page1", "costs_page2"]) if "KAFKA_NETWORK_WRITE" in r["id"]]
    assert [r["id"].rsplit("/", 1)[1] for r in tiers][:2] == ["0", "1"]
    assert [r["remote_data"]["price"] for r in tiers][:2] == [0.05, 0.035]


def test_row_without_user_or_environment_is_kept() -> None:
    found = mapped(["costs_page1", "costs_page2"])
    rows = [row for page in ("costs_page1", "costs_page2") for row in sample("confluent", page)["data"]]
    assert len(found) == len(rows)
    assert any("resources" not in record for record in found)


ROWS = [row for page in ("costs_page1", "costs_page2", "costs_quirks") for row in sample("confluent", page)["data"]]


@given(st.randoms(use_true_random=False), st.integers(1, len(ROWS)))
def test_ids_depend_neither_on_the_order_of_the_rows_nor_on_the_pages(draw: random.Random, size: int) -> None:
    rows = [*ROWS]
    draw.shuffle(rows)
    pages = [rows[at : at + size] for at in range(0, len(rows), size)]
    tokens = [f"https://elsewhere.example/costs?page_token={n}" for n in range(1, len(pages))]
    answers = [{"data": page, "metadata": {"next": token}} for page, token in zip(pages, [*tokens, None], strict=True)]
    expected = {r["id"]: r["remote_data"]["price"] for r in mapped([{"data": ROWS}]) if "price" in r["remote_data"]}
    found = mapped([*answers, *answers])  # twins on two pages are read a second time
    assert {r["id"]: r["remote_data"]["price"] for r in found if "price" in r["remote_data"]} == expected
    assert len({r["id"] for r in found}) == len(ROWS)


def test_rows_that_differ_in_amount_alone_keep_their_ids_in_any_order() -> None:
    day = {"start_date": "2026-09-01", "end_date": "2026-09-02", "line_type": "PROMO_CREDIT"}
    credits = [{**day, "amount": amount} for amount in (-5, -7, -6)]
    found = [{r["id"]: r["remote_data"] for r in mapped([{"data": rows}])} for rows in (credits, credits[::-1])]
    assert found[0] == found[1]
    assert len(found[0]) == 3


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        ({"end_date": "2026-09-02"}, ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z")),
        ({"start_date": "", "end_date": "2026-09-02"}, ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z")),
        ({"start_date": "null", "end_date": "2026-09-02"}, ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z")),
        ({"start_date": " 2026-09-01", "end_date": "null"}, ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z")),
        ({"start_date": "2026-09-01 00:00:00"}, ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z")),
        ({"start_date": "2026-09-01", "end_date": "2026-09-04"}, ("2026-09-01T00:00:00Z", "2026-09-04T00:00:00Z")),
    ],
)
def test_days_of_malformed_rows(dates: dict[str, str], days: tuple[str, str]) -> None:
    found = cost({"start_date": None, **dates})
    assert (found["start_date"], found["end_date"]) == days


TEXTS = ("product", "line_type", "network_access_type", "unit", "description")


@pytest.mark.parametrize("field", TEXTS)
def test_a_text_of_null_is_none_and_a_number_its_digits(field: str) -> None:
    def of(value: Any) -> dict[str, Any]:
        return {**cost({"line_type": "KAFKA_BASE", field: value}), "remote_data": None}

    assert of("null") == of(None)
    assert of(7) == of("7") != of(None)


@pytest.mark.parametrize(
    ("fields", "resources"),
    [
        ({"resource": "null", "environment": "env-1"}, [{"workspace": {"id": "env-1"}}]),
        ({"resource": "lkc-1"}, [{"id": "lkc-1"}]),
        ({"resource": {"id": 7, "display_name": 8, "environment": {"id": "null"}}}, [{"id": "7", "name": "8"}]),
        ({"resource": {"id": "null", "display_name": "null", "environment": "null"}}, None),
    ],
)
def test_resources_in_every_spelling(fields: dict[str, Any], resources: Any) -> None:
    assert cost(fields).get("resources") == resources


@pytest.mark.parametrize(
    ("fields", "charges"),
    [
        ({"original_amount": 5, "discount_amount": "0.5"}, {"net": 4.5, "total": 5, "discount": 0.5}),
        ({"price": 0.1, "quantity": 3}, {"net": 0.3, "total": 0.3}),
        ({"amount": 4, "discount_amount": 1}, {"net": 4, "total": 5, "discount": 1}),
        ({"amount": 4, "original_amount": 6}, {"net": 4, "total": 6, "discount": 2}),
        (
            {"amount": "null", "original_amount": "5", "discount_amount": "null", "quantity": "null", "price": "null"},
            {"net": 5, "total": 5},
        ),
        ({}, {}),
    ],
)
def test_amounts_fall_back(fields: dict[str, Any], charges: dict[str, Any]) -> None:
    assert {charge["type"]: charge["amount"] for charge in cost(fields).get("charges", ())} == charges


@pytest.mark.parametrize(
    "named",
    [{"metric.principal_name": "kafka-writer"}, {"principal_name": "kafka-writer"}],
)
def test_a_principal_has_the_name_that_comes_with_it(named: dict[str, str]) -> None:
    assert point({"metric.principal_id": "sa-1", **named})["user"] == {"id": "sa-1", "name": "kafka-writer"}
    assert "user" not in point(named)


def test_points_in_every_spelling() -> None:
    found = point({"timestamp": " 2026-09-01 00:00:00", "metric.principal_id": 7, "value": "5"})
    assert (found["user"], found["usage"]["quantity"], found["start_date"]) == ({"id": "7"}, 5, "2026-09-01T00:00:00Z")
    assert point({"principal_id": "sa-1"})["user"] == {"id": "sa-1"}


def cost(fields: dict[str, Any]) -> dict[str, Any]:
    """The record of one row of costs, by itself."""
    row = {"start_date": "2026-09-01", **fields}
    (found,) = records_of(stream_of("confluent", CONFIG, "confluent_costs"), [CostItem(row, 0, {}, {})])
    return found


def point(fields: dict[str, Any]) -> dict[str, Any]:
    """The record of one point of metrics."""
    row = {"timestamp": "2026-09-01T00:00:00Z", "value": 1.0, **fields}
    stream = stream_of("confluent", {**CONFIG, **METRICS.config}, METRICS.stream)
    (found,) = records_of(stream, [Point(row, "request_bytes", {"id": "lkc-1"}, {})])
    return found


def mapped(pages: Any) -> list[dict[str, Any]]:
    case = costs(*pages)
    with requests_mock.Mocker() as server:
        mock_answers(server, "confluent", case.answers)
        return records(stream_of("confluent", CONFIG, case.stream), window(case.start, case.end))


def net(found: list[dict[str, Any]]) -> Decimal:
    return sum(
        (Decimal(repr(c["amount"])) for record in found for c in record["charges"] if c["type"] == "net"), Decimal(0)
    )
