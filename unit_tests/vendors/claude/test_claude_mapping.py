"""What the Claude streams make of sample answers."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pendulum
import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core import clock
from source_unified_usage.core.errors import ConfigError, Unmappable
from source_unified_usage.core.pages import pages
from source_unified_usage.core.stream import RetentionStart
from source_unified_usage.vendors.claude.engagement import Engagement
from unit_tests.vendors.samples import (
    Case,
    assert_mapped,
    assert_valid,
    mock_answers,
    records,
    sample,
    stream_of,
    window,
)

CONFIG = {"analytics_api_key": "sk-ant-api01-unit", "admin_api_key": "sk-ant-admin01-unit"}
BASE = "GET /v1/organizations"
USERS = {f"{BASE}/users": ["admin_users"]}
NAMES = {
    **USERS,
    f"{BASE}/me": ["admin_organization_me"],
    f"{BASE}/workspaces": ["admin_workspaces"],
    f"{BASE}/api_keys": ["admin_api_keys_p1", "admin_api_keys_p2"],
}


def day(stream: str, endpoint: str, *pages: Any, name: str = "", start: str = "2026-07-14", **names: Any) -> Case:
    answers = {f"{BASE}/analytics/{endpoint}": pages, **USERS, **names}
    return Case(stream, answers, start, "2026-07-15", name=name)


CASES = [
    day("claude_user_activity", "users", "analytics_users_p1", "analytics_users_p2"),
    day(
        "claude_user_activity",
        "users",
        "analytics_users_older_and_null_blocks",
        name="claude_user_activity.older_and_null_blocks",
    ),
    day("claude_activity_summary", "summaries", "analytics_summaries", start="2026-07-13"),
    day(
        "claude_activity_summary",
        "summaries",
        "analytics_summaries_data_envelope",
        start="2026-07-13",
        name="claude_activity_summary.data_envelope",
    ),
    day("claude_chat_projects", "apps/chat/projects", "analytics_chat_projects"),
    day("claude_skills", "skills", "analytics_skills"),
    day("claude_connectors", "connectors", "analytics_connectors"),
    day("claude_plugins", "plugins", "analytics_plugins"),
    day("claude_artifacts", "artifacts", "analytics_artifacts"),
    day("claude_user_usage", "user_usage_report", "analytics_user_usage_report_p1", "analytics_user_usage_report_p2"),
    day("claude_user_cost", "user_cost_report", "analytics_user_cost_report"),
    day("claude_user_cost", "user_cost_report", "scenario_restatement#first", name="claude_user_cost.restated_first"),
    day("claude_user_cost", "user_cost_report", "scenario_restatement#second", name="claude_user_cost.restated_second"),
    day("claude_usage", "usage_report", "analytics_usage_report", start="2026-07-13"),
    day("claude_cost", "cost_report", "analytics_cost_report", start="2026-07-13"),
    Case(
        "claude_api_usage",
        {
            f"{BASE}/usage_report/messages": ["admin_usage_report_messages_p1", "admin_usage_report_messages_p2"],
            **NAMES,
        },
        "2026-07-13",
        "2026-07-16",
    ),
    Case(
        "claude_api_cost",
        {f"{BASE}/cost_report": ["admin_cost_report_p1", "admin_cost_report_p2"], **NAMES},
        "2026-07-13",
        "2026-07-16",
    ),
    Case(
        "claude_code_usage",
        {f"{BASE}/usage_report/claude_code": ["admin_claude_code_p1", "admin_claude_code_p2"], **NAMES},
        "2026-07-14",
        "2026-07-15",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("claude", case, CONFIG)


def mapped(name: str, row: Any) -> list[dict[str, Any]]:
    """The records of one vendor row, as JSON."""
    stream: Any = stream_of("claude", CONFIG, name)
    day = window("2026-07-14", "2026-07-15")
    parts = stream.parts([row], day) if isinstance(stream, Engagement) else stream.parts([row])
    usages = [usage for part in parts for usage in stream.usages(part, day)]
    found = [orjson.loads(orjson.dumps(usage)) for usage in usages]
    assert_valid(found)
    return found


def test_a_restated_day_keeps_its_ids() -> None:
    cases = [case for case in CASES if "restated" in case.name]
    read = []
    for case in cases:
        with requests_mock.Mocker() as server:
            mock_answers(server, "claude", case.answers)
            read.append(records(stream_of("claude", CONFIG, case.stream), window(case.start, case.end)))
    first, second = read
    assert [record["id"] for record in first] == [record["id"] for record in second]
    assert [record["charges"][0]["amount"] for record in first + second] == [0.618, 0.62435]
    assert first[0]["updated_at"] < second[0]["updated_at"]


def test_costs_by_token_type_add_up_to_the_costs() -> None:
    """Grouped further, the same day gives the same sum: cents are cents in every shape of the report."""
    sums = []
    for name in ("analytics_user_cost_report", "analytics_user_cost_report_by_token_type"):
        with requests_mock.Mocker() as server:
            mock_answers(server, "claude", {f"{BASE}/analytics/user_cost_report": [name]})
            found = records(stream_of("claude", CONFIG, "claude_user_cost"), window("2026-07-14", "2026-07-15"))
        sums.append(
            sum(
                Decimal(str(charge["amount"]))
                for record in found
                for charge in record["charges"]
                if charge["type"] == "net"
                and record["user"]["id"] == "user_01FixtureAna0000000000001"
                and record["surface"] == "chat"
            )
        )
    assert sums[0] == sums[1] == Decimal("0.618")


def test_nothing_exported_yet_gives_no_record_and_keeps_the_state() -> None:
    stream = stream_of("claude", CONFIG, "claude_cost")
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {f"{BASE}/analytics/cost_report": ["scenario_no_export_yet"]})
        assert records(stream, asked := window("2026-07-01", "2026-07-15")) == []
    assert stream.bounds.available_until == asked.start


@pytest.mark.parametrize(
    ("stream", "start", "wording"),
    [
        ("claude_skills", "2026-07-14", "The latest available date is 2026-07-12."),
        ("claude_skills", "2026-07-14", "2026-07-14 comes at 2026-07-15T10:00:00Z, latest is 2026-07-12"),
        ("claude_skills", "2026-07-14", "must be on or after 2026-01-01 and on or before 2026-07-12"),
        ("claude_activity_summary", "2026-07-13", "ending_date 2026-07-15 is too late, use 2026-07-12."),
    ],
)
def test_a_day_not_published_yet_ends_the_stream_whatever_else_is_named(
    stream: str, start: str, wording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 7, 15, 9))
    read = stream_of("claude", CONFIG, stream)
    with requests_mock.Mocker() as server:
        server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
        assert records(read, window(start, "2026-07-15")) == []
    assert read.bounds.available_until == pendulum.datetime(2026, 7, 13)


def test_an_export_that_stands_still_ends_the_stream_with_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 8, 3, 9))
    for name, start in (("claude_skills", "2026-07-14"), ("claude_activity_summary", "2026-07-14")):
        caplog.clear()
        read = stream_of("claude", CONFIG, name)
        wording = "Data for 2026-07-14 is not yet available. The most recent available date is 2026-07-13."
        with requests_mock.Mocker() as server:
            server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
            assert records(read, window(start, "2026-07-15")) == []
        assert read.bounds.available_until == pendulum.datetime(2026, 7, 14)
        (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
        assert "2026-07-14 is not available yet, the last day is 2026-07-13" in warning.getMessage()


@pytest.mark.parametrize(
    "wording",
    [
        "date: must be on or after 2026-04-16",
        "Data is kept for 90 days. The earliest date with available analytics data is 2026-04-16.",
        "2026-03-01 is too old, the oldest available date is 2026-04-16, the latest 2026-07-14",
        "Data of before is gone: not before 2026-04-16T00:00:00Z.",
    ],
)
@pytest.mark.parametrize("name", ["claude_skills", "claude_activity_summary"])
def test_the_oldest_day_is_read_from_the_refusal(wording: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 7, 15, 9))
    with requests_mock.Mocker() as server:
        server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
        with pytest.raises(RetentionStart) as told:
            records(stream_of("claude", CONFIG, name), window("2026-03-01", "2026-03-02"))
    assert told.value.day == pendulum.datetime(2026, 4, 16)


@pytest.mark.parametrize(
    "wording",
    [
        "date: must be on or after 2026-01-01",
        "date: must be on or before 2026-07-20",
        "date: 2026-07-14 is no date",
        "limit: no",
    ],
)
def test_another_refusal_of_a_young_day_is_loud(wording: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 7, 15, 9))
    with requests_mock.Mocker() as server:
        server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
        with pytest.raises(ConfigError):
            records(stream_of("claude", CONFIG, "claude_skills"), window("2026-07-14", "2026-07-15"))


def test_a_renamed_product_keeps_one_name_and_both_rows() -> None:
    bucket = {"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-02T00:00:00Z"}
    results = [{"product": name, "model": "m", "amount": "100"} for name in ("claude-tag", "claude-in-slack")]
    body = {
        "organization_id": "org_1",
        "data_refreshed_at": "2026-09-02T08:00:00Z",
        "data": [{**bucket, "results": results}],
    }
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {f"{BASE}/analytics/cost_report": [body]})
        found = records(stream_of("claude", CONFIG, "claude_cost"), window("2026-09-01", "2026-09-02"))
    assert [record["id"] for record in found] == [
        "claude_cost/org_1/2026-09-01T00:00:00Z/claude_tag/m",
        "claude_cost/org_1/2026-09-01T00:00:00Z/claude_tag/m/1",
    ]
    assert {(record["product"]["id"], record["surface"]) for record in found} == {("claude_tag", "claude_tag")}


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
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {f"{BASE}/analytics/user_cost_report": pages})
        found = records(stream_of("claude", CONFIG, "claude_user_cost"), window("2026-07-14", "2026-07-15"))
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
    read = []
    for order in (rows, rows[::-1]):
        with requests_mock.Mocker() as server:
            pages = [{"data": [part], "has_more": n < 2, "next_page": f"p{n}"} for n, part in enumerate(order)]
            mock_answers(server, "claude", {f"{BASE}/usage_report/claude_code": pages, **NAMES})
            found = records(stream_of("claude", CONFIG, "claude_code_usage"), window("2026-07-14", "2026-07-15"))
        read.append({record["id"]: record for record in found})
        assert len(read[-1]) == len(found) == 6
    assert read[0] == read[1]
    first = "claude_code_usage/~/2026-07-14/api_actor/ci-runner/non-interactive/api/~/false"
    assert sorted(id.removeprefix(first) for id in read[0]) == [
        "/opus",
        "/sonnet",
        "/sonnet/1",
        "/~",
        "/~/1",
        "/~/2",
    ]
    assert sum(r["usage"].get("sessions", {}).get("distinct", 0) for r in read[0].values()) == 22


@pytest.mark.parametrize(
    ("stream", "path"), [("claude_api_cost", "cost_report"), ("claude_cost", "analytics/cost_report")]
)
def test_costs_that_agree_in_their_key_are_both_kept(stream: str, path: str) -> None:
    span = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}
    results = [{"description": "Tokens", "product": "chat", "amount": amount} for amount in ("100", "250")]
    read = []
    for order in (results, results[::-1]):
        body = {"organization_id": "org", "data_refreshed_at": "2026-07-15T08:00:00Z", "has_more": False}
        with requests_mock.Mocker() as server:
            mock_answers(
                server, "claude", {f"{BASE}/{path}": [{**body, "data": [{**span, "results": order}]}], **NAMES}
            )
            found = records(stream_of("claude", CONFIG, stream), window("2026-07-14", "2026-07-15"))
        read.append({record["id"]: record["charges"][0]["amount"] for record in found})
    assert read[0] == read[1]
    assert sorted(read[0].values()) == [1, 2.5]
    one, other = sorted(read[0])
    assert other == f"{one}/1"


SPAN = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}
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
    read = []
    for rows in ([row], [row, {**row, **otherwise}], [{**row, **otherwise}, row]):
        again = rows if name == "claude_api_cost" else [*rows, rows[0]]
        data = [{**SPAN, "results": again}] if bucketed else again
        body = {"organization_id": "org", "data_refreshed_at": "2026-07-15T08:00:00Z", "data": data}
        with requests_mock.Mocker() as server:
            mock_answers(server, "claude", {path: [body], **NAMES})
            stream = stream_of("claude", CONFIG, name)
            found = [record for page in pages(stream, window("2026-07-14", "2026-07-15")) for record in page]
        read.append({record["id"]: record for record in found})
    alone, both, swapped = read
    assert both == swapped
    assert len(both) == count
    assert sorted(both) == sorted([*alone, *(f"{id}/1" for id in alone)])


def test_surfaces_of_rows_that_agree_in_their_person_are_numbered_apart() -> None:
    """So a correction that lets the rows change places leaves the same ids."""
    read = []
    for chats in (2, 900):
        rows = [{**ANA, "chat_metrics": {"message_count": chats}}, {**ANA, "cowork_metrics": {"message_count": 7}}]
        with requests_mock.Mocker() as server:
            mock_answers(server, "claude", {f"{BASE}/analytics/users": [{"data": rows}], **USERS})
            found = records(stream_of("claude", CONFIG, "claude_user_activity"), window("2026-07-14", "2026-07-15"))
        read.append(sorted(record["id"].removeprefix("claude_user_activity/2026-07-14/ana/") for record in found))
    assert read == [["chat/~", "cowork/~", "~/~", "~/~/1"]] * 2


def test_of_rows_that_agree_in_their_key_what_they_are_goes_before_what_they_count() -> None:
    """A restated figure lets no row take the other's number."""
    first = []
    for calls in (5, 1000):
        rows = [
            {"project_id": "p", "project_name": name, "message_count": count, "created_at": None}
            for name, count in (("Handbook", calls), ("Roadmap", 30))
        ]
        with requests_mock.Mocker() as server:
            mock_answers(server, "claude", {f"{BASE}/analytics/apps/chat/projects": [{"data": rows}]})
            found = records(stream_of("claude", CONFIG, "claude_chat_projects"), window("2026-07-14", "2026-07-15"))
        first.append({record["id"]: record["resources"][0]["name"] for record in found})
    id = "claude_chat_projects/2026-07-14/p"
    assert first == [{id: "Handbook", f"{id}/1": "Roadmap"}] * 2


