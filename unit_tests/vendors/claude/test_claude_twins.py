"""Rows of Claude that agree in their whole key."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.pages import pages
from unit_tests.vendors.claude.answers import BASE, CONFIG, NAMES, SPAN, USERS, read
from unit_tests.vendors.samples import mock_answers, stream_of, window


def test_a_row_that_comes_on_two_pages_keeps_its_id() -> None:
    """Other figures under the same id would be an error of the vendor's; see core.validator."""
    row = {
        "actor": {"user_id": "user_1"},
        "product": "chat",
        "model": "m",
        "amount": "100",
        "starting_at": "2026-07-14T00:00:00Z",
        "ending_at": "2026-07-15T00:00:00Z",
    }
    head = {"organization_id": "org_1", "data_refreshed_at": "2026-07-15T08:00:00Z"}
    pages = [{**head, "data": [row], "next_page": page} for page in ("page_2", None)]
    found = read("claude_user_cost", {f"{BASE}/analytics/user_cost_report": pages})
    assert [record["id"] for record in found] == ["claude_user_cost/org_1/2026-07-14T00:00:00Z/user_1/chat/m"] * 2


def test_keys_of_the_same_name_are_kept_apart_in_whatever_order_they_come() -> None:
    models = [{"model": name, "tokens": {"input": 1}, "estimated_cost": {"amount": 5}} for name in ("opus", "sonnet")]
    row = {
        "date": "2026-07-14T00:00:00Z",
        "actor": {"type": "api_actor", "api_key_name": "ci-runner"},
        "terminal_type": "non-interactive",
        "customer_type": "api",
    }
    rows = [
        {**row, "core_metrics": {"num_sessions": 4}, "model_breakdown": models[:1]},
        {**row, "core_metrics": {"num_sessions": 9}, "model_breakdown": models[1:]},
        {**row, "core_metrics": {"num_sessions": 9}, "model_breakdown": models[1:]},
    ]
    seen = []
    for order in (rows, rows[::-1]):
        pages = [{"data": [part], "has_more": n < 2, "next_page": f"p{n}"} for n, part in enumerate(order)]
        found = read("claude_code_usage", {f"{BASE}/usage_report/claude_code": pages, **NAMES})
        seen.append({record["id"]: record for record in found})
        assert len(seen[-1]) == len(found) == 6
    assert seen[0] == seen[1]
    first = "claude_code_usage/~/2026-07-14/api_actor/ci-runner/non-interactive/api/~/false"
    assert sorted(id.removeprefix(first) for id in seen[0]) == [
        "/opus",
        "/sonnet",
        "/sonnet/1",
        "/~",
        "/~/1",
        "/~/2",
    ]
    assert sum(r["usage"].get("sessions", {}).get("distinct", 0) for r in seen[0].values()) == 22


@pytest.mark.parametrize(
    ("stream", "path"), [("claude_api_cost", "cost_report"), ("claude_cost", "analytics/cost_report")]
)
def test_costs_that_agree_in_their_key_are_both_kept(stream: str, path: str) -> None:
    results = [{"description": "Tokens", "product": "chat", "amount": amount} for amount in ("100", "250")]
    seen = []
    for order in (results, results[::-1]):
        body = {"organization_id": "org", "data_refreshed_at": "2026-07-15T08:00:00Z", "has_more": False}
        found = read(stream, {f"{BASE}/{path}": [{**body, "data": [{**SPAN, "results": order}]}], **NAMES})
        seen.append({record["id"]: record["charges"][0]["amount"] for record in found})
    assert seen[0] == seen[1]
    assert sorted(seen[0].values()) == [1, 2.5]
    one, other = sorted(seen[0])
    assert other == f"{one}/1"


