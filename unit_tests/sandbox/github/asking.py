"""Asking the simulated GitHub, and what its tests count with."""

import csv
import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import requests

from sandbox.vendors.github.credentials import ENTERPRISE_TOKEN
from sandbox.vendors.github.estate import ENTERPRISE, ORGANIZATION

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
TODAY = NOW.date()
DAYS = 150  # back into the time of premium requests
VERSION = "2026-03-10"
BILL = f"organizations/{ORGANIZATION}/settings/billing"
OF_ENTERPRISE = f"enterprises/{ENTERPRISE}/settings/billing"
METRICS = f"orgs/{ORGANIZATION}/copilot/metrics/reports/users-1-day"
SEATS = f"orgs/{ORGANIZATION}/copilot/billing/seats"

Call = Callable[..., requests.Response]
Row = dict[str, Any]


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def of(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def items(get: Call, path: str, day: date, **query: Any) -> list[Row]:
    """The rows of one day."""
    found: list[Row] = get(path, **of(day), **query).json()["usageItems"]
    return found


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def total(rows: Iterable[Row], name: str) -> Decimal:
    return sum((exact(row[name]) for row in rows), Decimal(0))


def credits(rows: Iterable[Row]) -> list[Row]:
    """The rows of a bill that AI credits, or premium requests before them, are on."""
    return [row for row in rows if row["sku"].endswith(("_ai_credit", "_premium_request"))]


def centers(get: Call, state: str) -> list[str]:
    path = f"{OF_ENTERPRISE}/cost-centers"
    return [center["id"] for center in get(path, ENTERPRISE_TOKEN, state=state).json()["costCenters"]]


def ordered(post: Call, first: int = 6, last: int = 2) -> Row:
    """A report from `first` to `last` days ago, as it is when it is ordered."""
    body = {"report_type": "ai_credit", "start_date": f"{days_ago(first)}", "end_date": f"{days_ago(last)}"}
    answer = post({**body, "send_email": False})
    assert answer.status_code == 202
    report: Row = answer.json()
    return report


def polled(get: Call, id: str) -> Row:
    report: Row = get(f"{OF_ENTERPRISE}/reports/{id}", ENTERPRISE_TOKEN).json()
    return report


def link_of(get: Call, post: Call, first: int = 6, last: int = 2) -> str:
    """The link to a report that is done."""
    report = ordered(post, first, last)
    for _ in range(3):
        report = polled(get, report["id"])
    (link,) = report["download_urls"]
    return str(link)


def csv_rows(answer: requests.Response) -> list[Row]:
    return list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))


def ndjson_rows(answer: requests.Response) -> list[Row]:
    return [json.loads(line) for line in answer.text.splitlines() if line]
