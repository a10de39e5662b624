"""Questions and made-up answers of the OpenAI tests."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests_mock

from source_unified_usage.core.stream import UsageStream
from source_unified_usage.vendors.openai import OpenAI
from source_unified_usage.vendors.openai.buckets import BucketItem
from source_unified_usage.vendors.openai.codex import CodexUsage, MemberDay
from unit_tests.vendors.samples import records, records_of, sample, window

PLATFORM = "https://api.openai.com/v1/organization"
COMPLETIONS = f"{PLATFORM}/usage/completions"
COSTS = f"{PLATFORM}/costs"
ANALYTICS = "https://api.chatgpt.com/v1/analytics"
CODEX = f"{ANALYTICS}/codex/workspaces/ws-1"
ERRORS = {error["name"]: error for error in sample("openai", "errors/errors")}
CONFIG: dict[str, Any] = {
    "admin_api_key": "sk-admin-not-a-real-key",
    "codex": {"api_key": "not-a-real-key-either", "workspace_id": "ws-1", "include_workspace_usage": True},
}
FIRST, SECOND = 1788220800, 1788307200  # 2026-09-01 and 02
TWO_DAYS = ("2026-09-01", "2026-09-03")
ROW = {"input_tokens": 3, "output_tokens": 2, "num_model_requests": 1, "model": "gpt-5"}
MEMBER = {"start_time": FIRST, "user_id": "user-a", "totals": {"credits": 1}}


def streams(**changes: Any) -> dict[str, UsageStream]:
    return {stream.name: stream for stream in OpenAI({**CONFIG, **changes}).streams()}


def read(name: str = "openai_usage_completions", days: tuple[str, str] = TWO_DAYS, **changes: Any) -> list[Any]:
    return records(streams(**changes)[name], window(*days))


STREAMS = streams()


def record(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a stream of the platform makes of a row of 2026-09-01, to whose ids there are no names."""
    (found,) = records_of(STREAMS[name], [BucketItem({"start_time": FIRST, "end_time": SECOND, **row})])
    return found


def member_records(name: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a stream of the workspace makes of a member's 2026-09-01."""
    stream, day = STREAMS[name], {"start_time": FIRST, "user_id": "u", **row}
    assert isinstance(stream, CodexUsage)
    return records_of(stream, [MemberDay(day, figures) for figures in stream.figures(day)])


def page(*rows: Any, next: Any = None, more: Any = ..., day: int = FIRST) -> dict[str, Any]:
    """One bucket."""
    bucket = {"start_time": day, "end_time": day + 86_400, "results": list(rows)}
    return pages_of([bucket], next, more)


def pages_of(data: list[Any], next: Any = None, more: Any = ...) -> dict[str, Any]:
    more = next is not None if more is ... else more
    return {"json": {"object": "page", "data": data, "has_more": more, "next_page": next}}


def listing(*rows: Any, last: str | None = None, more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(rows), "last_id": last, "has_more": more}


def error(name: str) -> dict[str, Any]:
    found = ERRORS[name]
    body = {"text": found["body"]} if isinstance(found["body"], str) else {"json": found["body"]}
    return {"status_code": found["status"], "headers": found["headers"], **body}


def queries(server: requests_mock.Mocker, url: str) -> list[dict[str, list[str]]]:
    """What was asked of the URL, request by request; requests_mock's own `qs` is lower-cased."""
    asked = [urlsplit(request.url) for request in server.request_history]
    return [parse_qs(parts.query) for parts in asked if f"{parts.scheme}://{parts.netloc}{parts.path}" == url]
