"""What Cursor answers, and what a stream makes of it."""

from typing import Any

from unit_tests.vendors.samples import records, stream_of, window

CONFIG = {"api_key": "crsr_not_a_real_key", "enterprise": True}
API = "https://api.cursor.com"
EVENTS = f"{API}/teams/filtered-usage-events"
DAILY = f"{API}/teams/daily-usage-data"
EVENT = {
    "timestamp": "1788220800123",
    "userEmail": "ada@acme.example",
    "model": "gpt-5.2",
    "kind": "Usage-based",
    "isChargeable": True,
    "chargedCents": 2.5,
    "cursorTokenFee": 0.5,
    "tokenUsage": {"inputTokens": 1, "totalCents": 2.0},
}


def read(name: str = "cursor_usage_events", **config: Any) -> list[dict[str, Any]]:
    return records(stream_of("cursor", {**CONFIG, **config}, name), window("2026-09-01", "2026-09-02"))


def page(*events: Any, number: int = 1, more: bool = False, total: int | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"usageEvents": events, "pagination": {"currentPage": number, "hasNextPage": more}}
    return {"json": body if total is None else {**body, "totalUsageEventsCount": total}}


def at(milliseconds: int, **fields: Any) -> dict[str, Any]:
    return {**EVENT, "timestamp": str(milliseconds), **fields}


def daily(number: int, *rows: Any, last: int = 2, total: int | None = None) -> dict[str, Any]:
    pagination = {"page": number, "totalPages": last, "totalUsers": total, "hasNextPage": number < last}
    return {"json": {"data": rows, "pagination": pagination}}
