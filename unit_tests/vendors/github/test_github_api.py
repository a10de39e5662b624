"""How GitHub's limits, refusals and pages are taken, and which streams a config offers."""

import logging
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.github import GitHub
from unit_tests.vendors.github.conftest import API, error
from unit_tests.vendors.samples import records, sample, stream_of, window

CONFIG = {"token": "ghp_not_a_real_token_0123456789", "organization": "example-org"}
ENTERPRISE = {"token": "ghp_not_a_real_token_0123456789", "enterprise": "example-ent"}
BILL = f"{API}/organizations/example-org/settings/billing/usage"
SEATS = f"{API}/orgs/example-org/copilot/billing/seats"
DAY: dict[str, Any] = {"json": {"usageItems": []}}
RESET = "1788502260"  # 2026-09-04T06:11:00Z


def read(stream: str = "github_billing_usage", config: dict[str, Any] = CONFIG) -> list[dict[str, Any]]:
    return records(stream_of("github", config, stream), window("2026-09-02", "2026-09-03"))


def test_a_request_says_who_asks_which_version_for_which_day(server: requests_mock.Mocker) -> None:
    server.get(BILL, **DAY)
    read()
    (request,) = server.request_history
    assert request.qs == {"year": ["2026"], "month": ["9"], "day": ["2"]}
    assert request.headers["Authorization"] == f"Bearer {CONFIG['token']}"
    assert request.headers["X-GitHub-Api-Version"] == "2026-03-10"
    assert request.headers["Accept"] == "application/vnd.github+json"


# --- limits


