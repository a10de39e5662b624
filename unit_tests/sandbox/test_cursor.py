"""The simulated Cursor keeps the rules of the real one."""

from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.cursor import CursorSandbox
from sandbox.vendors.cursor.credentials import (
    FOREIGN_ORGANIZATION_ID,
    ORGANIZATION_ID,
    ORGANIZATION_KEY,
    ORGANIZATION_KEY_WITHOUT_USAGE,
    PERSONAL_KEY,
    READ_ONLY_TEAM_KEY,
    TEAM_KEY,
    TEAMS_PLAN_KEY,
)

NOW = datetime(2026, 9, 22, 9, 30, tzinfo=timezone.utc)
DAY = 1790035200000 - 5 * 86_400_000  # 2026-09-17
WINDOW = {"startDate": DAY, "endDate": DAY + 86_399_999}
EVENTS, DAILY = "/teams/filtered-usage-events", "/teams/daily-usage-data"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(days=40, now=NOW) as running:
        running.cursor.limits = {"": None}
        yield running


def ask(sandbox: Sandbox, path: str, body: Any = None, key: str = TEAM_KEY, **query: Any) -> requests.Response:
    method = "GET" if body is None else "POST"
    return requests.request(method, sandbox.url("cursor") + path, json=body, params=query, auth=(key, ""), timeout=10)


def events(sandbox: Sandbox, **body: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = ask(sandbox, EVENTS, {**WINDOW, "page": page, "pageSize": 1000, **body}).json()
        rows += answer["usageEvents"]
        if not answer["pagination"]["hasNextPage"]:
            assert answer["totalUsageEventsCount"] == len(rows)
            return rows
        page += 1


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "wording"),
    [
        (EVENTS, WINDOW, "crsr_wrong", 401, "Invalid Team API Key"),
        (EVENTS, WINDOW, PERSONAL_KEY, 401, "Invalid Team API Key"),
        (EVENTS, WINDOW, ORGANIZATION_KEY, 401, "Invalid Team API Key"),
        ("/organizations/spend", {}, TEAM_KEY, 401, "Invalid Organization API Key"),
        ("/organizations/spend", {}, ORGANIZATION_KEY, 400, "organizationId is required"),
        ("/organizations/spend", {}, ORGANIZATION_KEY_WITHOUT_USAGE, 401, "missing required scope: usage:*"),
        ("/organizations/spend", {"organizationId": FOREIGN_ORGANIZATION_ID}, ORGANIZATION_KEY, 403, "Not authorized"),
        ("/organizations/spend", {"organizationId": "org_x"}, ORGANIZATION_KEY, 404, "Organization not found"),
        ("/teams/members", None, READ_ONLY_TEAM_KEY, 403, "Not authorized"),
        ("/teams/groups", None, TEAMS_PLAN_KEY, 403, "Enterprise access required"),
        ("/analytics/by-user/models", None, TEAMS_PLAN_KEY, 401, "member of an enterprise team"),
        ("/analytics/by-user/nothing", None, TEAM_KEY, 404, "Resource not found"),
        ("/nowhere", None, TEAM_KEY, 404, "Resource not found"),
        (EVENTS, {"startDate": "yesterday"}, TEAM_KEY, 400, "epoch milliseconds"),
        (EVENTS, {**WINDOW, "pageSize": 1001}, TEAM_KEY, 400, "pageSize"),
        ("/analytics/ai-code/commits?startDate=2026-08-01&endDate=2026-08-31", None, TEAM_KEY, 400, "exceed 30 days"),
        (DAILY, {"startDate": DAY - 31 * 86_400_000, "endDate": DAY}, TEAM_KEY, 400, "cannot exceed 30 days"),
    ],
)
def test_refusals(sandbox: Sandbox, path: str, body: Any, key: str, status: int, wording: str) -> None:
    answer = ask(sandbox, path, body, key)
    assert (answer.status_code, wording in answer.text) == (status, True), answer.text


