"""What the Confluent streams make of sample answers."""

import random
from decimal import Decimal
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from unit_tests.vendors.samples import Case, assert_mapped, mock_answers, records, sample, stream_of, window

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
    found = mapped(answers)
    assert {r["id"]: r["remote_data"]["price"] for r in found if "price" in r["remote_data"]} == expected
    assert len({r["id"] for r in found}) == len(ROWS)


def test_rows_that_differ_in_amount_alone_keep_their_ids_in_any_order() -> None:
    day = {"start_date": "2026-09-01", "end_date": "2026-09-02", "line_type": "PROMO_CREDIT"}
    credits = [{**day, "amount": amount} for amount in (-5, -7, -6)]
    found = [{r["id"]: r["remote_data"] for r in mapped([{"data": rows}])} for rows in (credits, credits[::-1])]
    assert found[0] == found[1]
    assert len(found[0]) == 3


def mapped(pages: Any) -> list[dict[str, Any]]:
    case = costs(*pages)
    with requests_mock.Mocker() as server:
        mock_answers(server, "confluent", case.answers)
        return records(stream_of("confluent", CONFIG, case.stream), window(case.start, case.end))


def net(found: list[dict[str, Any]]) -> Decimal:
    return sum(
        (Decimal(repr(c["amount"])) for record in found for c in record["charges"] if c["type"] == "net"), Decimal(0)
    )
