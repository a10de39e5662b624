"""The ledger of the simulated Confluent Cloud is what it serves."""

import json
from decimal import Decimal
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.clock import Clock
from sandbox.ledger import Entry
from sandbox.vendors.confluent import ConfluentSandbox
from sandbox.world import World
from unit_tests.sandbox.confluent.asking import (
    NOW,
    REQUEST_BYTES,
    TODAY,
    Call,
    Row,
    days_ago,
    exact,
    natural_key,
    query,
    rows,
)


def total(entries: list[Entry], kind: str) -> Decimal:
    return sum((e.charges.get((kind, "USD"), Decimal(0)) for e in entries), Decimal(0))


def charged(row: Row) -> tuple[Decimal, Decimal]:
    """Net and total by the contract's rule, from the row as served."""
    off = exact(row.get("discount_amount") or 0)
    if row.get("amount") is not None:
        net = exact(row["amount"])
    elif row.get("original_amount") is not None:
        net = exact(row["original_amount"]) - off
    else:
        net = exact(row["quantity"]) * exact(row["price"])
    original = row.get("original_amount")
    return net, net + off if original is None else exact(original)


@pytest.mark.parametrize("shape", ["current", "legacy"])
def test_ledger_equals_the_served_costs(sandbox: Sandbox, get: Call, shape: str) -> None:
    sandbox.confluent.shape = shape
    entries = sandbox.confluent.ledger(days_ago(20), TODAY)["confluent_costs"]
    found = rows(get, 20, 0)
    assert len(found) == len(entries)
    pairs = [charged(row) for row in found]
    assert sum(net for net, _ in pairs) == total(entries, "net")
    assert sum(gross for _, gross in pairs) == total(entries, "total")
    assert total(entries, "total") - total(entries, "net") == total(entries, "discount")
    credits = [r for r in found if r["line_type"] == "PROMO_CREDIT"]
    assert sum(charged(row)[0] for row in credits) == total(entries, "credit")
    quantities = sum(exact(row["quantity"]) for row in found if row.get("quantity") is not None)
    assert quantities == sum(e.usage.get("quantity", Decimal(0)) for e in entries)


def test_ledger_keys_count_the_dearest_first(sandbox: Sandbox, get: Call) -> None:
    entries = sandbox.confluent.ledger(days_ago(20), TODAY)["confluent_costs"]
    by_key = {json.dumps(entry.key, sort_keys=True): entry for entry in entries}
    assert len(by_key) == len(entries)
    groups: dict[str, list[Row]] = {}
    for row in rows(get, 20, 0):
        groups.setdefault(natural_key(row), []).append(row)
    for key, group in groups.items():
        group.sort(key=lambda r: (-r.get("price", 0) if r.get("price") else 0, r["original_amount"]))
        for ordinal, row in enumerate(group):
            entry = by_key[json.dumps([*json.loads(key), ordinal], sort_keys=True)]
            assert entry.start == f"{row['start_date']}T00:00:00Z"
            assert entry.charges["net", "USD"] == exact(row["amount"])


def test_later_rows_keep_the_keys_of_earlier_ones(sandbox: Sandbox) -> None:
    before = sandbox.confluent.ledger(days_ago(4), TODAY)["confluent_costs"]
    sandbox.clock.advance(days=2)
    after = sandbox.confluent.ledger(days_ago(4), TODAY)["confluent_costs"]
    keys = [{json.dumps(e.key, sort_keys=True) for e in found} for found in (before, after)]
    assert keys[0] < keys[1]


def test_ledger_equals_the_served_metrics(sandbox: Sandbox, post: Call) -> None:
    entries = sandbox.confluent.ledger(days_ago(30), TODAY)["confluent_metrics_usage"]
    served: dict[tuple[Any, ...], Decimal] = {}
    for metric in (REQUEST_BYTES, REQUEST_BYTES.replace("request", "response")):
        for cluster in sandbox.confluent.estate.clusters:
            asked = query(cluster.id, first=30, aggregations=[{"metric": metric}])
            for point in post(asked).json()["data"]:
                if "value" in point:
                    principal = point.get("metric.principal_id")
                    key = (point["timestamp"][:10], metric, cluster.id, principal)
                    served[key] = exact(point["value"])
    assert served == {entry.key: entry.usage["quantity"] for entry in entries}
    assert {entry.start for entry in entries} == {f"{key[0]}T00:00:00Z" for key in served}


def test_ledger_leaves_out_what_is_no_longer_served() -> None:
    vendor = ConfluentSandbox(World(7, 500, TODAY), Clock(NOW))
    entries = vendor.ledger(days_ago(400), days_ago(350))["confluent_costs"]
    assert min(entry.start for entry in entries) == f"{days_ago(364)}T00:00:00Z"
