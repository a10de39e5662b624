"""Tokens, refusals and limits of the simulated GitHub."""

import pytest
import requests

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.github.credentials import (
    APP_TOKEN,
    ENTERPRISE_TOKEN,
    FINE_GRAINED_ENTERPRISE_TOKEN,
    FINE_GRAINED_TOKEN,
    MEMBER_TOKEN,
    ORGANIZATION_TOKEN,
)
from sandbox.vendors.github.estate import ENTERPRISE
from sandbox.vendors.github.knobs import Knobs
from unit_tests.sandbox.github.asking import BILL, METRICS, OF_ENTERPRISE, SEATS, VERSION, Call, days_ago, of

DAY = of(days_ago(4))


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (None, f"{BILL}/usage", 401),
        ("ghp_of_nobody", f"{BILL}/usage", 401),
        (ORGANIZATION_TOKEN, f"{BILL}/usage", 200),
        (FINE_GRAINED_TOKEN, f"{BILL}/usage", 200),
        (APP_TOKEN, f"{BILL}/usage", 200),
        (MEMBER_TOKEN, f"{BILL}/usage", 403),
        (MEMBER_TOKEN, SEATS, 200),
        (FINE_GRAINED_TOKEN, SEATS, 403),
        (FINE_GRAINED_ENTERPRISE_TOKEN, f"{OF_ENTERPRISE}/usage", 403),
        (APP_TOKEN, f"{OF_ENTERPRISE}/usage", 403),
        (ENTERPRISE_TOKEN, f"{OF_ENTERPRISE}/usage", 200),
        (ORGANIZATION_TOKEN, f"{OF_ENTERPRISE}/usage", 404),
        (ENTERPRISE_TOKEN, f"{BILL}/usage", 404),
        (ORGANIZATION_TOKEN, "organizations/other/settings/billing/usage", 404),
        (ORGANIZATION_TOKEN, BILL.replace("organizations", "orgs") + "/usage", 404),
        (ORGANIZATION_TOKEN, f"{BILL}/cost-centers", 404),
    ],
)
def test_which_token_reads_what(get: Call, token: str | None, path: str, status: int) -> None:
    answer = get(path, token, **DAY)
    assert answer.status_code == status
    assert answer.headers["X-GitHub-Request-Id"]
    if status >= 400:
        assert answer.json()["status"] == str(status)


def test_an_app_reads_the_metrics(get: Call) -> None:
    answers = [get(METRICS, token, day=f"{days_ago(5)}") for token in (APP_TOKEN, FINE_GRAINED_TOKEN)]
    assert [answer.status_code for answer in answers] == [200, 403]


@pytest.mark.parametrize("version", ["2022-11-28", ""])
def test_another_version_lacks_the_routes(get: Call, version: str) -> None:
    answer = get(f"{BILL}/usage", version=version, **DAY)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_no_user_agent_is_refused(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {ORGANIZATION_TOKEN}", "X-GitHub-Api-Version": VERSION, "User-Agent": ""}
    assert requests.get(f"{sandbox.url('github')}/{BILL}/usage", headers=headers, timeout=10).status_code == 403


def test_an_account_is_spelled_in_any_case(get: Call) -> None:
    assert get(f"{OF_ENTERPRISE.replace(ENTERPRISE, ENTERPRISE.upper())}/usage", ENTERPRISE_TOKEN).status_code == 200


def test_an_old_platform_has_no_bill(sandbox: Sandbox, get: Call) -> None:
    sandbox.github.new_platform = False
    assert [get(path, **DAY).status_code for path in (f"{BILL}/usage", SEATS)] == [404, 200]


@pytest.mark.parametrize(
    ("subject", "path", "token"),
    [
        ("cost-centers", f"{OF_ENTERPRISE}/cost-centers", ENTERPRISE_TOKEN),
        ("reports", f"{OF_ENTERPRISE}/reports", ENTERPRISE_TOKEN),
        ("seats", SEATS, ORGANIZATION_TOKEN),
        ("metrics", METRICS, ORGANIZATION_TOKEN),
    ],
)
def test_what_is_denied(sandbox: Sandbox, get: Call, subject: str, path: str, token: str) -> None:
    sandbox.github.denied = {subject}
    answer = get(path, token, day=f"{days_ago(5)}")
    assert answer.status_code == 403
    assert ("policy" in answer.json()["message"]) == (subject == "metrics")


@pytest.mark.parametrize("query", [{"day": 31, "month": 6}, {"month": 13}, {"year": "now"}, {"day": 0}])
def test_no_such_day(get: Call, query: dict[str, object]) -> None:
    assert get(f"{BILL}/usage", **{**DAY, **query}).status_code == 400


def test_an_hour_has_five_thousand_requests() -> None:
    limit = Knobs().limit
    assert (limit.requests, limit.seconds) == (5000, 3600)


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_names_its_reset(sandbox: Sandbox, get: Call, status: int) -> None:
    sandbox.github.limit, sandbox.github.limit_status = Limit(2, 3600, aligned=True), status
    answers = [get(f"{BILL}/usage", **DAY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, status]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert "Retry-After" not in answers[2].headers
    assert int(answers[2].headers["X-RateLimit-Reset"]) == sandbox.clock.now().timestamp() + 1800
    assert get(f"{OF_ENTERPRISE}/usage", ENTERPRISE_TOKEN, **DAY).status_code == 200
    sandbox.clock.advance(minutes=30)
    assert get(f"{BILL}/usage", **DAY).status_code == 200


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("named", [True, False])
def test_the_secondary_limit(sandbox: Sandbox, get: Call, status: int, named: bool) -> None:
    vendor = sandbox.github
    vendor.burst, vendor.limit_status, vendor.burst_names_wait = Limit(1, 60), status, named
    get(f"{BILL}/usage", **DAY)
    refused = get(f"{BILL}/usage", **DAY)
    assert refused.status_code == status
    assert refused.headers.get("Retry-After") == ("60" if named else None)
    assert "secondary rate limit" in refused.json()["message"]
    assert refused.headers.get("X-RateLimit-Remaining") != "0"
