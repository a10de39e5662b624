"""How the simulated OpenAI is asked."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import requests

from sandbox.times import epoch
from sandbox.vendors.openai.credentials import WORKSPACE_ADMIN_KEY, WORKSPACE_ID
from sandbox.vendors.openai.endpoints import ENDPOINTS

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
PEOPLE = 16  # a ledger of fewer is made sooner
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
COMPLETIONS = "organization/usage/completions"
COSTS = "organization/costs"
COSTS_BY = ("project_id", "line_item", "api_key_id")
CODEX = f"analytics/codex/workspaces/{WORKSPACE_ID}"
WORKSPACE = f"analytics/workspaces/{WORKSPACE_ID}/usage"
Get = Callable[..., requests.Response]


def pages(get: Get, path: str, **query: Any) -> list[Any]:
    """The data of every page; a cursor must never come twice."""
    data: list[Any] = []
    seen: set[str] = set()
    while True:
        page = get(path, **query).json()
        data += page["data"]
        if not page["has_more"]:
            return data
        assert page["next_page"] not in seen
        seen.add(page["next_page"])
        query["page"] = page["next_page"]


def rows(get: Get, path: str, first: date, last: date, **query: Any) -> list[dict[str, Any]]:
    """The rows of the buckets of [first, last), each with its bucket's start."""
    buckets = pages(get, path, start_time=epoch(first), end_time=epoch(last), **query)
    return [{**r, "start_time": b["start_time"]} for b in buckets for r in b["results"]]


def usage_rows(get: Get, name: str, first: date, last: date, **query: Any) -> list[Any]:
    by = list(ENDPOINTS[name].dimensions)
    return rows(get, f"organization/usage/{name}", first, last, group_by=by, limit=31, **query)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def codex(get: Get, path: str = f"{CODEX}/usage", days: int = 30, **query: Any) -> list[Any]:
    window = {"start_time": epoch(days_ago(days)), "end_time": epoch(TODAY) + 86400}
    return pages(get, path, key=WORKSPACE_ADMIN_KEY, **window, **query)
