"""How the simulated Scenario is asked."""

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import requests

from sandbox import Sandbox
from sandbox.vendors.scenario import ScenarioSandbox
from sandbox.vendors.scenario.credentials import (
    ANALYTICS_KEY,
    ANALYTICS_SECRET,
    MULTI_TEAM_KEY,
    MULTI_TEAM_SECRET,
    PROJECT_KEY,
    PROJECT_SECRET,
    TEAM_KEY,
    TEAM_KEY_WITHOUT_USAGE,
    TEAM_SECRET,
    TEAM_SECRET_WITHOUT_USAGE,
)

NOW = datetime(2026, 9, 22, 9, 30, tzinfo=timezone.utc)
BUSY = date(2026, 9, 16)
YESTERDAY = date(2026, 9, 21)
CREDENTIALS = {
    ANALYTICS_KEY: ANALYTICS_SECRET,
    PROJECT_KEY: PROJECT_SECRET,
    TEAM_KEY: TEAM_SECRET,
    TEAM_KEY_WITHOUT_USAGE: TEAM_SECRET_WITHOUT_USAGE,
    MULTI_TEAM_KEY: MULTI_TEAM_SECRET,
}
SYNTHESIS = ("creative-unit-cost", "creative-unit-discount")


def start() -> Sandbox:
    return Sandbox(days=60, now=NOW, vendors=(ScenarioSandbox,))


def ask(sandbox: Sandbox, path: str = "/v1/usages", key: str = ANALYTICS_KEY, **query: Any) -> requests.Response:
    auth = (key, CREDENTIALS.get(key, "wrong"))
    return requests.get(sandbox.url("scenario") + path, params=query, auth=auth, timeout=10)


def bounds(day: date, last: date | None = None) -> dict[str, str]:
    return {"startDate": f"{day}T00:00:00.000Z", "endDate": f"{last or day}T23:59:59.999Z"}


def usages(sandbox: Sandbox, day: date = BUSY, key: str = ANALYTICS_KEY, **query: Any) -> dict[str, Any]:
    answer = ask(sandbox, key=key, **{**bounds(day), "dropZeroPoints": "true", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def exact(figure: Any) -> Decimal:
    return Decimal(str(figure))


def sums(rows: list[dict[str, Any]], name: str, *figures: str) -> dict[str, tuple[Decimal, ...]]:
    """By parent, its figures summed over the points; parents without points are left out."""
    return {
        row[name]: tuple(sum((exact(point[figure]) for point in row["points"]), Decimal(0)) for figure in figures)
        for row in rows
        if row["points"]
    }


def activity(sandbox: Sandbox, day: date, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = usages(sandbox, day, type="activity", activityOffset=len(rows), **query)["activity"]
        rows += page
        if len(page) < 100:
            return rows