@pytest.mark.parametrize("status", [403, 429])
def test_a_spent_limit_is_waited_for_until_its_reset(
    server: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    spent = {**error(403, "API rate limit exceeded"), "status_code": status}
    spent["headers"] = {**spent["headers"], "X-RateLimit-Reset": RESET}
    server.get(BILL, [spent, DAY])
    read()
    assert waits == [60]


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_is_waited_for_as_long_as_it_says(
    server: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    limited = {"status_code": status, "headers": {"Retry-After": "73", "X-RateLimit-Remaining": "4000"}}
    server.get(BILL, [limited, limited, DAY])
    read()
    assert waits == [73, 73]


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_without_a_time_is_a_minute_and_more_each_time(
    server: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    """The reset beside it is the other limit's, which is far from spent."""
    headers = {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": "1788505200"}
    limited = {**error(429, "secondary rate limit"), "status_code": status, "headers": headers}
    server.get(BILL, [limited, limited, limited, DAY])
    read()
    assert [60 <= waits[0] <= 66, 120 <= waits[1] <= 132, 240 <= waits[2] <= 264] == [True] * 3


def test_of_two_waits_the_longer_holds(server: requests_mock.Mocker, waits: list[float]) -> None:
    headers = {"Retry-After": "5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": RESET}
    server.get(BILL, [{"status_code": 403, "headers": headers}, DAY])
    read()
    assert waits == [60]


def test_an_endless_limit_is_no_refusal_of_the_token(server: requests_mock.Mocker) -> None:
    server.get(BILL, **{**error(403, "secondary rate limit"), "headers": {}})
    with pytest.raises(Unavailable, match=r"the vendor limits the rate .403 You have exceeded a secondary rate limit"):
        read()


def test_nothing_is_asked_once_nothing_is_left(server: requests_mock.Mocker, waits: list[float]) -> None:
    last = {**DAY, "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": RESET}}
    server.get(BILL, [last, DAY])
    stream = stream_of("github", CONFIG, "github_billing_usage")
    for day in (("2026-09-01", "2026-09-02"), ("2026-09-02", "2026-09-03")):
        records(stream, window(*day))
    assert waits == [60]


# --- refusals


@pytest.mark.parametrize(
    ("stream", "config", "path", "answer", "kind", "said"),
    [
        ("github_billing_usage", CONFIG, "", (401, "Bad credentials"), KeyRefused, "neither revoked nor expired"),
        ("github_billing_usage", CONFIG, "", (403, "Must have admin"), ConfigError, "Administration: read"),
        ("github_billing_usage", CONFIG, "", (403, "Must have admin"), ConfigError, "set github.enterprise instead"),
        ("github_billing_usage", ENTERPRISE, "", (403, "Resource not"), ConfigError, "classic personal access token"),
        ("github_billing_usage", CONFIG, "", (404, "Not Found"), ConfigError, "github.organization is not found, or"),
        ("github_billing_usage", ENTERPRISE, "", (404, "Not Found"), ConfigError, "github.enterprise is not found, or"),
        ("github_billing_usage", CONFIG, "", (404, "Not Found"), ConfigError, "not on the enhanced billing platform"),
        ("github_billing_usage", CONFIG, "", (400, "Bad Request"), ConfigError, "Check github.organization"),
        ("github_billing_usage", CONFIG, "", (500, "Server Error"), Unavailable, "500 Server Error"),
        ("github_billing_usage", CONFIG, "", (503, "Service unavailable"), Unavailable, "503 Service unavailable"),
        ("github_copilot_user_activity", CONFIG, "", (403, "policy"), ConfigError, "Enabled everywhere"),
        ("github_copilot_user_activity", ENTERPRISE, "", (403, "Resource not"), ConfigError, "read:enterprise"),
        ("github_copilot_seats", CONFIG, "", (403, "Resource not"), ConfigError, "manage_billing:copilot or read:org"),
        ("github_ai_usage", ENTERPRISE, "", (422, "Validation Failed"), ConfigError, "422"),
    ],
)
def test_a_refusal_says_what_to_do(
    server: requests_mock.Mocker,
    stream: str,
    config: dict[str, Any],
    path: str,
    answer: tuple[int, str],
    kind: type[Exception],
    said: str,
) -> None:
    failed = error(*answer)
    failed["headers"] = {**failed["headers"], "X-GitHub-Request-Id": "C0DE:1234"}
    server.register_uri(requests_mock.ANY, requests_mock.ANY, **failed)
    with pytest.raises(kind, match=f"GitHub, stream {stream}, /") as raised:
        read(stream, config)
    assert said in str(raised.value)
    assert "request id C0DE:1234" in str(raised.value)
    assert CONFIG["token"] not in str(raised.value)


def test_a_204_is_no_bill(server: requests_mock.Mocker) -> None:
    server.get(BILL, status_code=204)
    with pytest.raises(BrokenContract, match="204"):
        read()


# --- pages


def link(page: int, rel: str = "next") -> dict[str, str]:
    """As GitHub sends it: with its own host and numeric ids, whatever was asked."""
    return {"Link": f'<https://api.github.com/organizations/4242/copilot/billing/seats?page={page}>; rel="{rel}"'}


def test_pages_follow_the_link_by_its_number_alone(server: requests_mock.Mocker) -> None:
    gateway = {**CONFIG, "base_url": "https://gateway.example/github"}
    pages = [
        {"json": sample("github", "seats_org_page1"), "headers": link(2)},
        {"json": sample("github", "seats_org_page2"), "headers": link(1, "prev")},
    ]
    server.get("https://gateway.example/github/orgs/example-org/copilot/billing/seats", pages)
    assert len(read("github_copilot_seats", gateway)) == 3
    assert [request.qs for request in server.request_history] == [
        {"page": ["1"], "per_page": ["100"]},
        {"page": ["2"], "per_page": ["100"]},
    ]


def test_without_a_link_pages_end_with_an_empty_one(server: requests_mock.Mocker) -> None:
    pages = [{"json": sample("github", f"seats_org_page{page}")} for page in (1, 2)]
    server.get(SEATS, [*pages, {"json": {"total_seats": 3, "seats": []}}])
    assert len(read("github_copilot_seats")) == 3
    assert server.call_count == 3


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([1], "the page after page 1 is '1'"),
        ([2, 1], "the page after page 2 is '1'"),
        ([None], "page 2 is the one before"),
    ],
)
def test_a_page_that_was_read_before_ends_in_an_error(
    server: requests_mock.Mocker, pages: list[int | None], said: str
) -> None:
    seats = sample("github", "seats_org_page1")["seats"]
    answers = [
        {"json": {"seats": seats if page is None else seats[at:]}, "headers": link(page) if page else {}}
        for at, page in enumerate(pages)
    ]
    server.get(SEATS, answers)
    with pytest.raises(BrokenContract, match=said):
        read("github_copilot_seats")


def test_a_link_without_a_page_ends_in_an_error(server: requests_mock.Mocker) -> None:
    server.get(SEATS, json={"seats": []}, headers={"Link": '<https://api.github.com/x?after=1>; rel="next"'})
    with pytest.raises(BrokenContract, match="the page after page 1 is ''"):
        read("github_copilot_seats")


# --- what is offered, and check


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (CONFIG, ["billing_usage", "ai_credits", "copilot_user_activity", "copilot_seats"]),
        (
            {**CONFIG, "include_user_ai_credits": True},
            ["billing_usage", "ai_credits", "ai_credits_by_user", "copilot_user_activity", "copilot_seats"],
        ),
        (ENTERPRISE, ["billing_usage", "ai_credits", "ai_usage", "copilot_user_activity", "copilot_seats"]),
    ],
)
def test_the_streams_of_a_config_are_offered_without_asking(
    server: requests_mock.Mocker, config: dict[str, Any], names: list[str]
) -> None:
    streams = GitHub(config).streams()
    assert [stream.name for stream in streams] == [f"github_{name}" for name in names]
    assert [list(stream.questions()) for stream in streams] == [[]] * len(names)
    assert not server.called


