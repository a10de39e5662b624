"""Keys, refusals and limits of the simulated Confluent Cloud."""

from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.confluent.credentials import ADMIN_KEY, ENVIRONMENT_ADMIN_KEY, ENVIRONMENT_ADMIN_SECRET
from sandbox.vendors.confluent.knobs import Knobs
from unit_tests.sandbox.confluent.asking import (
    ADMIN,
    BILLING,
    BILLING_METRICS,
    COSTS,
    KAFKA,
    NOW,
    VIEWER,
    Call,
    error,
    window,
)

ENVIRONMENT_ADMIN = (ENVIRONMENT_ADMIN_KEY, ENVIRONMENT_ADMIN_SECRET)


@pytest.mark.parametrize(
    ("auth", "status", "code"),
    [
        (None, 401, "user_unauthenticated"),
        (("NOBODY", "nothing"), 401, "user_unauthenticated"),
        ((ADMIN_KEY, "wrong"), 401, "user_unauthenticated"),
        (KAFKA, 401, "user_unauthenticated"),
        (VIEWER, 403, "user_unauthorized"),
        (ENVIRONMENT_ADMIN, 403, "user_unauthorized"),
    ],
)
def test_refused_keys(get: Call, auth: tuple[str, str] | None, status: int, code: str) -> None:
    answer = get(COSTS, auth, **window(4, 3))
    assert (answer.status_code, error(answer)["code"]) == (status, code)
    assert error(answer)["id"] == answer.headers["X-Request-Id"]
    assert error(answer)["status"] == str(status)
    challenge = 'Basic error="invalid_key", error_description="The API Key is invalid"'
    assert answer.headers.get("WWW-Authenticate") == (challenge if status == 401 else None)


@pytest.mark.parametrize("auth", [ADMIN, BILLING, BILLING_METRICS])
def test_good_keys(get: Call, auth: tuple[str, str]) -> None:
    assert get(COSTS, auth, **window(4, 3), page_size=1).status_code == 200


def test_malformed_credentials(sandbox: Sandbox) -> None:
    url = f"{sandbox.url('confluent')}/{COSTS}"
    for value in ("Bearer token", "Basic", "Basic !!!", "Basic /////w=="):
        answer = requests.get(url, headers={"Authorization": value}, timeout=10)
        assert answer.status_code == 401


def test_keys_are_a_table(sandbox: Sandbox, get: Call) -> None:
    del sandbox.confluent.keys[ADMIN_KEY]
    assert get(COSTS, **window(4, 3)).status_code == 401


def test_unknown_path_is_404(get: Call, sandbox: Sandbox) -> None:
    assert error(get("billing/v2/costs"))["status"] == "404"
    url = f"{sandbox.url('confluent')}/{COSTS}"
    assert requests.post(url, auth=ADMIN, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ({"start_date": None}, "start_date", "start_date must be formatted as YYYY-MM-DD"),
        ({"end_date": None}, "end_date", "end_date must be formatted as YYYY-MM-DD"),
        ({"start_date": "2026-9-01"}, "start_date", "start_date must be formatted as YYYY-MM-DD"),
        ({"start_date": "2026-02-30"}, "start_date", "start_date must be formatted as YYYY-MM-DD"),
        ({"end_date": "2026-09-02T00:00:00Z"}, "end_date", "end_date must be formatted as YYYY-MM-DD"),
        ({"end_date": "2026-09-01"}, "end_date", "end date must be after start date"),
        ({"end_date": "2026-08-31"}, "end_date", "end date must be after start date"),
        ({"end_date": "2026-10-03"}, "end_date", "date range exceeds one month"),
        ({"page_size": "0"}, "page_size", "page_size must be between 1 and 10000"),
        ({"page_size": "10001"}, "page_size", "page_size must be between 1 and 10000"),
        ({"page_size": "many"}, "page_size", "page_size must be between 1 and 10000"),
        ({"page_token": "made-up"}, "page_token", "invalid page token"),
        ({"page_token": ""}, "page_token", "invalid page token"),
    ],
)
def test_bad_parameters(get: Call, query: dict[str, Any], parameter: str, detail: str) -> None:
    answer = get(COSTS, **{"start_date": "2026-09-01", "end_date": "2026-09-02", **query})
    assert answer.status_code == 400
    found = error(answer)
    assert (found["source"], found["detail"]) == ({"parameter": parameter}, detail)


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("2026-08-01", "2026-09-01", 200),
        ("2026-09-01", "2026-10-02", 200),
        ("2026-01-31", "2026-03-03", 200),
        ("2026-01-31", "2026-03-04", 400),
        ("2026-02-01", "2026-03-04", 200),
        ("2026-02-01", "2026-03-05", 400),
        ("2025-09-16", "2025-09-17", 200),
        ("2027-01-01", "2027-02-01", 200),
        ("9999-12-01", "9999-12-31", 200),
    ],
)
def test_one_month_within_a_year(get: Call, start: str, end: str, status: int) -> None:
    assert get(COSTS, start_date=start, end_date=end).status_code == status


def test_start_more_than_a_year_ago(get: Call) -> None:
    answer = get(COSTS, start_date="2025-09-15", end_date="2025-09-20")
    assert (answer.status_code, set(error(answer))) == (400, {"id", "status", "detail"})
    assert error(answer)["detail"] == "start date is too far in the past"


def test_transient_400_hits_calls_in_range(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.transient_400 = 1
    answers = [get(COSTS, **window(4, 3)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 200]
    assert error(answers[0])["detail"] == "start date is too far in the past"


def test_ten_calls_a_minute_for_the_whole_organization(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.limit = Limit(10, 60)
    answers = [get(COSTS, auth, **window(4, 3)) for auth in (ADMIN, BILLING) for _ in range(5)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == [str(left) for left in range(9, -1, -1)]
    sandbox.clock.advance(seconds=7)
    refused = get(COSTS, **window(4, 3))
    assert refused.status_code == 429
    assert refused.json() == {"errors": [{"status": "429", "detail": "Exceeded rate limit"}]}
    names = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    assert [refused.headers[name] for name in names] == ["53", "10", "0", "53"]
    assert refused.headers["X-Request-Id"]
    sandbox.clock.advance(seconds=53)
    assert get(COSTS, **window(4, 3)).status_code == 200


def test_default_limit_is_ten_a_minute() -> None:
    limit = Knobs().limit
    assert (limit.requests, limit.seconds) == (10, 60)


def test_silent_throttling(sandbox: Sandbox, get: Call) -> None:
    vendor = sandbox.confluent
    vendor.limit, vendor.retry_after, vendor.throttle_body = Limit(1, 60), False, "empty"
    vendor.rate_headers, vendor.reset_as_epoch = ("l", "r", "RateLimit-Reset"), True
    get(COSTS, **window(4, 3))
    refused = get(COSTS, **window(4, 3))
    assert (refused.status_code, refused.content) == (429, b"")
    assert "Retry-After" not in refused.headers
    assert int(refused.headers["RateLimit-Reset"]) == int(NOW.timestamp()) + 60


def test_errors_carry_the_rate_headers_too(sandbox: Sandbox, get: Call) -> None:
    sandbox.confluent.limit = Limit(10, 60)
    for answer in (get(COSTS, None), get(COSTS, VIEWER), get(COSTS)):
        assert answer.headers["X-RateLimit-Limit"] == "10"
