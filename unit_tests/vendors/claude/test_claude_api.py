"""How Claude is asked: waits that it names, and what its refusals mean."""

import pendulum
import pytest
import requests_mock

from source_unified_usage.core import clock
from source_unified_usage.core.errors import BrokenContract, ConfigError
from source_unified_usage.vendors.claude.api import MESSAGES, AdminApi

NOW = pendulum.datetime(2026, 7, 15, 9)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> AdminApi:
    """At a time that stands, but for what is waited."""
    monkeypatch.setattr(clock, "now", lambda: NOW.add(seconds=sum(waits)))
    return AdminApi("https://claude.test", "sk-ant-admin01-unit")


def reset(seconds: int) -> dict[str, str]:
    return {"anthropic-ratelimit-requests-reset": NOW.add(seconds=seconds).to_rfc3339_string()}


def test_a_quota_whose_reset_is_named_is_asked_for_once_more_at_the_reset(api: AdminApi, waits: list[float]) -> None:
    limited = {"status_code": 429, "headers": reset(40), "json": {"error": {"message": "Too many requests"}}}
    with requests_mock.Mocker() as server:
        server.get(f"https://claude.test{MESSAGES}", [limited, {"json": {"data": []}}])
        assert api.get(MESSAGES).rows("data") == []
    assert server.call_count == 2
    assert waits == [40]


@pytest.mark.parametrize("seconds", [-30, 0, 3601])
def test_a_reset_that_is_over_or_far_off_says_nothing(api: AdminApi, waits: list[float], seconds: int) -> None:
    limited = {"status_code": 429, "headers": reset(seconds), "json": {}}
    with requests_mock.Mocker() as server:
        server.get(f"https://claude.test{MESSAGES}", [limited, {"json": {"data": []}}])
        api.get(MESSAGES)
    assert len(waits) == 1
    assert 2 <= waits[0] <= 2.2


def test_no_request_left_holds_the_next_one_until_the_reset(api: AdminApi, waits: list[float]) -> None:
    spent = {**reset(40), "anthropic-ratelimit-requests-remaining": "0"}
    with requests_mock.Mocker() as server:
        server.get(f"https://claude.test{MESSAGES}", [{"headers": spent, "json": {}}, {"json": {}}])
        api.get(MESSAGES)
        assert waits == []
        api.get(MESSAGES)
    assert waits == [40]


@pytest.mark.parametrize("rows", ["data", "summaries"])
def test_empty_pages_that_never_end_break_the_contract(api: AdminApi, rows: str) -> None:
    pages = [{"json": {rows: [], "has_more": True, "next_page": f"page {number}"}} for number in range(51)]
    with requests_mock.Mocker() as server:
        server.get(f"https://claude.test{MESSAGES}", pages)
        with pytest.raises(BrokenContract, match="50 empty pages one after another"):
            api.read(MESSAGES, {})


@pytest.mark.parametrize(
    ("worked", "wording", "advice"),
    [
        (False, "No access", "holds an ordinary key (sk-ant-api03-...), which opens no usage API"),
        (True, "No access", "organization or plan of claude.admin_api_key does not include this report"),
        (False, "API access is disabled for this organization.", "The organization's owner must switch API access on"),
    ],
)
def test_a_personal_key_that_works_is_not_taken_for_one_of_a_workspace(worked: bool, wording: str, advice: str) -> None:
    """Personal and service keys begin as those of workspaces do: only the vendor's refusal tells."""
    api = AdminApi("https://claude.test", "sk-ant-api03-unit")
    with requests_mock.Mocker() as server:
        server.get(f"https://claude.test{MESSAGES}", json={"data": []})
        server.get("https://claude.test/cost_report", status_code=403, json={"error": {"message": wording}})
        if worked:
            api.for_stream("claude_api_usage").get(MESSAGES)
        with pytest.raises(ConfigError) as refused:
            api.for_stream("claude_api_cost").get("/cost_report")
    assert advice in str(refused.value)