def test_a_new_product_keeps_its_id_and_has_a_surface_in_snake_case() -> None:
    span = {"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-02T00:00:00Z"}
    results = [{"product": "Claude-in-Teams", "model": "m", "amount": "100"}]
    body = {"organization_id": "org_1", "data_refreshed_at": "2026-09-02T08:00:00Z"}
    with requests_mock.Mocker() as server:
        pages = [{**body, "data": [{**span, "results": results}]}]
        mock_answers(server, "claude", {f"{BASE}/analytics/cost_report": pages})
        (record,) = records(stream_of("claude", CONFIG, "claude_cost"), window("2026-09-01", "2026-09-02"))
    assert (record["product"], record["surface"]) == ({"id": "Claude-in-Teams"}, "claude_in_teams")
    assert record["id"] == "claude_cost/org_1/2026-09-01T00:00:00Z/Claude-in-Teams/m"


@pytest.mark.parametrize(
    ("amount", "list_amount", "charges"),
    [
        ("575398922.098702", None, {"net": 5753989.22098702, "total": 5753989.22098702}),
        (41280, "51600.0", {"net": 412.8, "total": 516, "discount": 103.2}),
        ("1.2E+3", "oops", {"net": 12, "total": 12}),
        ("", "5", {}),
        ("NaN", "5", {}),
        ("1e999", None, {}),
        ("1e9999999", None, {}),
        (None, None, {}),
    ],
)
def test_cents(amount: Any, list_amount: Any, charges: dict[str, float], caplog: pytest.LogCaptureFixture) -> None:
    row = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z", "product": "chat", "model": "m"}
    body = {"organization_id": "org_1", "data_refreshed_at": "2026-07-15T08:00:00Z"}
    results = [{**row, "amount": amount, "list_amount": list_amount}]
    with requests_mock.Mocker() as server:
        mock_answers(
            server, "claude", {f"{BASE}/analytics/cost_report": [{**body, "data": [{**row, "results": results}]}]}
        )
        (record,) = records(stream_of("claude", CONFIG, "claude_cost"), window("2026-07-14", "2026-07-15"))
    assert {charge["type"]: charge["amount"] for charge in record.get("charges", [])} == charges
    lost = [value for value in (amount, list_amount) if value in ("NaN", "1e999", "1e9999999", "oops")]
    warnings = [text for text in caplog.messages if "the charge is left out" in text]
    assert len(warnings) == len(lost)
    assert all("2026-07-14" in text for text in warnings)


