"""How the simulated Claude APIs are asked."""

from datetime import datetime, timedelta, timezone
from typing import Any

import requests

from sandbox import Sandbox
from sandbox.vendors.claude.credentials import ADMIN_KEY, ANALYTICS_KEY

NOW = datetime(2026, 7, 20, 12, tzinfo=timezone.utc)
PEOPLE = 13  # a ledger of fewer is made sooner
TODAY = NOW.date()
BY_DAY = {"bucket_width": "1d"}
BY_PRODUCT = {"group_by[]": ["product", "model"]}
BY_KEY = {"group_by[]": ["account_id", "api_key_id", "workspace_id", "model", "service_tier"]}
BY_COST = {"group_by[]": ["workspace_id", "description"]}
Sample = dict[str, Any]


def ask(
    sandbox: Sandbox, path: str, key: str | None = None, beta: str | None = None, **params: Any
) -> requests.Response:
    key = key or (ANALYTICS_KEY if path.startswith("analytics/") else ADMIN_KEY)
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01", "anthropic-beta": beta}
    url = f"{sandbox.url('claude')}/v1/organizations/{path}"
    return requests.get(url, params=params, headers=headers, timeout=10)


def body(sandbox: Sandbox, path: str, **params: Any) -> Sample:
    answer = ask(sandbox, path, **params)
    assert answer.status_code == 200, answer.text
    found: Sample = answer.json()
    return found


def refusal(sandbox: Sandbox, path: str, **params: Any) -> tuple[int, str]:
    answer = ask(sandbox, path, **params)
    error = answer.json()
    assert error["type"] == "error"
    assert error["request_id"] == answer.headers["request-id"]
    return answer.status_code, error["error"]["message"]


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def window(first: int, last: int) -> Sample:
    """From midnight `first` days ago to midnight `last` days ago, by day."""
    return {"starting_at": f"{ago(first)}T00:00:00Z", "ending_at": f"{ago(last)}T00:00:00Z", **BY_DAY}


def pages(sandbox: Sandbox, path: str, **params: Any) -> list[Sample]:
    """All rows or buckets, page after page."""
    rows: list[Sample] = []
    while True:
        page = body(sandbox, path, **params)
        rows += page["data"]
        if not page.get("next_page"):
            return rows
        params["page"] = page["next_page"]
