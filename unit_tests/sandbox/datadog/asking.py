"""How the simulated Datadog is asked."""

from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import requests

from sandbox import Sandbox
from sandbox.ledger import Entry

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
HISTORICAL = "api/v2/usage/historical_cost"
ESTIMATED = "api/v2/usage/estimated_cost"
PROJECTED = "api/v2/usage/projected_cost"
HOURLY = "api/v2/usage/hourly_usage"
BILLABLE = "api/v1/usage/billable-summary"
MAPPING = "api/v2/usage/billing_dimension_mapping"
MONTHLY_COST = "api/v2/cost_by_tag/monthly_cost_attribution"
MONTHLY_USAGE = "api/v1/usage/monthly-attribution"
HOURLY_ATTRIBUTION = "api/v1/usage/hourly-attribution"
TYPES = "api/v2/usage/usage-attribution-types"
BY_TEAM = {"fields": "*", "tag_breakdown_keys": "team,env"}
# one good question for every endpoint that is limited
QUESTIONS: dict[str, dict[str, str]] = {
    HISTORICAL: {"start_month": "2026-07"},
    ESTIMATED: {"start_month": "2026-09"},
    PROJECTED: {},
    BILLABLE: {"month": "2026-08"},
    MAPPING: {},
    MONTHLY_COST: {"start_month": "2026-07", **BY_TEAM},
    MONTHLY_USAGE: {"start_month": "2026-08", **BY_TEAM},
    HOURLY_ATTRIBUTION: {"start_hr": "2026-09-01T00", "usage_type": "infra_host_usage"},
    TYPES: {},
    HOURLY: {"filter[timestamp][start]": "2026-09-01T00", "filter[product_families]": "all"},
}
Call = Callable[..., requests.Response]


def at(sandbox: Sandbox, *moment: int) -> None:
    then = datetime(*moment, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]
    sandbox.clock.advance(seconds=(then - sandbox.clock.now()).total_seconds())


def hours(start: str, end: str | None = None, **more: str) -> dict[str, str]:
    asked = {"filter[timestamp][start]": start, "filter[product_families]": more.pop("families", "all")}
    if end:
        asked["filter[timestamp][end]"] = end
    return {**asked, **{f"page[{name}]" if name == "limit" else f"filter[{name}]": v for name, v in more.items()}}


def cost(entry: dict[str, Any], product: str, kind: str) -> Decimal:
    lines = entry["attributes"]["charges"]
    wanted = (line["cost"] for line in lines if (line["product_name"], line["charge_type"]) == (product, kind))
    return sum((Decimal(str(amount)) for amount in wanted), Decimal())


def paid(entries: list[dict[str, Any]]) -> Decimal:
    """The totals, and all lines of the products that have none."""
    amount = Decimal()
    for entry in entries:
        lines = entry["attributes"]["charges"]
        totalled = {line["product_name"] for line in lines if line["charge_type"] == "total"}
        for line in lines:
            if line["charge_type"] == "total" or line["product_name"] not in totalled:
                amount += Decimal(str(line["cost"]))
    return amount


def measured(answer: requests.Response) -> dict[tuple[str, str, str], int | None]:
    return {
        (row["attributes"]["timestamp"], row["attributes"]["product_family"], one["usage_type"]): one["value"]
        for row in answer.json()["data"]
        for one in row["attributes"]["measurements"]
    }


def walk(get: Call, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
    rows, cursor = [], ""
    while cursor is not None:
        answer = get(path, {**query, "next_record_id": cursor} if cursor else query).json()
        rows += answer["data"] if "data" in answer else answer["usage"]
        cursor = (answer.get("meta") or answer["metadata"])["pagination"]["next_record_id"]
    return rows


def used(entries: list[Entry]) -> Decimal:
    return sum((entry.usage["quantity"] for entry in entries), Decimal())