@pytest.mark.parametrize("amount", ["n/a", {"cents": 1}, "1e9999999"])
def test_an_estimate_that_is_no_amount_is_left_out_and_said(amount: Any, caplog: pytest.LogCaptureFixture) -> None:
    row = sample("claude", "admin_claude_code_p1")["data"][0]
    used = {**row["model_breakdown"][0], "estimated_cost": {"amount": amount, "currency": "USD"}}
    _, part = mapped("claude_code_usage", {**row, "model_breakdown": [used]})
    assert "charges" not in part
    assert part["usage"]["tokens"]["input"] == used["tokens"]["input"]
    (warning,) = [text for text in caplog.messages if "the charge is left out" in text]
    assert all(word in warning for word in ("2026-07-14", "ben@acme.test", used["model"]))


@pytest.mark.parametrize(
    ("stream", "path", "in_body", "expected"),
    [
        ("claude_api_cost", "cost_report", {}, {"id": "org_header", "name": "Acme Test Org"}),
        ("claude_usage", "analytics/usage_report", {"organization_id": "org_body"}, {"id": "org_body"}),
        ("claude_usage", "analytics/usage_report", {}, {"id": "org_header"}),
    ],
)
def test_the_organization_is_that_of_the_body_then_of_the_header_then_of_me(
    stream: str, path: str, in_body: dict[str, Any], expected: dict[str, str]
) -> None:
    span = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}
    body = {**in_body, "data_refreshed_at": "2026-07-15T08:00:00Z", "data": [{**span, "results": [{"amount": "1"}]}]}
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", NAMES)
        server.get(f"/v1/organizations/{path}", json=body, headers={"Anthropic-Organization-Id": "org_header"})
        (record,) = records(stream_of("claude", CONFIG, stream), window("2026-07-14", "2026-07-15"))
    assert record["organization"] == expected


