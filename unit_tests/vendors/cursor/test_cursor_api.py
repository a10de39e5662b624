"""What Cursor refuses, how fast it is asked, and which streams a configuration offers."""

from typing import Any

import pendulum
import pytest
import requests_mock

from source_unified_usage.core.errors import ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.window import days
from source_unified_usage.vendors.cursor import Cursor
from source_unified_usage.vendors.cursor.mapping import Item, People
from unit_tests.vendors.cursor.answers import API, CONFIG, DAILY, EVENT, EVENTS, page, read
from unit_tests.vendors.samples import records, sample, stream_of, window


def test_the_pool_and_the_pace_of_an_organization(server: requests_mock.Mocker) -> None:
    config = {"organization_id": "org_1", "team_ids": [7], "enterprise": False}
    pooled = f"{API}/organizations/pooled-usage"
    teams = [{"teamId": 7, "usedCents": 100}, {"teamId": 8, "usedCents": 200}, {"teamId": "7", "usedCents": 300}]
    server.post(pooled, json={"pool": {"usedCents": 600}, "teams": teams})
    found = read("cursor_pooled_usage", **config)
    assert [record["charges"][0]["amount"] for record in found] == [1, 3]
    assert [request.json() for request in server.request_history] == [{"organizationId": "org_1"}]
    server.post(pooled, json={"pool": {}, "teams": [{"usedCents": 200}]})
    with pytest.raises(KeyError, match="teamId"):
        read("cursor_pooled_usage", **config)
    stream = stream_of("cursor", {**CONFIG, **config}, "cursor_usage_events")
    assert stream.api.rate_limit_for(stream.path()).requests == 20
    assert stream.api.rate_limit_for("/teams/filtered-usage-events").requests == 60


@pytest.mark.parametrize(("config", "size"), [({}, 100), ({"organization_id": "org_1", "enterprise": False}, 1000)])
def test_spend_comes_by_the_largest_page_that_is_documented(
    server: requests_mock.Mocker, config: dict[str, Any], size: int
) -> None:
    server.post(requests_mock.ANY, json={"teamMemberSpend": [], "subscriptionCycleStart": 0, "totalPages": 1})
    read("cursor_spend", **config)
    assert [request.json()["pageSize"] for request in server.request_history] == [size]


@pytest.mark.parametrize(
    ("said", "created"),
    [
        ("2026-09-01T10:00:00.000Z", "2026-09-01T10:00:00.000Z"),
        ("2026-09-01T12:00:00+02:00", "2026-09-01T10:00:00Z"),
        ("2026-09-01T10:00:00", "2026-09-01T10:00:00Z"),
    ],
)
@pytest.mark.parametrize("name", ["cursor_ai_code_commits", "cursor_ai_code_changes"])
def test_when_ai_code_was_made_is_in_utc(name: str, said: str, created: str) -> None:
    item = Item({"changeId": "c1", "commitHash": "h1", "createdAt": said}, People({}))
    (record,) = stream_of("cursor", CONFIG, name).usages(item)
    assert record["created_at"] == created


@pytest.mark.parametrize("unsaid", [None, "", "null"])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("cursor_bugbot", "repo"),
        ("cursor_bugbot", "pr_number"),
        ("cursor_bugbot_reviews", "request_id"),
        ("cursor_ai_code_changes", "changeId"),
        ("cursor_ai_code_commits", "commitHash"),
    ],
)
def test_a_row_whose_key_says_nothing_is_an_error(name: str, field: str, unsaid: str | None) -> None:
    """Else such a row would overwrite that of another window."""
    row = {"repo": "acme/app", "pr_number": 1, "timestamp": "2026-09-01T10:00:00Z", "createdAt": "2026-09-01T10:00:00Z"}
    row |= {"request_id": "r1", "charged_cents": 1, "changeId": "c1", "commitHash": "h1"}
    stream = stream_of("cursor", CONFIG, name)

    def usages(row: dict[str, Any]) -> list[Any]:
        return [*stream.usages(Item(row, People({})) if "ai_code" in name else row)]

    assert len(usages(row)) == 1
    with pytest.raises(KeyError, match=field):
        usages({**row, field: unsaid})


@pytest.mark.parametrize("name", ["cursor_ai_code_commits", "cursor_ai_code_changes"])
def test_ai_code_is_read_by_thirty_days(name: str) -> None:
    assert stream_of("cursor", CONFIG, name).step == days(30)


def test_billing_cycles_change_in_the_middle_of_a_day(server: requests_mock.Mocker) -> None:
    """A date is its midnight: that of the 14th lies in the cycle before. Each cycle is asked for once a sync."""

    def cycle(request: Any, _: Any) -> dict[str, Any]:
        day = pendulum.parse(request.qs["billingcycle"][0])
        assert isinstance(day, pendulum.DateTime)
        start = day.set(day=14, hour=10, minute=21, second=33)
        start = start if start <= day else start.subtract(months=1)
        bounds = {"cycleStart": str(start), "cycleEnd": str(start.add(months=1))}
        return {"groups": [{"id": "group_1", "spendCents": 1}], "unassignedGroup": None, "billingCycle": bounds}

    server.get(f"{API}/teams/groups", json=cycle)
    stream = stream_of("cursor", CONFIG, "cursor_group_spend")
    months = [
        window("2026-06-14", "2026-07-01"),
        window("2026-07-01", "2026-08-01"),
        window("2026-08-01", "2026-08-15"),
    ]
    found = [record["start_date"] for month in months for record in records(stream, month)]
    assert found == [f"2026-{month}-14T10:21:33Z" for month in ("05", "06", "07")]
    asked = [request.qs["billingcycle"] for request in server.request_history]
    assert asked == [["2026-06-14"], ["2026-06-15"], ["2026-07-15"]]


