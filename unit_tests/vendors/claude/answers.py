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
SPENT = {
    "data": [
        {
            "starting_at": "2026-11-02T00:00:00Z",
            "ending_at": "2026-11-03T00:00:00Z",
            "group": {
                "actor": {"type": "api_actor", "api_key_id": "apikey_01"},
                "api_key_id": "apikey_01",
                "workspace_id": "wrkspc_01",
                "model": "claude-sonnet-5",
                "product": "messages_api",
            },
            "cost": {"amount": "12.5", "list_amount": "15", "currency": "USD", "requests": 3},
        }
    ],
    "has_more": False,
    "next_page": None,
    "data_refreshed_at": "2026-11-03T04:30:00Z",
}
# Spend limits by the types of the anthropic SDK: beta_spend_limit, beta_spend_summary
_SPEND_LIMIT = {"type": "spend_limit", "currency": "USD", "is_enabled": True, "updated_at": "2026-10-02T08:00:00Z"}
_SET = {**_SPEND_LIMIT, "created_at": "2026-10-01T08:00:00Z"}
_SCOPES = [
    {"type": "organization"},
    {"type": "seat_tier", "seat_tier": "premium"},
    {"type": "rbac_group", "rbac_group_id": "rbac_01"},
    {"type": "organization_service", "service": "claude_code"},
    {"type": "user", "user_id": "user_01"},
    {"type": "workspace", "workspace_id": "wrkspc_01"},
    {"type": "usage_tier"},
    {"type": "something_new", "of": "2027"},
]
LIMITS = {
    "data": [
        {**_SET, "id": f"spl_{number:02}", "amount": amount, "period": period, "scope": scope}
        for number, (scope, amount, period) in enumerate(
            zip(
                _SCOPES,
                ["250000", None, 5000, "99", "0", "1", "7", "8"],
                [*["monthly", "daily", "weekly"] * 2, "daily", "daily"],
                strict=True,
            )
        )
    ],
    "next_page": None,
}
_ALICE = {"type": "user_actor", "user_id": "user_01", "email_address": "a@example.com", "name": "Al", "deleted": False}
_GONE = {"type": "user_actor", "user_id": "user_02", "email_address": None, "name": "Deleted User", "deleted": True}


def _effective(actor: Any, amount: Any, period: str, spent: Any) -> dict[str, Any]:
    return {
        "actor": actor,
        "amount": amount,
        "currency": "USD",
        "period": period,
        "period_to_date_spend": spent,
        "scope": {"type": "organization"},
        "source": "organization",
        "spend_limit_id": "spl_00" if amount else None,
    }


EFFECTIVE = [
    {
        "data": [
            _effective(_ALICE, "250000", "monthly", "1234.125"),
            _effective(_ALICE, 5000, "daily", 17),
            _effective(_GONE, None, "monthly", "0"),
        ],
        "next_page": "page_2",
    },
    {
        "data": [
            _effective({"type": "scoped_api_key_actor", "scoped_api_key_id": "sak_01"}, "100", "weekly", "99.5"),
            _effective({"type": "something_new"}, "100", "weekly", None),
        ],
        "next_page": "",
    },
]
SPAN = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}


def read(
    name: str,
    answers: Mapping[str, Sequence[Any]],
    start: str = DAY,
    end: str = "2026-07-15",
    config: Mapping[str, Any] = {},
) -> list[dict[str, Any]]:
    """What a stream emits for these days, as JSON."""
    stream = stream_of("claude", {**CONFIG, **config}, name)
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
