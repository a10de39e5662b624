"""The bill of the simulated Confluent Cloud: pages, rows, and how they change with time."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox import Sandbox
from sandbox.clock import Clock
from sandbox.vendors.confluent import ConfluentSandbox
from sandbox.world import World
from unit_tests.sandbox.confluent.asking import (
    ADMIN,
    COSTS,
    ENVIRONMENTS,
    NOW,
    TODAY,
    Call,
    Row,
    days_ago,
    error,
    exact,
    natural_key,
    rows,
    walk,
    window,
)

# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 95, 500, 10_000])
def test_any_page_size_cuts_the_same_rows(get: Call, size: int) -> None:
    assert rows(get, 8, 4, page_size=size) == rows(get, 8, 4)


def test_any_window_cuts_the_same_rows(get: Call) -> None:
    days = [row for day in range(8, 0, -1) for row in rows(get, day, day - 1)]
    assert days == rows(get, 8, 0)


def test_window_is_half_open(get: Call) -> None:
    dates = {(row["start_date"], row["end_date"]) for row in rows(get, 8, 6)}
    assert dates == {(str(days_ago(8)), str(days_ago(7))), (str(days_ago(7)), str(days_ago(6)))}


def test_next_holds_the_token_alone(sandbox: Sandbox, get: Call) -> None:
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    assert url.startswith(f"{sandbox.url('confluent')}/{COSTS}?page_token=")
    assert set(parse_qs(urlsplit(url).query)) == {"page_token"}
    assert requests.get(url, auth=ADMIN, timeout=10).status_code == 400
    sandbox.confluent.next_base = "https://proxy.example/x"
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    assert url.startswith(f"https://proxy.example/x/{COSTS}?page_token=")


def test_token_belongs_to_its_request(get: Call) -> None:
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    (token,) = parse_qs(urlsplit(url).query)["page_token"]
    statuses = [
        get(COSTS, **window(first, last), page_size=size, page_token=token).status_code
        for first, last, size in ((8, 4, 50), (8, 5, 50), (9, 4, 50), (8, 4, 51))
    ]
    assert statuses == [200, 400, 400, 400]


def test_tokens_may_expire(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.token_lifetime = timedelta(minutes=5)
    url = get(COSTS, **window(8, 4), page_size=50).json()["metadata"]["next"]
    (token,) = parse_qs(urlsplit(url).query)["page_token"]
    assert get(COSTS, **window(8, 4), page_size=50, page_token=token).status_code == 200
    sandbox.clock.advance(minutes=6)
    answer = get(COSTS, **window(8, 4), page_size=50, page_token=token)
    assert (answer.status_code, error(answer)["detail"]) == (400, "invalid page token")


@pytest.mark.parametrize(
    ("style", "metadata"),
    [
        ("missing", {"metadata": {}}),
        ("null", {"metadata": {"next": None}}),
        ("empty", {"metadata": {"next": ""}}),
        ("no metadata", {}),
    ],
)
def test_last_page(sandbox: Sandbox, get: Call, style: str, metadata: dict[str, Any]) -> None:
    sandbox.confluent.last_page = style
    page = get(COSTS, **window(4, 3)).json()
    del page["data"]
    assert page == {"api_version": "v1", "kind": "CostList", **metadata}


def test_page_cap_and_empty_pages(sandbox: Sandbox, get: Call) -> None:
    whole = rows(get, 8, 4)
    sandbox.confluent.page_cap, sandbox.confluent.empty_pages = 100, True
    before = sandbox.requests[f"GET /confluent/{COSTS}"]
    assert rows(get, 8, 4) == whole
    full = -(-len(whole) // 100)
    assert sandbox.requests[f"GET /confluent/{COSTS}"] - before == 2 * full - 1


@pytest.mark.parametrize("style", ["tokenless", "repeated"])
def test_broken_next(sandbox: Sandbox, get: Call, style: str) -> None:
    sandbox.confluent.broken_next = style
    query: dict[str, Any] = {**window(8, 4), "page_size": 20}
    url = get(COSTS, **query).json()["metadata"]["next"]
    found = parse_qs(urlsplit(url).query)
    if style == "tokenless":
        assert found == {}
    else:
        again = get(COSTS, **query, page_token=found["page_token"][0]).json()["metadata"]["next"]
        assert again == url


def test_days_without_data(sandbox: Sandbox, get: Call) -> None:
    assert get(COSTS, **window(150, 140)).json()["data"] == []
    assert get(COSTS, start_date=str(TODAY), end_date="2026-09-20").json()["data"] == []
    sandbox.confluent.null_data = True
    assert get(COSTS, **window(150, 140)).json()["data"] is None


# --- rows -----------------------------------------------------------------------------------------


def test_same_seed_gives_the_same_rows() -> None:
    """Whatever was asked before."""
    clock = Clock(NOW)
    twin = ConfluentSandbox(World(7, 120, TODAY), clock)
    fresh = ConfluentSandbox(World(7, 120, TODAY), clock)
    fresh.ledger(days_ago(90), days_ago(80))
    assert fresh.ledger(days_ago(3), TODAY) == twin.ledger(days_ago(3), TODAY)
    other = ConfluentSandbox(World(8, 120, TODAY), clock)
    assert other.ledger(days_ago(3), TODAY) != twin.ledger(days_ago(3), TODAY)


def by_line_type(found: list[Row]) -> dict[str, list[Row]]:
    by_type: dict[str, list[Row]] = {}
    for row in found:
        by_type.setdefault(row["line_type"], []).append(row)
    return by_type


def test_rows_of_real_bills_that_only_price_or_access_tells_apart(get: Call) -> None:
    found = rows(get, 31, 4)
    by_type = by_line_type(found)
    groups = Counter(natural_key(row) for row in found)
    assert "id" not in found[0]
    # tiers, twins, two access types, one id in two environments
    rules = [r for r in by_type["NUM_RULES"] if r["start_date"] == str(days_ago(6))]
    assert sorted(row["price"] for row in rules) == [0.023, 0.023, 0.0345, 0.0345]
    assert max(groups.values()) == 3
    tasks = Counter(json.dumps(row) for row in by_type["CONNECT_NUM_TASKS"])
    assert max(tasks.values()) == 2
    assert {row["network_access_type"] for row in by_type["KAFKA_NETWORK_READ"]} == {"PRIVATE_LINK", "INTERNET"}


def test_oddities_that_real_bills_have(get: Call) -> None:
    by_type = by_line_type(rows(get, 31, 4))
    # rows without resource, price, quantity, product or discount
    support = by_type["SUPPORT"][0]
    assert not {"resource", "price", "quantity", "discount_amount"} & set(support)
    assert all("resource" not in row for row in by_type["AUDIT_LOG_READ"])
    assert all("price" not in row for row in by_type["USM_CONNECTED_NODE"])
    credits = {row["description"]: row for row in by_type["PROMO_CREDIT"]}
    assert set(credits) == {"KAFKA101", "STREAM25", "Refund Kafka usage"}
    assert all(row["amount"] < 0 and row.get("product") is None for row in credits.values())
    assert "product" not in credits["KAFKA101"] and credits["KAFKA101"]["unit"] == ""
    assert credits["Refund Kafka usage"]["resource"] is None
    storage = [row for row in by_type["KAFKA_STORAGE"] if "discount_amount" not in row]
    assert storage and all(row["amount"] < row["original_amount"] for row in storage)
    # an unknown product, a resource of no environment, a row of nothing, spellings of numbers
    (unknown, *_) = by_type["RTCE_NUM_UNITS"]
    assert unknown["resource"] == {"id": "rtce-1", "display_name": "", "environment": None}
    assert any(0 < row["quantity"] < 1e-4 for row in by_type["CONNECT_THROUGHPUT"])
    assert any(row["amount"] < 1e-5 for row in by_type["CONNECT_THROUGHPUT"])
    assert {type(row["quantity"]) for row in by_type["KSQL_NUM_CSUS"]} == {int}
    assert any(row["amount"] < 0 for row in by_type["KAFKA_NUM_CKUS"])
    ratios = [
        exact(row["price"]) * exact(row["quantity"]) == exact(row["original_amount"])
        for row in by_type["KAFKA_STORAGE"]
    ]
    assert not all(ratios)


def test_deleted_environment_and_renamed_cluster(sandbox: Sandbox, get: Call) -> None:
    old = rows(get, 110, 109)
    listed = {environment["id"] for environment in walk(get, ENVIRONMENTS)}
    places: dict[str, set[str]] = {}
    for row in old:
        resource = row.get("resource") or {}
        if resource.get("environment"):
            places.setdefault(resource["id"], set()).add(resource["environment"]["id"])
    assert [len(found) for found in places.values() if len(found) > 1] == [2]
    assert set.union(*places.values()) - listed
    lead = sandbox.confluent.estate.clusters[0].id
    names = {
        row["resource"]["display_name"]
        for row in old + rows(get, 5, 4)
        if (row.get("resource") or {}).get("id") == lead
    }
    assert len(names) == 2


def test_ids_given_and_repeated(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.ids = "given"
    ids = [row["id"] for row in rows(get, 8, 4)]
    assert len(set(ids)) == len(ids)
    sandbox.confluent.ids = "repeated"
    ids = [row["id"] for row in rows(get, 8, 4)]
    assert max(Counter(ids).values()) == 2


def test_spellings(sandbox: Sandbox, get: Call) -> None:
    plain = rows(get, 8, 7)
    vendor = sandbox.confluent
    vendor.numbers, vendor.dates, vendor.api_version = "string", "midnight", "billing/v1"
    vendor.missing_date = "end_date"
    page = get(COSTS, **window(8, 7)).json()
    assert page["api_version"] == "billing/v1"
    assert {row["start_date"] for row in page["data"]} == {f"{days_ago(8)} 00:00:00"}
    assert {row["line_type"] for row in page["data"] if "end_date" not in row} == {"AUDIT_LOG_READ"}
    assert [exact(row["amount"]) for row in page["data"]] == [exact(r["amount"]) for r in plain]
    units = next(row for row in page["data"] if row["line_type"] == "KSQL_NUM_CSUS")
    assert units["quantity"] == "24.0000"


def test_legacy_shape(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.shape = "legacy"
    page = get(COSTS, **window(8, 7)).json()
    found = page["data"]
    assert set(page["metadata"]) == {"first", "last", "prev", "next", "total_size"}
    assert not any("amount" in row for row in found)
    assert {"discount_amount" in row for row in found} == {True, False}
    assert not any("original_amount" in r for r in found if r["line_type"] == "CONNECT_NUM_TASKS")
    placed = [row for row in found if "environment" in row]
    assert placed and {type(row["environment"]) for row in placed} == {dict}
    texts = {row["resource"].get("environment") == row["environment"]["id"] for row in placed}
    assert texts == {True, False}
    assert all(type(row["resource"].get("environment", "")) is str for row in placed)


# --- time -----------------------------------------------------------------------------------------


def test_recent_days_grow_and_settle(sandbox: Sandbox, get: Call) -> None:
    before, settled = rows(get, 2, 1), rows(get, 6, 5)
    sandbox.clock.advance(days=1)
    after = rows(get, 2, 1)
    early, late = (Counter(map(natural_key, found)) for found in (before, after))
    assert early < late
    assert sum(row["amount"] for row in before) < sum(row["amount"] for row in after)
    assert rows(get, 6, 5) == settled
    sandbox.clock.advance(days=1)
    final = rows(get, 2, 1)
    assert sum(row["amount"] for row in after) != sum(row["amount"] for row in final)
    sandbox.clock.advance(days=9)
    assert rows(get, 2, 1) == final


def test_open_day_shows_a_part_at_most(sandbox: Sandbox, get: Call) -> None:
    tomorrow = str(days_ago(-1))
    today = {"start_date": str(TODAY), "end_date": tomorrow}
    assert walk(get, COSTS, **today) == []
    sandbox.clock.advance(hours=12)
    shown = walk(get, COSTS, **today)
    hours = [row["quantity"] for row in shown if row["line_type"] == "CONNECT_NUM_TASKS"]
    assert hours and max(hours) < 12
    assert walk(get, COSTS, start_date=tomorrow, end_date=str(days_ago(-2))) == []


def test_settle_is_a_knob(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.settle = timedelta()
    yesterday = rows(get, 1, 0)
    sandbox.clock.advance(days=5)
    assert rows(get, 1, 0) == yesterday