ERRORS = {
    error["body"]["message" if "message" in error["body"] else "error"]: error for error in sample("cursor", "errors")
}


@pytest.mark.parametrize(
    ("wording", "kind", "advice"),
    [
        ("Invalid Team API Key", KeyRefused, "team API key made by a team admin into cursor.api_key"),
        ("Invalid API key", KeyRefused, "team API key made by a team admin into cursor.api_key"),
        ("You must be a member of an enterprise team to access this resource", ConfigError, "needs an Enterprise plan"),
        ("Enterprise access required", ConfigError, "needs an Enterprise plan"),
        ("Invalid Organization API Key", KeyRefused, "organization's key because organization_id is set"),
        ("Organization API key missing required scope: usage:*", ConfigError, "the scope that Cursor names"),
        ("Not authorized", ConfigError, "Check cursor.organization_id"),
        ("Organization not found", ConfigError, "Check cursor.organization_id"),
        ("Date range cannot exceed 30 days", ConfigError, "Check the configuration"),
        ("Rate limit exceeded. Please try again later.", Unavailable, "it did not refuse the key"),
        ("An unexpected error occurred", Unavailable, "The next sync tries again"),
    ],
)
def test_an_error_names_vendor_stream_and_what_to_do(
    server: requests_mock.Mocker, wording: str, kind: type[Exception], advice: str
) -> None:
    server.post(DAILY, status_code=ERRORS[wording]["status"], json=ERRORS[wording]["body"])
    with pytest.raises(kind, match="Cursor, stream cursor_daily_usage, /teams/daily-usage-data: ") as raised:
        read("cursor_daily_usage")
    assert wording in str(raised.value)
    assert advice in str(raised.value)
    assert (type(raised.value) is KeyRefused) == (kind is KeyRefused)


def test_a_key_that_analytics_refuses_still_reads_the_events(server: requests_mock.Mocker) -> None:
    """Older tenants have a key of its own for Analytics."""
    refused = {"code": "error", "message": "Invalid Team API Key"}
    server.get(f"{API}/analytics/by-user/models", status_code=401, json=refused)
    server.post(EVENTS, **page(EVENT))
    day = window("2026-09-01", "2026-09-02")
    for config, error in ((CONFIG, ConfigError), ({**CONFIG, "analytics_api_key": "crsr_second"}, KeyRefused)):
        streams = {stream.name: stream for stream in Cursor(config).streams()}
        with pytest.raises(ConfigError, match=r"Invalid Team API Key.* into cursor\..*analytics_api_key") as raised:
            records(streams["cursor_analytics_models"], day)
        assert type(raised.value) is error
        assert len(records(streams["cursor_usage_events"], day)) == 1


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"api_key": "crsr_1", "team_ids": [1]}, "cursor.team_ids works only with cursor.organization_id"),
        ({"api_key": "crsr_1", "organization_id": "org_1", "enterprise": True}, "analytics_api_key is missing"),
    ],
)
def test_a_block_that_cannot_work(block: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Cursor(block).streams()


@pytest.mark.parametrize("more", [{}, {"organization_id": "org_1", "analytics_api_key": "crsr_2"}])
def test_the_events_alone_are_the_bill_and_have_the_tokens(more: dict[str, Any]) -> None:
    streams = Cursor({**CONFIG, **more}).streams()
    assert {stream.name for stream in streams if stream.role == "bill"} == {"cursor_usage_events"}
    assert {stream.name for stream in streams if stream.counts_tokens} == {"cursor_usage_events"}
    restating = [stream for stream in streams if stream.role == "restates"]
    assert {stream.restates for stream in restating} == {("cursor_usage_events",)}
    money = {"spend", "group_spend", "bugbot_reviews", *(["pooled_usage"] if more else [])}
    assert {stream.name.removeprefix("cursor_") for stream in restating} == money


def test_the_catalog_follows_from_the_config() -> None:
    always = ["cursor_usage_events", "cursor_daily_usage", "cursor_spend"]
    assert [stream.name for stream in Cursor({"api_key": "crsr_1"}).streams()] == always
    organization = {"api_key": "crsr_1", "organization_id": "org_1"}
    assert [stream.name for stream in Cursor(organization).streams()] == [*always, "cursor_pooled_usage"]
    assert [stream.name.removeprefix("cursor_") for stream in Cursor(CONFIG).streams()][3:] == [
        "ai_code_commits",
        "ai_code_changes",
        "analytics_models",
        "analytics_agent_edits",
        "analytics_tabs",
        "analytics_mcp",
        "analytics_skills",
        "analytics_commands",
        "analytics_plans",
        "analytics_ask_mode",
        "bugbot",
        "bugbot_reviews",
        "group_spend",
    ]
