"""What the Cursor streams make of sample answers."""

from collections.abc import Iterator
from typing import Any

import pendulum
import pytest
import time_machine

from unit_tests.vendors.samples import Case, assert_mapped, sample

CONFIG = {"api_key": "crsr_not_a_real_key", "enterprise": True}
ORGANIZATION = {"organization_id": "org_abc123", "analytics_api_key": "crsr_not_a_real_key_either"}
MEMBERS = {"GET /teams/members": ["members"]}
EVENTS = "POST /teams/filtered-usage-events"
BY_USER = "GET /analytics/by-user"
FEW_DAYS = ("2026-09-01", "2026-09-08")


def events(*pages: Any, name: str) -> Case:
    return Case("cursor_usage_events", {EVENTS: pages, **MEMBERS}, "2026-09-01", "2026-09-02", name=name)


def alone(name: str) -> dict[str, Any]:
    """A printed example as the only page: the documentation prints totals that are larger than the rows shown."""
    body = {**sample("cursor", name)}
    body.pop("totalUsageEventsCount", None)
    body["pagination"] = {**body["pagination"], "hasNextPage": False}
    return body


def millisecond(stamp: str, *names: str) -> dict[str, Any]:
    """What the feed answers for the millisecond that these pages share."""
    found = [event for name in names for event in sample("cursor", name)["usageEvents"] if event["timestamp"] == stamp]
    pagination = {"numPages": 1, "currentPage": 1, "hasNextPage": False}
    return {"totalUsageEventsCount": len(found), "pagination": pagination, "usageEvents": found}


def by_user(metric: str, *pages: Any) -> Case:
    return Case(f"cursor_analytics_{metric.replace('-', '_')}", {f"{BY_USER}/{metric}": pages, **MEMBERS}, *FEW_DAYS)


def made(metric: str, *rows: dict[str, Any]) -> Case:
    """A by-user page in the shape of the documented ones, for the metrics whose rows are only described."""
    mappings = [{"id": "user_abc123", "email": "alice@example.com"}]
    page = {"data": {"alice@example.com": rows}, "pagination": {"hasNextPage": False}}
    return by_user(metric, {**page, "params": {"userMappings": mappings}})


@pytest.fixture(autouse=True)
def _standing_clock() -> Iterator[None]:
    with time_machine.travel(pendulum.datetime(2026, 9, 22, 9, 30), tick=False):
        yield


PAGES = ("usage_events_page1", "usage_events_page2", "usage_events_page3")
DAY = {"event_date": "2025-01-15"}
REVIEW = {"timestamp": "2026-09-02T10:00:00.000Z", "repo": "github.com/acme/app", "pr_number": 42, "dry_run": False}
REVIEWS = {
    "data": [
        {**REVIEW, "request_id": "r1", "cost_cents": 40.25},
        {**REVIEW, "request_id": "r2", "cost_cents": 125, "billed": True, "dry_run": True},
        {**REVIEW, "request_id": "r3", "cost_cents": 12.5, "billed": False},
        {**REVIEW, "request_id": "r4", "cost_cents": None, "repo": None},
    ],
    "pagination": {"page": 1, "totalItems": 4, "totalPages": 1, "hasNextPage": False},
}
CASES = [
    events(*PAGES, millisecond("1790867045123", *PAGES), name="cursor_usage_events"),
    events(alone("usage_events_docs_example"), name="cursor_usage_events.documented"),
    events(alone("usage_events_legacy_2025"), name="cursor_usage_events.2025"),
    events("usage_events_service_account", name="cursor_usage_events.service_account"),
    Case(
        "cursor_usage_events",
        {
            "POST /organizations/filtered-usage-events": [alone("org_usage_events")],
            "GET /organizations/members": ["org_members"],
        },
        *FEW_DAYS,
        ORGANIZATION,
        "cursor_usage_events.organization",
    ),
    Case(
        "cursor_daily_usage",
        {"POST /teams/daily-usage-data": ["daily_usage_page1", "daily_usage_page2"], **MEMBERS},
        *FEW_DAYS,
    ),
    Case(
        "cursor_daily_usage",
        {"POST /teams/daily-usage-data": ["daily_usage_page1", "daily_usage_page2"], **MEMBERS},
        *FEW_DAYS,
        {"include_inactive_members": False},
        "cursor_daily_usage.active",
    ),
    Case(
        "cursor_daily_usage",
        {
            "POST /organizations/daily-usage-data": [alone("org_daily_usage")],
            "GET /organizations/members": ["org_members"],
        },
        *FEW_DAYS,
        ORGANIZATION,
        "cursor_daily_usage.organization",
    ),
    Case("cursor_spend", {"POST /teams/spend": ["spend_page1", "spend_page2"]}, *FEW_DAYS),
    Case(
        "cursor_spend",
        {"POST /organizations/spend": ["org_spend"]},
        *FEW_DAYS,
        ORGANIZATION,
        "cursor_spend.organization",
    ),
    Case("cursor_pooled_usage", {"POST /organizations/pooled-usage": ["org_pooled_usage"]}, *FEW_DAYS, ORGANIZATION),
    Case("cursor_group_spend", {"GET /teams/groups": ["groups"]}, "2024-03-01", "2024-03-02"),
    Case(
        "cursor_ai_code_commits",
        {"GET /analytics/ai-code/commits": ["ai_code_commits_page1", "ai_code_commits_page2"], **MEMBERS},
        *FEW_DAYS,
    ),
    Case(
        "cursor_ai_code_changes",
        {"GET /analytics/ai-code/changes": [{**sample("cursor", "ai_code_changes"), "totalCount": 1}], **MEMBERS},
        *FEW_DAYS,
    ),
    by_user("models", alone("analytics_by_user_models")),
    by_user("agent-edits", alone("analytics_by_user_agent_edits")),
    by_user("tabs", alone("analytics_by_user_tabs")),
    by_user("mcp", alone("analytics_by_user_mcp")),
    made("skills", {**DAY, "skill_name": "release-notes", "usage": 4}),
    made("commands", {**DAY, "command_name": "fix", "usage": 12}),
    made("plans", {**DAY, "model": "gpt-5.2", "usage": 3}),
    made("ask-mode", {**DAY, "model": "claude-sonnet-4.5", "usage": 9}),
    Case("cursor_bugbot", {"GET /analytics/team/bugbot": ["analytics_team_bugbot"]}, *FEW_DAYS),
    Case("cursor_bugbot_reviews", {"GET /analytics/team/bugbot-reviews": [REVIEWS]}, *FEW_DAYS),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("cursor", case, CONFIG)