# --- the fan-outs: what goes in comes out once

COUNT = st.none() | st.integers(0, 10**6)


def block(*names: str) -> st.SearchStrategy[dict[str, Any] | None]:
    return st.none() | st.fixed_dictionaries({}, optional=dict.fromkeys(names, COUNT))


CHAT = ("distinct_conversation_count", "message_count", "thinking_message_count", "connectors_used_count")
WORK = ("distinct_session_count", "message_count", "action_count", "skills_used_count", "distinct_skills_used_count")
TOOL = block("accepted_count", "rejected_count")
CODE = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "core_metrics": st.none()
        | st.fixed_dictionaries(
            {"distinct_session_count": COUNT, "commit_count": COUNT, "pull_request_count": COUNT},
            optional={"lines_of_code": block("added_count", "removed_count")},
        ),
        "tool_actions": st.none() | st.dictionaries(st.sampled_from(["edit_tool", "write_tool", "new_tool"]), TOOL),
    },
)
PERSON = st.fixed_dictionaries(
    {"user": st.just({"id": "user_1", "email_address": "a@acme.test"})},
    optional={
        "web_search_count": COUNT,
        "chat_metrics": block(*CHAT),
        "claude_code_metrics": CODE,
        "cowork_metrics": block(*WORK),
        "design_metrics": block("distinct_session_count", "message_count"),
        "science_metrics": block("distinct_session_count", "message_count", "skills_used_count"),
        "office_metrics": st.none() | st.dictionaries(st.sampled_from(["excel", "word", "new_app"]), block(*WORK[:2])),
    },
)


