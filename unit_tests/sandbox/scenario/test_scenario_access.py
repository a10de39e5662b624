"""Keys, refusals and limits of the simulated Scenario."""

from datetime import date, timedelta
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.scenario.credentials import (
    ANALYTICS_KEY,
    ANALYTICS_SECRET,
    OTHER_TEAM_ID,
    PROJECT_KEY,
    PROJECT_SECRET,
    TEAM_KEY,
    TEAM_KEY_WITHOUT_USAGE,
)
from unit_tests.sandbox.scenario.asking import BUSY, YESTERDAY, ask, bounds


@pytest.mark.parametrize(
    ("path", "key", "query", "status", "wording"),
    [
        ("/v1/usages", "api_wrong", {}, 401, '{"message":"Unauthorized"}'),
        ("/v1/usages", TEAM_KEY_WITHOUT_USAGE, {}, 403, '"API Keys cannot access protected resources"'),
        ("/v1/projects", TEAM_KEY, {}, 403, '"API Keys cannot access protected resources"'),
        ("/v1/usage", ANALYTICS_KEY, {}, 403, '{"message":"Missing Authentication Token"}'),
        ("/usages", "api_wrong", {}, 403, "Missing Authentication Token"),
        ("/v1/usages", ANALYTICS_KEY, {"endDate": "2026-09-01"}, 400, "startDate is required when endDate"),
        ("/v1/usages", ANALYTICS_KEY, {"startDate": "2026-09-01"}, 400, "endDate is required when startDate"),
        ("/v1/usages", ANALYTICS_KEY, {"startDate": "soon", "endDate": "2026-09-01"}, 400, "valid ISO 8601"),
        ("/v1/usages", ANALYTICS_KEY, {"startDate": "2026-09-02", "endDate": "2026-09-01"}, 400, "after startDate"),
        ("/v1/usages", ANALYTICS_KEY, bounds(date(2026, 1, 1), date(2026, 5, 1)), 400, "must not exceed 120 days"),
        ("/v1/usages", ANALYTICS_KEY, {"timeRange": "last-year"}, 400, "timeRange must be one of"),
        ("/v1/usages", ANALYTICS_KEY, {"teamId": "team_nobody"}, 404, "Team not found"),
        ("/v1/usages", ANALYTICS_KEY, {"teamId": OTHER_TEAM_ID}, 404, "Team not found"),
        (
            "/v1/usages",
            ANALYTICS_KEY,
            {"projectIds": "project_x", **bounds(BUSY)},
            403,
            "do not have access to project project_x",
        ),
        (
            "/v1/usages",
            PROJECT_KEY,
            {"projectIds": "project_SANDBOXdefault00001", **bounds(BUSY)},
            403,
            "do not have access",
        ),
        ("/v1/projects", ANALYTICS_KEY, {"pageSize": "101"}, 400, "pageSize must be between 1 and 100"),
        ("/v1/projects", ANALYTICS_KEY, {"paginationToken": "x"}, 400, "paginationToken is invalid"),
        ("/v1/usages", ANALYTICS_KEY, {}, 400, "timeRange must be one of"),
        (f"/v1/teams/{OTHER_TEAM_ID}/limits", ANALYTICS_KEY, {}, 403, "Missing Authentication Token"),
    ],
)
def test_refusals(sandbox: Sandbox, path: str, key: str, query: dict[str, str], status: int, wording: str) -> None:
    answer = ask(sandbox, path, key, **query)
    assert (answer.status_code, wording in answer.text) == (status, True), answer.text
    assert ("trace_id" in answer.json()) == ("reason" in answer.json())


def test_only_basic_with_the_right_secret_opens(sandbox: Sandbox) -> None:
    url = sandbox.url("scenario") + "/v1/teams"
    assert requests.get(url, auth=(ANALYTICS_KEY, ANALYTICS_SECRET), timeout=10).status_code == 200
    assert requests.get(url, auth=(ANALYTICS_KEY, PROJECT_SECRET), timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": f"Bearer {ANALYTICS_KEY}"}, timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": "Basic %%%"}, timeout=10).status_code == 401
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.post(url, auth=(ANALYTICS_KEY, ANALYTICS_SECRET), timeout=10).status_code == 403


def test_120_days_are_served_and_older_than_kept_is_not(own: Sandbox) -> None:
    assert ask(own, **bounds(YESTERDAY - timedelta(days=119), YESTERDAY), type="consumption").status_code == 200
    own.scenario.retention = timedelta(days=30)
    answer = ask(own, **bounds(date(2026, 8, 1)))
    assert (answer.status_code, answer.json()["reason"]) == (400, "startDate must not be older than 30 days")
    assert ask(own, **bounds(date(2026, 8, 24))).status_code == 200
    entries = own.scenario.ledger(date(2026, 8, 1), date(2026, 9, 1))["scenario_consumption"]
    assert min(entry.start for entry in entries) == "2026-08-24T00:00:00Z"


@pytest.mark.parametrize(
    ("form", "headers", "body"),
    [
        ("cooldown", {}, {"reason": "cooldown", "remainingSeconds": 60}),
        ("retry-after", {"retry-after": "60"}, {"message": "Too Many Requests"}),
        ("retry-after-ms", {"retry-after-ms": "60000"}, {"message": "Too Many Requests"}),
        ("bare", {}, {"message": "Too Many Requests"}),
    ],
)
def test_the_limit_is_per_key_and_names_the_wait(
    own: Sandbox, form: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    own.scenario.limit, own.scenario.throttle_form = Limit(2, 60), form
    answers = [ask(own, "/v1/teams") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == body
    assert {name: answers[2].headers[name] for name in answers[2].headers if name.startswith("retry")} == headers
    assert ask(own, "/v1/teams", TEAM_KEY).status_code == 200
    own.clock.advance(seconds=60)
    assert ask(own, "/v1/teams").status_code == 200


def test_troubles_hit_one_answer_each(own: Sandbox) -> None:
    own.scenario.troubles = ["cooldown", "retry-after", "bare", "502", "504", "html", "truncated", "empty"]
    answers = [ask(own, type="consumption", timeRange="last-day") for _ in range(9)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 502, 504, 502, 200, 200, 200]
    assert answers[0].json() == {"reason": "cooldown", "remainingSeconds": 12}
    assert answers[3].json() == {"message": "Internal server error"}
    assert answers[4].json() == {"message": "Endpoint request timed out"}
    assert answers[5].headers["content-type"].startswith("text/html")
    assert answers[8].content.startswith(answers[6].content) and answers[6].content != answers[8].content
    assert answers[7].json() == {}


def test_wide_and_large_answers_fail_at_the_gateway(own: Sandbox) -> None:
    size = len(ask(own, **bounds(BUSY)).content)
    own.scenario.payload_limit = size - 1
    assert ask(own, **bounds(BUSY)).status_code == 502
    assert ask(own, **bounds(BUSY), dropZeroPoints="").status_code == 200
    own.scenario.slow_window = timedelta(hours=12)
    assert ask(own, **bounds(BUSY), type="consumption").status_code == 504
    noon = {"startDate": f"{BUSY}T12:00:00.000Z", "endDate": f"{BUSY}T23:59:59.999Z"}
    assert ask(own, **noon, type="consumption").status_code == 200