def test_the_facts_of_the_streams() -> None:
    streams = GitHub({**ENTERPRISE, "include_user_ai_credits": True}).streams()
    assert [(s.name.removeprefix("github_"), s.role, s.restates, s.counts_tokens) for s in streams] == [
        ("billing_usage", "bill", (), False),
        ("ai_credits", "restates", ("github_billing_usage",), False),
        ("ai_credits_by_user", "restates", ("github_billing_usage",), False),
        ("ai_usage", "restates", ("github_billing_usage",), True),
        ("copilot_user_activity", "activity", (), False),
        ("copilot_seats", "activity", (), False),
    ]


def test_another_account_is_another_scope() -> None:
    scopes = [stream.scope for config in (CONFIG, ENTERPRISE) for stream in GitHub(config).streams()]
    assert {tuple(scope.items()) for scope in scopes} == {
        (("github.organization", "example-org"), ("github.enterprise", "")),
        (("github.organization", ""), ("github.enterprise", "example-ent")),
    }


def test_a_check_asks_for_one_settled_day(server: requests_mock.Mocker) -> None:
    server.get(BILL, **DAY)
    (probe,) = GitHub(CONFIG).probes()
    probe.ask()
    assert probe.credential == "github.token"
    (request,) = server.request_history
    assert request.qs == {"year": ["2026"], "month": ["9"], "day": ["1"]}
    server.get(BILL, **error(404, "Not Found"))
    with pytest.raises(ConfigError, match="or the token cannot see it"):
        probe.ask()


def test_an_early_start_moves_to_what_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "airbyte")
    now = window("2026-09-04", "2026-09-05").start
    for stream in GitHub(ENTERPRISE).streams()[:-1]:
        stream.plan(Range(now.subtract(years=3).date(), None, False, now), Covered())
        oldest = "2025-10-10" if "activity" in stream.name else "2024-09-05"
        assert stream.windows[0].first_day == oldest
        assert f"{stream.name}: start_date 2023-09-04 is older than what GitHub keeps" in caplog.text
