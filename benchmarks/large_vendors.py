"""`python -m benchmarks.large_vendors PORT`: vendors with very large days, in pages as they document them."""

import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks import large_days
from benchmarks.server import event

EVENTS, BUCKET, LINES, PEOPLE = 1_000_000, 5_000, 200_000, 20_000  # a day, and of lines a month of 31 days
_DAY = 86_400


async def cursor_events(request: Request) -> Response:
    """Evenly spread over the day, newest first."""
    asked = orjson.loads(await request.body())
    first, last = -(-asked["startDate"] * EVENTS // (_DAY * 1000)), asked["endDate"] * EVENTS // (_DAY * 1000)
    total, page, size = last - first + 1, asked["page"], asked["pageSize"]
    numbers = range(last - (page - 1) * size, max(first - 1, last - page * size), -1)
    pages = max(1, -(-total // size))
    pagination = {"numPages": pages, "currentPage": page, "pageSize": size, "hasNextPage": page < pages}
    events = [event(number * _DAY * 1000 // EVENTS, number) for number in numbers]
    return _json({"totalUsageEventsCount": total, "pagination": pagination, "usageEvents": events})


async def openai_usage(request: Request) -> Response:
    query = request.query_params
    start, end, limit = int(query["start_time"]), int(query["end_time"]), int(query["limit"])
    begin = int(query.get("page") or start)
    days = range(begin, min(end, begin + limit * _DAY), _DAY)
    buckets = [
        {
            "object": "bucket",
            "start_time": day,
            "end_time": day + _DAY,
            "results": [_completion(n) for n in range(BUCKET)],
        }
        for day in days
    ]
    following = days[-1] + _DAY if days and days[-1] + _DAY < end else None
    return _json({"data": buckets, "has_more": bool(following), "next_page": following and str(following)})


def _completion(number: int) -> dict[str, Any]:
    counts = ("input_tokens", "input_cached_tokens", "output_tokens", "num_model_requests", "input_audio_tokens")
    return {
        "object": "organization.usage.completions.result",
        "project_id": f"proj_{number % 50:024}",
        "user_id": f"user-{number % 999:024}",
        "api_key_id": f"key_{number:024}",
        "model": "gpt-6-astra-2026-08-01",
        "batch": False,
        "service_tier": "default",
        "output_audio_tokens": 0,
        **dict.fromkeys(counts, number * 7 % 100003),
        "input_tokens": 100_003 + number,
    }


async def confluent_costs(request: Request) -> Response:
    query = request.query_params
    start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
    a_day = LINES // 31
    offset, size, total = int(query.get("page_token") or 0), int(query["page_size"]), (end - start).days * a_day
    rows = [
        _line(start + timedelta(days=number // a_day), number % a_day)
        for number in range(offset, min(total, offset + size))
    ]
    more = offset + size < total
    following = f"{request.url.scheme}://elsewhere/?page_token={offset + size}" if more else None
    return _json({"api_version": "billing/v1", "kind": "CostList", "metadata": {"next": following}, "data": rows})


def _line(day: datetime, number: int) -> dict[str, Any]:
    dates = {"start_date": f"{day:%Y-%m-%d}", "end_date": f"{day + timedelta(days=1):%Y-%m-%d}"}
    amount = round(number * 0.0137 + 0.01, 4)
    environment = {"id": f"env-{number % 40:06}"}
    return {
        **dates,
        "granularity": "DAILY",
        "product": "KAFKA",
        "line_type": "KAFKA_NETWORK_WRITE",
        "unit": "GB",
        "network_access_type": "INTERNET",
        "price": 0.0137,
        "quantity": float(number),
        "discount_amount": 0.0,
        "original_amount": amount,
        "amount": amount,
        "resource": {"id": f"lkc-{number:06}", "display_name": f"cluster {number}", "environment": environment},
    }


async def claude_people(request: Request) -> Response:
    """A row for every person and day, ranked over the whole range."""
    query = request.query_params
    start, end = (datetime.fromisoformat(query[name].replace("Z", "+00:00")) for name in ("starting_at", "ending_at"))
    spend = not request.url.path.endswith("_report")
    if "group_by[]" not in query:
        return _claude(request, [_whole(start + timedelta(days=n), spend) for n in range((end - start).days)], None)
    offset, limit, days = int(query.get("page") or 0), int(query["limit"]), (end - start).days
    chosen = range(offset, min(days * PEOPLE, offset + limit))
    rows = [_used(start + timedelta(days=number % days), number // days, spend) for number in chosen]
    return _claude(request, rows, offset + limit if offset + limit < days * PEOPLE else None)


def _claude(_: Request, rows: list[Any], following: int | None) -> Response:
    body = {"organization_id": "org_1", "data": rows, "has_more": following is not None}
    refreshed = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:00:00Z}"
    return _json({**body, "next_page": following and str(following), "data_refreshed_at": refreshed})


def _bounds(day: datetime) -> dict[str, str]:
    return {"starting_at": f"{day:%Y-%m-%dT00:00:00Z}", "ending_at": f"{day + timedelta(days=1):%Y-%m-%dT00:00:00Z}"}


_FIGURES = {
    "uncached_input_tokens": 120_345,
    "output_tokens": 4_567,
    "cache_read_input_tokens": 1_234_567,
    "requests": 89,
    "cache_creation": {"ephemeral_5m_input_tokens": 12_345, "ephemeral_1h_input_tokens": 0},
    "server_tool_use": {"web_search_requests": 3},
}
_MONEY = {"amount": "123.456000", "list_amount": "154.320000", "currency": "USD", "requests": 89}


def _whole(day: datetime, spend: bool) -> dict[str, Any]:
    if spend:
        total = f"{PEOPLE * 123456 / 1000:.6f}"
        return {**_bounds(day), "group": {"actor": None}, "cost": {**_MONEY, "amount": total, "list_amount": total}}
    return {**_bounds(day), "results": [{**_FIGURES, **_MONEY}]}


def _used(day: datetime, number: int, spend: bool) -> dict[str, Any]:
    who = {"user_id": f"user_{number:020}", "name": f"Person {number}", "deleted": False}
    if spend:
        actor = {"type": "user_actor", **who, "email_address": f"person{number}@acme.example"}
        group = {
            "actor": actor,
            "api_key_id": None,
            "workspace_id": None,
            "model": "claude-opus-5-5",
            "product": "chat",
        }
        return {**_bounds(day), "group": group, "cost": _MONEY}
    actor = {"type": "user_actor", **who, "email": f"person{number}@acme.example"}
    none = dict.fromkeys(("context_window", "inference_geo", "speed", "rbac_group_id", "cost_type", "token_type"))
    return {**_bounds(day), "actor": actor, "product": "chat", "model": "claude-opus-5-5", **none, **_FIGURES, **_MONEY}


async def nothing(_: Request) -> Response:
    return _json({"data": [], "teamMembers": [], "has_more": False, "first_id": None, "last_id": None})


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def serve(port: int) -> None:
    analytics = "/v1/organizations/analytics"
    routes = [
        Route("/teams/filtered-usage-events", cursor_events, methods=["POST"]),
        Route("/v1/organization/usage/completions", openai_usage),
        Route("/billing/v1/costs", confluent_costs),
        Route(f"{analytics}/user_usage_report", claude_people),
        Route(f"{analytics}/user_cost_report", claude_people),
        Route(f"{analytics}/usage_report", claude_people),
        Route(f"{analytics}/cost_report", claude_people),
        Route(f"{analytics}/cost", claude_people),
        *large_days.ROUTES,
        Route("/{path:path}", nothing),
    ]
    uvicorn.run(Starlette(routes=routes), host="localhost", port=port, log_level="warning")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