def test_the_key_is_the_user_of_basic_and_nothing_else(sandbox: Sandbox) -> None:
    url = sandbox.url("cursor") + "/teams/members"
    assert requests.get(url, auth=(TEAM_KEY, ""), timeout=10).status_code == 200
    assert requests.get(url, auth=(TEAM_KEY, "x"), timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": f"Bearer {TEAM_KEY}"}, timeout=10).status_code == 401


def test_every_endpoint_has_its_own_minute(sandbox: Sandbox) -> None:
    sandbox.cursor.limits = {"spend": 2, "": None}
    body = {"page": 1}
    assert [ask(sandbox, "/teams/spend", body).status_code for _ in range(3)] == [200, 200, 429]
    refused = ask(sandbox, "/teams/spend", body)
    assert refused.headers["Retry-After"] == "60"
    sandbox.cursor.retry_after = False
    assert "Retry-After" not in ask(sandbox, "/teams/spend", body).headers
    assert ask(sandbox, "/teams/members").status_code == 200
    sandbox.clock.advance(seconds=60)
    assert ask(sandbox, "/teams/spend", body).status_code == 200


def test_events_come_newest_first_and_both_bounds_are_inclusive(sandbox: Sandbox) -> None:
    rows = events(sandbox)
    times = [int(row["timestamp"]) for row in rows]
    assert times == sorted(times, reverse=True)
    edge = {"startDate": times[3], "endDate": times[3]}
    assert len(events(sandbox, **edge)) == times.count(times[3])


def test_any_page_size_cuts_the_same_rows(sandbox: Sandbox) -> None:
    whole = events(sandbox)
    for size in (7, 100):
        sandbox.cursor.page_cap = size
        assert events(sandbox) == whole


def test_there_are_twins_in_one_millisecond(sandbox: Sandbox) -> None:
    rows = [row for n in range(20) for row in events(sandbox, **_shifted(-n))]
    assert len({(row["timestamp"], row["model"]) for row in rows}) < len(rows)


def _shifted(days: int) -> dict[str, int]:
    return {name: value + days * 86_400_000 for name, value in WINDOW.items()}


def test_daily_usage_without_paging_leaves_idle_members_out(sandbox: Sandbox) -> None:
    active = ask(sandbox, DAILY, WINDOW).json()
    every = ask(sandbox, DAILY, {**WINDOW, "page": 1, "pageSize": 1000}).json()
    assert "pagination" not in active
    assert len(active["data"]) < len(every["data"])
    assert all(row["isActive"] for row in active["data"])


def test_a_removed_member_loses_the_address_but_not_the_events(sandbox: Sandbox) -> None:
    before = events(sandbox)
    number = next(p.number for p in sandbox.world.people if p.email == before[0]["userEmail"])
    sandbox.cursor.remove(number)
    after = events(sandbox)
    assert [row["timestamp"] for row in after] == [row["timestamp"] for row in before]
    assert "userEmail" not in after[0]


def test_drift_puts_a_late_event_between_two_pages(sandbox: Sandbox) -> None:
    sandbox.cursor.page_cap = 5
    sandbox.cursor.drift = 1
    totals = {
        ask(sandbox, EVENTS, {**WINDOW, "page": page, "pageSize": 5}).json()["totalUsageEventsCount"] for page in (1, 2)
    }
    assert len(totals) == 2


def test_the_era_of_2025(sandbox: Sandbox) -> None:
    sandbox.cursor.era_2025 = True
    row = events(sandbox)[0]
    assert "kindLabel" in row
    assert not {"kind", "chargedCents", "isChargeable"} & row.keys()


def test_same_seed_and_day_same_bytes(sandbox: Sandbox) -> None:
    with Sandbox(days=40, now=NOW) as other:
        for path, body in ((EVENTS, WINDOW), (DAILY, WINDOW), ("/teams/spend", {}), ("/teams/groups", None)):
            assert ask(other, path, body).content == ask(sandbox, path, body).content


def test_late_figures_change_and_rows_come_late(sandbox: Sandbox) -> None:
    recent = {"startDate": 1790035200000 - 3 * 86_400_000, "endDate": 1790035200000 - 1}
    before = {_name(row): row for row in events(sandbox, **recent)}
    sandbox.clock.advance(days=2)
    after = {_name(row): row for row in events(sandbox, **recent)}
    assert before.keys() < after.keys()
    assert [name for name, row in before.items() if row["chargedCents"] != after[name]["chargedCents"]]


def _name(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["timestamp"], row["model"], row.get("conversationId")


def test_the_ledger_sums_up_what_is_served(sandbox: Sandbox) -> None:
    entries = sandbox.cursor.ledger(date(2026, 9, 17), date(2026, 9, 18))["cursor_usage_events"]
    rows = events(sandbox)
    assert len(entries) == len(rows)
    net = sum(entry.charges.get(("net", "USD"), Decimal(0)) for entry in entries)
    billed = sum(Decimal(repr(row["chargedCents"])) for row in rows if row["isChargeable"])
    assert abs(net * 100 - billed) < Decimal("0.0000001") * len(rows)


def test_a_billing_cycle_is_asked_for_by_the_midnight_of_a_date(sandbox: Sandbox) -> None:
    starts = [
        ask(sandbox, "/teams/groups", billingCycle=day).json()["billingCycle"]["cycleStart"]
        for day in ("2026-09-14", "2026-09-15")
    ]
    assert starts == ["2026-08-14T10:21:33.000Z", "2026-09-14T10:21:33.000Z"]


def test_an_organization_sees_both_teams(sandbox: Sandbox) -> None:
    body = {**WINDOW, "organizationId": ORGANIZATION_ID}
    path = "/organizations/filtered-usage-events"
    assert ask(sandbox, path, body, ORGANIZATION_KEY).json()["pagination"]["pageSize"] == 10
    body["pageSize"] = 1000
    teams = {row["teamId"] for row in ask(sandbox, path, body, ORGANIZATION_KEY).json()["usageEvents"]}
    assert teams == {101, 202}
    body["teamIds"] = [202]
    only = ask(sandbox, path, body, ORGANIZATION_KEY).json()["usageEvents"]
    assert {row["teamId"] for row in only} == {202}
    pooled = ask(sandbox, "/organizations/pooled-usage", body, ORGANIZATION_KEY).json()
    assert [team["teamId"] for team in pooled["teams"]] == [101, 202]
    used = [team["usedCents"] for team in pooled["teams"]]
    assert sum(used) == pytest.approx(pooled["pool"]["usedCents"], abs=1e-5)
    spend = ask(sandbox, "/organizations/spend", {**body, "pageSize": 1000}, ORGANIZATION_KEY).json()
    assert spend["totalCount"] == len(spend["teamMemberSpend"])
    assert sum(row["spendCents"] for row in spend["teamMemberSpend"]) == pytest.approx(used[1], abs=1e-4)


def test_organizations_are_limited_apart(sandbox: Sandbox) -> None:
    sandbox.cursor.limits = dict(CursorSandbox(sandbox.world, sandbox.clock).limits)
    body = {**WINDOW, "organizationId": ORGANIZATION_ID}
    path = "/organizations/filtered-usage-events"
    assert [ask(sandbox, path, body, ORGANIZATION_KEY).status_code for _ in range(21)] == [200] * 20 + [429]
    assert [ask(sandbox, EVENTS, WINDOW).status_code for _ in range(61)] == [200] * 60 + [429]


def test_events_of_one_millisecond_change_places(sandbox: Sandbox) -> None:
    sandbox.cursor.restless = True
    first, second = events(sandbox), events(sandbox)
    assert [row["timestamp"] for row in first] == [row["timestamp"] for row in second]
    assert first != second
    assert sorted(map(repr, first)) == sorted(map(repr, second))


def test_a_time_without_events_without_its_list(sandbox: Sandbox) -> None:
    sandbox.cursor.listless = True
    answer = ask(sandbox, EVENTS, _shifted(-300)).json()
    assert answer["totalUsageEventsCount"] == "0"
    assert "usageEvents" not in answer


@pytest.mark.parametrize(
    ("path", "rows", "asked"),
    [
        (EVENTS, "usageEvents", WINDOW),
        (DAILY, "data", WINDOW),
        ("/teams/spend", "teamMemberSpend", {}),
        ("/analytics/ai-code/changes", "items", {"startDate": "2026-09-01", "endDate": "2026-09-08"}),
    ],
)
def test_a_list_that_never_ends(sandbox: Sandbox, path: str, rows: str, asked: dict[str, Any]) -> None:
    sandbox.cursor.endless = True
    seen: list[Any] = []
    for page in range(1, 5):
        body = {**asked, "page": page, "pageSize": 100}
        answer = (ask(sandbox, path, None, **body) if "ai-code" in path else ask(sandbox, path, body)).json()
        assert answer.get("pagination", {}).get("hasNextPage", True)
        assert answer.get("totalPages", page + 1) == page + 1
        assert answer[rows]
        assert answer[rows] not in seen
        seen.append(answer[rows])


def test_every_kind_is_played(sandbox: Sandbox) -> None:
    rows = [row for n in range(20) for row in events(sandbox, **_shifted(-n))]
    assert {row["kind"] for row in rows} == {
        *("Usage-based", "On-Demand", "Custom Subscription", "Unspecified"),
        *("Included in Business", "Included in Pro Plus", "Included in Ultra", "Free Credit"),
        *("Errored, Not Charged", "Errored, No Charge", "Aborted, Not Charged", "User API Key"),
    }
    by_request = [row for row in rows if row["isChargeable"] and not row["isTokenBasedCall"] and row["chargedCents"]]
    assert by_request
    assert all(row["chargedCents"] == 4 * row["requestsCosts"] for row in by_request)
    assert any("tokenUsage" in row for row in by_request)
    assert "null" in {row.get("serviceAccountId") for row in rows}


@pytest.mark.parametrize(
    ("path", "rows", "asked"),
    [
        ("/teams/spend", "teamMemberSpend", {}),
        ("/analytics/ai-code/changes", "items", {"startDate": "2026-09-01", "endDate": "2026-09-08"}),
        ("/analytics/team/bugbot", "data", {"startDate": "2026-09-01", "endDate": "2026-09-08", "prState": "all"}),
    ],
)
def test_a_row_that_slips_to_the_page_before(sandbox: Sandbox, path: str, rows: str, asked: dict[str, Any]) -> None:
    def pages() -> list[Any]:
        found = []
        for page in (1, 2):
            body = {**asked, "page": page, "pageSize": 100}
            answer = (ask(sandbox, path, None, **body) if "analytics" in path else ask(sandbox, path, body)).json()
            assert len(answer[rows]) == 2
            found += answer[rows]
        return found

    sandbox.cursor.page_cap = 2
    still = pages()
    sandbox.cursor.shifts = 1
    assert pages() == [still[0], still[1], still[1], still[3]]
    assert pages() == still
