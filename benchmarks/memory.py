"""`python -m benchmarks.memory`: peak memory of a sync whose days are as large as the largest customers'.

`python -m benchmarks.memory serve PORT` is the vendors of it: answers made on the spot, in the documented page sizes.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.server import event

MOST = 200  # MB that a sync may take
_DAY = 86_400
EVENTS, BUCKET, LINES, PEOPLE = 1_000_000, 5_000, 200_000, 20_000


class Case(NamedTuple):
    """One stream, the days before today that are read of it, and what is so large."""

    stream: str
    days: int
    size: str
    rows: int


CASES = (
    Case("cursor_usage_events", 1, f"{EVENTS:,} events a day", EVENTS),
    Case("openai_usage_completions", 31, f"{BUCKET:,} rows a day", 31 * BUCKET),
    Case("confluent_costs", 31, f"{LINES:,} lines a month", LINES // 31 * 31),
    Case("claude_user_usage", 7, f"{PEOPLE:,} people a day", 7 * PEOPLE),
    Case("claude_user_cost", 7, f"{PEOPLE:,} people a day", 7 * PEOPLE),
    Case("claude_user_activity", 1, f"{PEOPLE:,} people a day", PEOPLE),
    Case("claude_spend", 7, f"{PEOPLE:,} people a day", 7 * PEOPLE),
)


# --- the vendors


async def cursor_events(request: Request) -> Response:
    """Evenly spread over the day, newest first."""
    asked = orjson.loads(await request.body())
    first, last = (-(-int(asked[name]) * EVENTS // (_DAY * 1000)) for name in ("startDate", "endDate"))
    last = int(asked["endDate"]) * EVENTS // (_DAY * 1000)
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


async def claude_activity(request: Request) -> Response:
    offset, limit = int(request.query_params.get("page") or 0), int(request.query_params["limit"])
    sessions = {"distinct_session_count": 7, "message_count": 30, "distinct_session_skill_used_count": 2}
    code = {**sessions, "core_metrics": {"commit_count": 2, "lines_of_code": {"added_count": 90, "removed_count": 12}}}
    rows = [
        {
            "user": {"id": f"user_{number:020}", "email_address": f"person{number}@acme.example"},
            "chat_metrics": {"distinct_conversation_count": 3, "message_count": 12, "thinking_message_count": 4},
            "claude_code_metrics": code,
            "cowork_metrics": sessions,
            "web_search_count": 3,
            "office_metrics": dict.fromkeys(("excel", "outlook", "powerpoint", "word"), sessions),
        }
        for number in range(offset, min(PEOPLE, offset + limit))
    ]
    return _claude(request, rows, offset + limit if offset + limit < PEOPLE else None)


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
        Route(f"{analytics}/users", claude_activity),
        Route("/{path:path}", nothing),
    ]
    uvicorn.run(Starlette(routes=routes), host="localhost", port=port, log_level="warning")


# --- the measuring


@contextmanager
def vendors() -> Iterator[str]:
    """The address of the vendors, which run in a process of their own."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.memory", "serve", str(port)])
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("localhost", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def measure(case: Case, url: str, folder: Path) -> tuple[int, float, float]:
    """Rows, seconds and peak MB of the source's process. Raises RuntimeError when it fails or rows are missing."""
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    keys: Mapping[str, Any] = {
        "cursor": {"api_key": "crsr_benchmark_key"},
        "openai": {"admin_api_key": "sk-admin-benchmark", "include_names": False},
        "confluent": {"api_key": "BENCHMARK", "api_secret": "benchmark-secret"},
        "claude": {"analytics_api_key": "sk-ant-api01-benchmark"},
    }
    vendor = case.stream.partition("_")[0]
    first = yesterday - timedelta(days=case.days - 1)
    config = {"start_date": str(first), "end_date": str(yesterday), vendor: {**keys[vendor], "base_url": url}}
    stream = {"name": case.stream, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
    configured = {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
    arguments: list[str] = []
    for name, content in (("config", config), ("catalog", {"streams": [configured]})):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        arguments += [f"--{name}", str(path)]
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.unlimited_source", "read", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        rows = sum(line.startswith(b'{"type":"RECORD"') for line in process.stdout)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or rows < case.rows:
        raise RuntimeError(f"{case.stream}: {rows} rows, exit code {process.returncode}")
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024  # ru_maxrss: KB, on macOS bytes
    return rows, time.perf_counter() - began, used.ru_maxrss / scale


def table(cases: tuple[Case, ...] = CASES) -> str:
    """Memory against the size of the window."""
    lines = ["| stream | size | rows read | wall s | peak MB |", "|---|---|---:|---:|---:|"]
    with vendors() as url, tempfile.TemporaryDirectory() as folder:
        for case in cases:
            rows, wall, peak = measure(case, url, Path(folder))
            lines.append(f"| `{case.stream}` | {case.size} | {rows:,} | {wall:.1f} | {peak:.0f} |")
            print(f"  {case.stream}, {case.size}: {rows:,} rows, {wall:.1f} s, {peak:.0f} MB", flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        print(table(tuple(case for case in CASES if case.stream in sys.argv[1:]) or CASES))
