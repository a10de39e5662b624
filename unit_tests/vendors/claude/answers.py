"""Made-up answers of the Claude tests, and what is made of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from source_unified_usage.vendors.claude.claude_code import Names
from source_unified_usage.vendors.claude.engagement import Context, Engagement
from unit_tests.vendors.samples import assert_valid, items, stream_of, window

CONFIG = {"analytics_api_key": "sk-ant-api01-unit", "admin_api_key": "sk-ant-admin01-unit"}
BASE = "GET /v1/organizations"
USERS = {f"{BASE}/users": ["admin_users"]}
NAMES = {
    **USERS,
    f"{BASE}/me": ["admin_organization_me"],
    f"{BASE}/workspaces": ["admin_workspaces"],
    f"{BASE}/api_keys": ["admin_api_keys_p1", "admin_api_keys_p2"],
}
DAY = "2026-07-14"
SPAN = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}


def read(
    name: str, answers: Mapping[str, Sequence[Any]], start: str = DAY, end: str = "2026-07-15"
) -> list[dict[str, Any]]:
    """What a stream emits for these days, as JSON."""
    stream = stream_of("claude", CONFIG, name)
    return _as_json(
        usage for item in items("claude", answers, stream, window(start, end)) for usage in stream.usages(item)
    )


def mapped(name: str, row: Any) -> list[dict[str, Any]]:
    """The records of one row of July 14th, of no known organization and without names, as JSON."""
    stream: Any = stream_of("claude", CONFIG, name)
    context = Context(DAY, {}) if isinstance(stream, Engagement) else Names({}, {}, {})
    found = _as_json(usage for part in stream.parts([row], context) for usage in stream.usages(part))
    assert_valid(found)
    return found


def _as_json(usages: Iterable[Any]) -> list[dict[str, Any]]:
    return [orjson.loads(orjson.dumps(usage)) for usage in usages]
