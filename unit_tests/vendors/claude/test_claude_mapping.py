"""What the Claude streams make of sample answers."""

from decimal import Decimal
from typing import Any

import pytest
import requests_mock

from source_unified_usage.vendors.claude.engagement import Context, Part
from source_unified_usage.vendors.claude.lookups import Line, Names
from unit_tests.vendors.claude.answers import BASE, CONFIG, EFFECTIVE, LIMITS, NAMES, SPAN, SPENT, USERS, read
from unit_tests.vendors.samples import Case, assert_mapped, mock_answers, records, stream_of, window


def day(stream: str, endpoint: str, *pages: Any, name: str = "", start: str = "2026-07-14", **names: Any) -> Case:
    answers = {f"{BASE}/analytics/{endpoint}": pages, **USERS, **names}
    return Case(stream, answers, start, "2026-07-15", name=name)


def spend(stream: str, endpoint: str, pages: Any, name: str = "") -> Case:
    """With the Analytics key alone."""
    answers = {f"{BASE}/analytics/{endpoint}": pages}
    return Case(stream, answers, "2026-11-02", "2026-11-03", {"admin_api_key": None}, name)


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
    spend("claude_spend", "cost", ["analytics_cost_ungrouped", "analytics_cost_page1", "analytics_cost_page2"]),
    spend("claude_tokens", "usage", ["analytics_empty", "analytics_usage_page1", "analytics_usage_page2"]),
    spend(
        "claude_spend",
        "cost",
        ["analytics_empty", "analytics_cost_by_cost_type_and_token_type"],
        name="claude_spend.by_cost_type_and_token_type",
    ),
    Case(
        "claude_spend",
        {f"{BASE}/analytics/cost": [SPENT] * 4, **NAMES},
        "2026-11-02",
        "2026-11-03",
        name="claude_spend.two_organizations",
    ),
    Case(
        "claude_spend_limits",
        {f"{BASE}/spend_limits": [LIMITS], f"{BASE}/spend_limits/effective": EFFECTIVE, **NAMES},
        "2026-11-02",
        "2026-11-03",
        {"include_spend_limits": True, "admin_api_key": None},
    ),
    Case(
        "claude_spend_limits",
        {f"{BASE}/spend_limits": [LIMITS], **NAMES},
        "2026-11-02",
        "2026-11-03",
        {"include_spend_limits": True, "analytics_api_key": None},
        "claude_spend_limits.console",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("claude", case, CONFIG)


def test_the_role_of_a_stream_fits_its_charges() -> None:
    """A bill and what restates it have a net, an estimate has none, activity has no charge at all."""
    kinds: dict[str, set[str]] = {}
    for case in CASES:
        found = read(case.stream, case.answers, case.start, case.end, case.config)
        kinds.setdefault(case.stream, set()).update(c["type"] for record in found for c in record.get("charges", ()))
    for name, charged in kinds.items():
        stream = stream_of("claude", {**CONFIG, "include_spend_limits": True}, name)
        assert ("net" in charged) == (stream.role in ("bill", "restates")), name
        assert bool(charged) == (stream.role != "activity"), name
        assert bool(stream.restates) == (stream.role == "restates"), name


def test_records_take_names_from_their_item_alone() -> None:
    """Two days whose organization changed between them, read before either is mapped."""
    stream = stream_of("claude", CONFIG, "claude_skills")
    row = {"skill_name": "pdf"}
    first, second = (Part(row, "id", Context(day, {"id": day})) for day in ("2026-07-13", "2026-07-14"))
    found = [record for item in (first, second) for record in stream.usages(item)]
    assert [record["organization"] for record in found] == [{"id": "2026-07-13"}, {"id": "2026-07-14"}]
    assert [record["start_date"] for record in found] == ["2026-07-13T00:00:00Z", "2026-07-14T00:00:00Z"]


def test_a_restated_day_keeps_its_ids() -> None:
    cases = [case for case in CASES if "restated" in case.name]
    seen = []
    for case in cases:
        seen.append(read(case.stream, case.answers, case.start, case.end))
    first, second = seen
    assert [record["id"] for record in first] == [record["id"] for record in second]
    assert [record["charges"][0]["amount"] for record in first + second] == [0.618, 0.62435]
    assert first[0]["updated_at"] < second[0]["updated_at"]


def test_costs_by_token_type_add_up_to_the_costs() -> None:
    """Grouped further, the same day gives the same sum: cents are cents in every shape of the report."""
    sums = []
    for name in ("analytics_user_cost_report", "analytics_user_cost_report_by_token_type"):
        found = read("claude_user_cost", {f"{BASE}/analytics/user_cost_report": [name]})
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


def test_a_renamed_product_keeps_one_name_and_both_rows() -> None:
    bucket = {"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-02T00:00:00Z"}
    results = [{"product": name, "model": "m", "amount": "100"} for name in ("claude-tag", "claude-in-slack")]
    body = {
        "organization_id": "org_1",
        "data_refreshed_at": "2026-09-02T08:00:00Z",
        "data": [{**bucket, "results": results}],
    }
    found = read("claude_cost", {f"{BASE}/analytics/cost_report": [body]}, "2026-09-01", "2026-09-02")
    assert [record["id"] for record in found] == [
        "claude_cost/org_1/2026-09-01T00:00:00Z/claude_tag/m",
        "claude_cost/org_1/2026-09-01T00:00:00Z/claude_tag/m/1",
    ]
    assert {(record["product"]["id"], record["surface"]) for record in found} == {("claude_tag", "claude_tag")}


def test_a_new_product_keeps_its_id_and_has_a_surface_in_snake_case() -> None:
    span = {"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-02T00:00:00Z"}
    results = [{"product": "Claude-in-Teams", "model": "m", "amount": "100"}]
    body = {"organization_id": "org_1", "data_refreshed_at": "2026-09-02T08:00:00Z"}
    pages = [{**body, "data": [{**span, "results": results}]}]
    (record,) = read("claude_cost", {f"{BASE}/analytics/cost_report": pages}, "2026-09-01", "2026-09-02")
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
    row = {**SPAN, "product": "chat", "model": "m", "amount": amount, "list_amount": list_amount}
    (record,) = stream_of("claude", CONFIG, "claude_cost").usages(Line(row, "id", Names({})))
    assert {charge["type"]: charge["amount"] for charge in record.get("charges", [])} == charges
    lost = [value for value in (amount, list_amount) if value in ("NaN", "1e999", "1e9999999", "oops")]
    warnings = [text for text in caplog.messages if "is no amount" in text]
    assert len(warnings) == len(lost)
    assert all(("net is taken" if "list_amount is" in text else "the charge is left out") in text for text in warnings)
    assert all("2026-07-14" in text for text in warnings)


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
    body = {**in_body, "data_refreshed_at": "2026-07-15T08:00:00Z", "data": [{**SPAN, "results": [{"amount": "1"}]}]}
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", NAMES)
        server.get(f"/v1/organizations/{path}", json=body, headers={"Anthropic-Organization-Id": "org_header"})
        (record,) = records(stream_of("claude", CONFIG, stream), window("2026-07-14", "2026-07-15"))
    assert record["organization"] == expected