def numbers(value: Any) -> Iterator[int | float]:
    """Every number anywhere; booleans are none."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


@given(PERSON)
def test_a_person_is_cut_into_surfaces_without_loss(row: dict[str, Any]) -> None:
    found = mapped("claude_user_activity", row)
    whole, *surfaces = found
    assert whole["remote_data"] == row
    shown = [n for record in surfaces for n in numbers({**record["usage"], "code": _without_sums(record["usage"])})]
    put = [n for name, part in row.items() if name not in ("user", "web_search_count") for n in numbers(part)]
    # zeros of an idle surface are told by no row of its own
    assert sorted(n for n in shown if n) == sorted(n for n in put if n)
    searched = row.get("web_search_count")
    assert whole.get("usage", {}).get("tools", {}).get("web_search_count") == searched
    known = [*put, *([] if searched is None else [searched])]
    assert whole.get("usage", {}).get("activity", {}).get("is_active") == (any(known) if known else None)


def _without_sums(usage: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in usage.get("code", {}).items() if name not in ("accepts", "rejects")}


ZEROS: dict[str, Any] = {
    "chat_metrics": {"message_count": 0},
    "claude_code_metrics": {"core_metrics": {"distinct_session_count": 0}},
    "cowork_metrics": {"message_count": 0},
    "design_metrics": {"message_count": 0},
    "office_metrics": {"excel": {"message_count": 0}},
    "science_metrics": {"message_count": 0},
    "web_search_count": 0,
}


@pytest.mark.parametrize(
    ("both", "usage"),
    [
        ({"chat": {"message_count": 17}}, {"conversations": {"message_count": 17}}),
        ({"chat": {"message_count": 17}, "sessions": None}, {"conversations": {"message_count": 17}}),
        (
            {
                "chat": {"distinct_conversation_count": 4, "message_count": 17, "connectors_used_count": 2},
                "sessions": {
                    "distinct_session_count": 3,
                    "message_count": 5,
                    "action_count": 9,
                    "connectors_used_count": 1,
                    "skills_used_count": 6,
                },
            },
            {
                "sessions": {"distinct": 3},
                "conversations": {"distinct": 4, "message_count": 22},
                "tools": {"action_count": 9, "connectors_used_count": 3, "skills_used_count": 6},
            },
        ),
        (
            {
                "chat": {"distinct_skills_used_count": 2, "distinct_connectors_used_count": 1},
                "sessions": {"distinct_skills_used_count": 3, "distinct_connectors_used_count": 0},
            },
            {"tools": {"distinct_connectors_used_count": 1}},
        ),
    ],
)
def test_chat_and_cowork_in_one_are_a_surface_of_their_own(both: dict[str, Any], usage: dict[str, Any]) -> None:
    row = {"user": {"id": "user_1"}, **ZEROS, "chat_cowork_unified_metrics": both}
    whole, surface = mapped("claude_user_activity", row)
    assert whole["usage"]["activity"] == {"is_active": True}
    assert surface["id"] == "claude_user_activity/2026-07-14/user_1/chat_cowork_unified/~"
    assert surface["product"] == {"id": "chat_cowork_unified", "name": "Claude Chat and Cowork"}
    assert surface["surface"] == "chat_cowork_unified"
    assert surface["usage"] == usage
    assert surface["remote_data"] == {"chat_cowork_unified_metrics": both}


@pytest.mark.parametrize("both", [None, {}, {"chat": None, "sessions": {}}, {"chat": {"message_count": 0}}])
def test_unused_chat_and_cowork_in_one_are_no_surface(both: Any) -> None:
    (whole,) = mapped("claude_user_activity", {"user": {"id": "u"}, **ZEROS, "chat_cowork_unified_metrics": both})
    assert whole["usage"]["activity"] == {"is_active": False}


def test_active_users_of_chat_and_cowork_in_one_are_not_those_of_chat() -> None:
    span = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}
    names = [f"chat_cowork_unified_{period}_active_user_count" for period in ("daily", "weekly", "monthly")]
    found = mapped("claude_activity_summary", {**span, **dict.fromkeys(names, 3), "chat_daily_active_user_count": 2})
    assert [(record["metric_name"], record["surface"], record["usage"]["unit"]) for record in found] == [
        *((name, "chat_cowork_unified", "users") for name in names),
        ("chat_daily_active_user_count", "chat", "users"),
    ]
    assert {record["product"]["name"] for record in found[:3]} == {"Claude Chat and Cowork"}


@pytest.mark.parametrize(
    ("stream", "key", "what"),
    [
        ("claude_skills", "skill_name", "skill"),
        ("claude_connectors", "connector_name", "connector"),
        ("claude_plugins", "plugin_name", "plugin"),
    ],
)
def test_things_used_in_chat_and_cowork_in_one_are_counted(stream: str, key: str, what: str) -> None:
    chats, sessions = f"distinct_conversation_{what}_used_count", f"distinct_session_{what}_used_count"
    row = {key: "x", "chat_metrics": {chats: 2}, "cowork_metrics": {sessions: 3}, "claude_code_metrics": None}
    (plain,) = mapped(stream, row)
    assert plain["usage"]["sessions"] == {"distinct": 3}
    (record,) = mapped(
        stream, {**row, "chat_cowork_unified_metrics": {"chat": {chats: 10}, "sessions": {sessions: 20}}}
    )
    assert record["usage"]["sessions"] == {"distinct": 23}
    if what != "plugin":
        assert record["usage"]["conversations"] == {"distinct": 12}


@given(
    st.dictionaries(
        st.from_regex(r"(chat_|cowork_|science_)?[a-z]{1,8}_(count|rate)", fullmatch=True),
        st.none() | st.integers(0, 10**6) | st.decimals(0, 100, places=4).map(float),
    )
)
def test_a_summary_is_cut_into_figures_without_loss(figures: dict[str, Any]) -> None:
    span = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}
    found = mapped("claude_activity_summary", {**span, **figures})
    assert {record["metric_name"]: record["usage"]["quantity"] for record in found} == {
        name: value for name, value in figures.items() if value is not None
    }
    assert [record["remote_data"] == {**span, **figures} for record in found[:1]] == [True] * bool(found)


NEW = {"plan": "team", "beta": True, "since": None, "regions": ["eu"], "by_plan": {"team": "yes"}}


def test_a_new_field_that_is_no_number_is_kept_in_remote_data_only() -> None:
    person: dict[str, Any] = {"user": {"id": "user_1"}, "chat_metrics": {"message_count": 3}}
    summary = {
        "starting_at": "2026-07-14T00:00:00Z",
        "ending_at": "2026-07-15T00:00:00Z",
        "pending_invite_count": 2,
        "new": 7,
    }
    for stream, row, more in (
        ("claude_user_activity", person, {**person, "chat_metrics": {**person["chat_metrics"], **NEW}}),
        ("claude_activity_summary", summary, {**summary, **NEW}),
    ):
        found = mapped(stream, more)
        assert len(found) == 2
        assert found[0]["remote_data"] == more
        assert [{**record, "remote_data": 1} for record in found] == [
            {**record, "remote_data": 1} for record in mapped(stream, row)
        ]


@pytest.mark.parametrize("value", ["many", True, ["eu"]])
def test_a_documented_figure_that_is_no_number_is_an_error(value: Any) -> None:
    span = {"starting_at": "2026-07-14T00:00:00Z", "ending_at": "2026-07-15T00:00:00Z"}
    with pytest.raises(ValueError, match="not a number"):
        mapped("claude_activity_summary", {**span, "pending_invite_count": value})
    with pytest.raises(ValueError, match="not a number"):
        mapped("claude_user_activity", {"user": {"id": "u"}, "cowork_metrics": {"message_count": value, "x": 1}})


TOKENS = st.fixed_dictionaries(
    {name: st.integers(0, 10**9) for name in ("input", "output", "cache_read", "cache_creation")}
)
MODELS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["claude-opus-4-8", "claude-sonnet-5", "claude-haiku-4-5"]),
            "tokens": TOKENS,
            "estimated_cost": st.fixed_dictionaries({"amount": st.integers(0, 10**8), "currency": st.just("USD")}),
        }
    ),
    unique_by=lambda used: str(used["model"]),
)


@given(MODELS, st.dictionaries(st.text("abc_", min_size=1), block("accepted", "rejected")))
def test_claude_code_is_cut_into_models_without_loss(models: list[Any], tools: dict[str, Any]) -> None:
    row = {**sample("claude", "admin_claude_code_p1")["data"][0], "model_breakdown": models, "tool_actions": tools}
    core, *parts = mapped("claude_code_usage", row)
    assert core["remote_data"] == row
    assert "tokens" not in core["usage"]
    assert "charges" not in core
    assert core["usage"]["sessions"] == {"distinct": row["core_metrics"]["num_sessions"]}
    for place, name in (("accepts", "accepted"), ("rejects", "rejected")):
        known = [tool[name] for tool in tools.values() if tool and tool.get(name) is not None]
        assert core["usage"]["code"].get(place) == (sum(known) if known else None)
    assert [record["model"]["id"] for record in parts] == [used["model"] for used in models]
    for record, used in zip(parts, models, strict=True):
        assert record["usage"]["tokens"]["total"] == sum(used["tokens"].values())
        (estimate,) = record["charges"]
        assert estimate["type"] == "usage_based"
        assert Decimal(str(estimate["amount"])) * 100 == used["estimated_cost"]["amount"]
        assert set(record["usage"]) == {"tokens"}


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("claude_user_activity", {"user": {"id": None}}),
        ("claude_skills", {"skill_name": ""}),
        ("claude_artifacts", {"artifact_type": "x"}),
        ("claude_code_usage", {"date": "2026-07-14", "actor": {"type": "user_actor"}}),
    ],
)
def test_a_row_without_its_key_is_an_error(stream: str, row: dict[str, Any]) -> None:
    with pytest.raises((Unmappable, ValueError)):
        mapped(stream, row)


def test_a_missing_remote_flag_is_local() -> None:
    row = sample("claude", "admin_claude_code_p1")["data"][0]
    ids = {mapped("claude_code_usage", {**row, "is_remote": flag})[0]["id"] for flag in (None, False)}
    absent = {name: value for name, value in row.items() if name != "is_remote"}
    assert ids == {mapped("claude_code_usage", absent)[0]["id"]}
    assert mapped("claude_code_usage", {**row, "is_remote": True})[0]["id"] not in ids


def test_claude_code_compares_addresses_without_spaces_and_case() -> None:
    day = sample("claude", "admin_claude_code_p1")
    row = {**day["data"][0], "actor": {"type": "user_actor", "email_address": " BEN@acme.test "}}
    answers: dict[str, Any] = {**NAMES, f"{BASE}/usage_report/claude_code": [{**day, "data": [row], "has_more": False}]}
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", answers)
        record, *_ = records(stream_of("claude", CONFIG, "claude_code_usage"), window("2026-07-14", "2026-07-15"))
    (known,) = [user for user in sample("claude", "admin_users")["data"] if user["email"] == "ben@acme.test"]
    assert record["user"] == {"id": known["id"], "email": " BEN@acme.test ", "name": known["name"]}
