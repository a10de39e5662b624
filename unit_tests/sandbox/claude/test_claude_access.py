"""Keys, refusals and limits of the simulated Claude APIs."""

from datetime import timedelta

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.claude.credentials import (
    ADMIN_KEY,
    ANALYTICS_KEY,
    ANALYTICS_KEY_WITHOUT_MEMBERS,
    INFERENCE_KEY,
    MEMBERS_ONLY_KEY,
)
from unit_tests.sandbox.claude.asking import TODAY, ago, ask, body, refusal, window


@pytest.mark.parametrize(
    ("key", "path", "status", "wording"),
    [
        (INFERENCE_KEY, "analytics/users", 401, "invalid x-api-key"),
        ("sk-ant-unknown", "me", 401, "invalid x-api-key"),
        (ADMIN_KEY, "analytics/users", 403, "Got: [org:admin]. Needed: [read:analytics]"),
        (ANALYTICS_KEY, "me", 403, "Needed: [org:admin]"),
        (ANALYTICS_KEY, "usage_report/messages", 403, "Needed: [org:admin]"),
        (MEMBERS_ONLY_KEY, "analytics/users", 403, "Got: ['read:members'] Needed: ['read:analytics']"),
        (ANALYTICS_KEY_WITHOUT_MEMBERS, "users", 403, "Needed: ['read:members']"),
    ],
)
def test_wrong_keys(sandbox: Sandbox, key: str, path: str, status: int, wording: str) -> None:
    answered, message = refusal(sandbox, path, key=key)
    assert answered == status
    assert wording in message


def test_each_key_sees_its_own_organization(sandbox: Sandbox) -> None:
    answers = [ask(sandbox, "users", key=key) for key in (ANALYTICS_KEY, ADMIN_KEY)]
    organizations = {answer.headers["anthropic-organization-id"] for answer in answers}
    assert len(organizations) == 2
    assert not {row["id"] for row in answers[0].json()["data"]} & {row["id"] for row in answers[1].json()["data"]}
    url = f"{sandbox.url('claude')}/v1/organizations/me"
    assert requests.get(url, headers={"x-api-key": ADMIN_KEY}, timeout=10).status_code == 400


def test_access_knobs(sandbox: Sandbox) -> None:
    claude = sandbox.claude
    claude.denied = {"analytics/cost_report"}
    claude.absent = {"analytics/plugins"}
    assert refusal(sandbox, "analytics/cost_report", **window(3, 2))[0] == 403
    assert body(sandbox, "analytics/usage_report", **window(3, 2))["data"]
    assert refusal(sandbox, "analytics/plugins", date=ago(3)) == (404, "Not found")
    ledger = claude.ledger(TODAY - timedelta(days=3), TODAY)
    assert not ledger["claude_cost"]
    assert not ledger["claude_plugins"]
    claude.older_not_found = True
    assert refusal(sandbox, "analytics/users", key=ADMIN_KEY)[0] == 404
    assert refusal(sandbox, "analytics/cost_report", key="sk-ant-unknown")[0] == 401
    claude.analytics_off = True
    disabled = "Analytics API access is disabled for this organization."
    assert refusal(sandbox, "analytics/users") == (403, disabled)
    assert refusal(sandbox, "nowhere") == (404, "Not found")


def test_sixty_analytics_requests_a_minute_for_all_keys_together(sandbox: Sandbox) -> None:
    for number in range(60):
        key = (ANALYTICS_KEY, ANALYTICS_KEY_WITHOUT_MEMBERS)[number % 2]
        assert ask(sandbox, "analytics/artifacts", key=key, date=ago(3)).status_code == 200
    refused = ask(sandbox, "analytics/users", date=ago(3))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert ask(sandbox, "me").status_code == 200
    sandbox.clock.advance(seconds=60)
    assert ask(sandbox, "analytics/users", date=ago(3)).status_code == 200


def test_admin_429_names_no_wait(sandbox: Sandbox) -> None:
    sandbox.claude.admin_limit.requests = 1
    assert ask(sandbox, "me").status_code == 200
    refused = ask(sandbox, "me")
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    sandbox.claude.admin_retry_after = True
    assert "retry-after" in ask(sandbox, "me").headers
