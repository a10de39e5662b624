"""Asking the simulated Confluent Cloud, and what its tests count with."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox.vendors.confluent.credentials import (
    ADMIN_KEY,
    ADMIN_SECRET,
    BILLING_KEY,
    BILLING_METRICS_KEY,
    BILLING_METRICS_SECRET,
    BILLING_SECRET,
    KAFKA_KEY,
    KAFKA_SECRET,
    METRICS_KEY,
    METRICS_SECRET,
)

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
TODAY = NOW.date()
COSTS = "billing/v1/costs"
ENVIRONMENTS = "org/v2/environments"
METRICS = "v2/metrics/cloud/query"
REQUEST_BYTES = "io.confluent.kafka.server/request_bytes"
ADMIN = (ADMIN_KEY, ADMIN_SECRET)
BILLING = (BILLING_KEY, BILLING_SECRET)
BILLING_METRICS = (BILLING_METRICS_KEY, BILLING_METRICS_SECRET)
VIEWER = (METRICS_KEY, METRICS_SECRET)
KAFKA = (KAFKA_KEY, KAFKA_SECRET)

Call = Callable[..., requests.Response]
Row = dict[str, Any]


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def window(first: int, last: int) -> dict[str, str]:
    """The parameters of the days from `first` days ago to before `last` days ago."""
    return {"start_date": str(days_ago(first)), "end_date": str(days_ago(last))}


def walk(get: Call, path: str, **query: Any) -> list[Any]:
    """The items of every page; a token must never come twice."""
    items: list[Any] = []
    seen: set[str] = set()
    while True:
        page = get(path, **query).json()
        items += page["data"] or []
        url = page.get("metadata", {}).get("next")
        if not url:
            return items
        (token,) = parse_qs(urlsplit(url).query)["page_token"]
        assert token not in seen and len(token) <= 255
        seen.add(token)
        query["page_token"] = token


def rows(get: Call, first: int, last: int, **query: Any) -> list[Row]:
    return walk(get, COSTS, **window(first, last), **query)


def error(answer: requests.Response) -> Any:
    (found,) = answer.json()["errors"]
    return found


def natural_key(row: Row) -> str:
    """Spelled apart from the sandbox's own code."""
    resource = row.get("resource") or {}
    parts = (
        row["start_date"][:10],
        row.get("product"),
        row["line_type"],
        (resource.get("environment") or {}).get("id"),
        resource.get("id"),
        row.get("network_access_type"),
        row.get("tier_dimensions"),
        row.get("description"),
    )
    return json.dumps(parts, sort_keys=True)


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def query(cluster: str, first: int = 8, last: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "aggregations": [{"metric": REQUEST_BYTES}],
        "filter": {"field": "resource.kafka.id", "op": "EQ", "value": cluster},
        "granularity": "P1D",
        "group_by": ["metric.principal_id"],
        "intervals": [f"{days_ago(first)}T00:00:00Z/{days_ago(last)}T00:00:00Z"],
        "limit": 1000,
        "format": "FLAT",
        **more,
    }