ANA = {"user": {"id": "ana", "email_address": "ana@acme.test"}}
TWINS = [
    # a row, what its twin has otherwise, and the ids of both below the first's
    ("claude_user_activity", "users", {**ANA, "chat_metrics": {"message_count": 2}}, {"web_search_count": 9}, 4),
    ("claude_activity_summary", "summaries", {**SPAN, "pending_invite_count": 2}, {"pending_invite_count": 30}, 2),
    ("claude_chat_projects", "apps/chat/projects", {"project_id": "p", "message_count": 2}, {"message_count": 30}, 2),
    ("claude_skills", "skills", {"skill_name": "s", "invocation_count": 2}, {"invocation_count": 30}, 2),
    ("claude_connectors", "connectors", {"connector_name": "c", "distinct_user_count": 2}, {"read_call_count": 3}, 2),
    ("claude_plugins", "plugins", {"plugin_name": "p", "plugin_id": None}, {"invocation_count": 3}, 2),
    ("claude_artifacts", "artifacts", {"artifact_type": "a", "is_shared": True}, {"artifacts_created_count": 3}, 2),
    ("claude_api_usage", "../usage_report/messages", {"model": "m", "output_tokens": 2}, {"output_tokens": 30}, 2),
    ("claude_api_cost", "../cost_report", {"description": "d", "amount": "2"}, {"amount": "30"}, 2),
    ("claude_usage", "usage_report", {"product": "chat", "output_tokens": 2}, {"output_tokens": 30}, 2),
    ("claude_cost", "cost_report", {"product": "chat", "amount": "2"}, {"amount": "30"}, 2),
]


@pytest.mark.parametrize(("name", "endpoint", "row", "otherwise", "count"), TWINS, ids=[twin[0] for twin in TWINS])
def test_rows_that_agree_in_their_key_are_kept_apart_in_whatever_order_they_come(
    name: str, endpoint: str, row: dict[str, Any], otherwise: dict[str, Any], count: int
) -> None:
    """And a row that comes again is no other, except for the lines of a bill."""
    path = f"{BASE}/analytics/{endpoint}".replace("analytics/../", "")
    bucketed = "report" in endpoint
    seen = []
    for rows in ([row], [row, {**row, **otherwise}], [{**row, **otherwise}, row]):
        again = rows if name == "claude_api_cost" else [*rows, rows[0]]
        data = [{**SPAN, "results": again}] if bucketed else again
        body = {"organization_id": "org", "data_refreshed_at": "2026-07-15T08:00:00Z", "data": data}
        with requests_mock.Mocker() as server:
            mock_answers(server, "claude", {path: [body], **NAMES})
            stream = stream_of("claude", CONFIG, name)
            found = [record for page in pages(stream, window("2026-07-14", "2026-07-15")) for record in page]
        seen.append({record["id"]: record for record in found})
    alone, both, swapped = seen
    assert both == swapped
    assert len(both) == count
    assert sorted(both) == sorted([*alone, *(f"{id}/1" for id in alone)])


def test_surfaces_of_rows_that_agree_in_their_person_are_numbered_apart() -> None:
    """So a correction that lets the rows change places leaves the same ids."""
    seen = []
    for chats in (2, 900):
        rows = [{**ANA, "chat_metrics": {"message_count": chats}}, {**ANA, "cowork_metrics": {"message_count": 7}}]
        found = read("claude_user_activity", {f"{BASE}/analytics/users": [{"data": rows}], **USERS})
        seen.append(sorted(record["id"].removeprefix("claude_user_activity/2026-07-14/ana/") for record in found))
    assert seen == [["chat/~", "cowork/~", "~/~", "~/~/1"]] * 2


def test_of_rows_that_agree_in_their_key_what_they_are_goes_before_what_they_count() -> None:
    """A restated figure lets no row take the other's number."""
    first = []
    for calls in (5, 1000):
        rows = [
            {"project_id": "p", "project_name": name, "message_count": count, "created_at": None}
            for name, count in (("Handbook", calls), ("Roadmap", 30))
        ]
        found = read("claude_chat_projects", {f"{BASE}/analytics/apps/chat/projects": [{"data": rows}]})
        first.append({record["id"]: record["resources"][0]["name"] for record in found})
    id = "claude_chat_projects/2026-07-14/p"
    assert first == [{id: "Handbook", f"{id}/1": "Roadmap"}] * 2
