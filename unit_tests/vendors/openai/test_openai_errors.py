"""How the OpenAI streams wait and fail, and what they do about days that are no longer kept."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pendulum
import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core import clock
from source_unified_usage.core.errors import ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.stream import RetentionStart
from unit_tests.vendors.openai.answers import (
    ANALYTICS,
    CODEX,
    COMPLETIONS,
    MEMBER,
    PLATFORM,
    ROW,
    TWO_DAYS,
    error,
    page,
    pages_of,
    queries,
    read,
    streams,
)
from unit_tests.vendors.samples import records, window


@pytest.mark.parametrize(
    "first", [[], [page(ROW, next="a", day=1754006400)]], ids=["at once", "in the middle of paging"]
)
def test_the_day_that_a_refusal_names_is_the_new_start(server: requests_mock.Mocker, first: list[Any]) -> None:
    server.get(COMPLETIONS, [*first, error("reporting_lookback_exceeded")])
    with pytest.raises(RetentionStart, match="2025-08-14"):
        read(days=("2025-08-01", "2025-09-01"))


def keeping(server: requests_mock.Mocker, served: pendulum.DateTime, says: str) -> None:
    """Refuse what begins before `served`; `{asked}` in what it says is the day that was asked for."""

    def answer(request: Any, context: Any) -> Any:
        asked = int(parse_qs(urlsplit(request.url).query)["start_time"][0])
        if asked >= served.timestamp():
            return page()["json"]
        context.status_code = 400
        day = pendulum.from_timestamp(asked).to_date_string()
        return {"error": {"message": says.format(asked=day), "code": "reporting_lookback_exceeded"}}

    server.get(COMPLETIONS, json=answer)


@pytest.mark.parametrize(
    ("says", "requests"),
    [
        ("{asked} is too old. Earliest supported start date: 2025-11-26 (UTC).", 1),
        ("From 2025-11-26 (UTC), not {asked}.", 1),
        ("2025-08-01 to 2025-08-05 is too old, 2025-11-26 is the earliest day.", 1),
        ("2025-08-01 to 2025-08-04 is too old (as of 2026-09-22), 2025-11-26 is the earliest day.", 1),
        ("{asked} is too old.", 11),
        ("2025-08-01 to 2025-08-05 is too old.", 11),
        ("2025-13-45 and {asked} are too old on 2026-09-22.", 11),
    ],
)
def test_a_refusal_that_repeats_what_was_asked_for_moves_the_start(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, says: str, requests: int
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 9, 22, 9, 30))
    keeping(server, pendulum.datetime(2025, 11, 26), says)
    with pytest.raises(RetentionStart, match="2025-11-26"):
        read(days=("2025-08-01", "2025-08-05"))
    assert len(queries(server, COMPLETIONS)) == requests


@given(
    st.integers(0, 365), st.sampled_from(["{asked}", "{asked} {asked}", "2025-08-02", "2026-09-22", "2025-08-01", ""])
)
def test_the_start_always_moves_on(kept: int, says: str) -> None:
    now = pendulum.datetime(2026, 9, 22, 9, 30)
    start, end = pendulum.datetime(2025, 8, 1), now.start_of("day").add(days=1)
    with requests_mock.Mocker() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        keeping(server, now.start_of("day").subtract(days=kept), says)
        while start < end:
            try:
                read(days=(start.to_date_string(), end.to_date_string()))
                break
            except RetentionStart as moved_on:
                moved = moved_on.day
            start, before = moved, start
            assert start > before
    assert start == max(pendulum.datetime(2025, 8, 1), now.start_of("day").subtract(days=kept))


@pytest.mark.parametrize(("kept", "oldest", "asked"), [(365, "2025-09-22", 2), (300, "2025-11-26", 11)])
def test_without_a_named_day_a_year_is_tried_then_halved(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, kept: int, oldest: str, asked: int
) -> None:
    now = pendulum.datetime(2026, 9, 22, 9, 30)
    monkeypatch.setattr(clock, "now", lambda: now)
    keeping(server, now.start_of("day").subtract(days=kept), "Too old.")
    with pytest.raises(RetentionStart, match=oldest):
        read(days=("2025-01-01", "2025-02-01"))
    assert len(queries(server, COMPLETIONS)) == asked


# --- errors


@pytest.mark.parametrize(
    ("name", "kind", "sentences"),
    [
        ("invalid_key", KeyRefused, ["401", "Incorrect API key", "sk-admin-..., made by an organization owner"]),
        ("missing_scope_401", ConfigError, ["401", "Missing scopes: api.usage.read", "openai.admin_api_key"]),
        ("missing_scope_403", ConfigError, ["403", "Missing scopes: api.usage.read", "openai.admin_api_key"]),
        ("bad_param", ConfigError, ["400", "Invalid 'limit'"]),
        ("insufficient_quota", ConfigError, ["429", "exceeded your current quota", "settle its billing"]),
        ("server_error", Unavailable, ["500 The server had an error"]),
        ("bad_gateway_html", Unavailable, ["502"]),
    ],
)
def test_an_error_says_what_to_do(
    server: requests_mock.Mocker, waits: list[float], name: str, kind: type[Exception], sentences: list[str]
) -> None:
    server.get(COMPLETIONS, **error(name))
    start = "OpenAI, stream openai_usage_completions, /v1/organization/usage/completions: "
    with pytest.raises(kind, match=start) as raised:
        read()
    assert [sentence for sentence in sentences if sentence not in str(raised.value)] == []
    assert type(raised.value) is kind
    assert bool(waits) == (kind is Unavailable)


@pytest.mark.parametrize(
    ("name", "kind", "sentences"),
    [
        ("codex_unauthorized", KeyRefused, ['401 "Unauthorized"', "Check that openai.codex.api_key"]),
        ("codex_forbidden", ConfigError, ["Give openai.codex.api_key the scope codex.enterprise.analytics.read"]),
        ("codex_workspace_not_found", ConfigError, ["Check openai.codex.workspace_id"]),
        ("codex_validation", ConfigError, ["Input should be less than or equal to 30000"]),
        ("insufficient_quota", ConfigError, ["429", "exceeded your current quota", "settle its billing"]),
    ],
)
def test_an_error_of_the_analytics_says_what_to_do(
    server: requests_mock.Mocker, name: str, kind: type[Exception], sentences: list[str]
) -> None:
    server.get(f"{CODEX}/code_reviews", **error(name))
    with pytest.raises(kind, match="OpenAI, stream openai_codex_code_reviews, /v1/analytics/codex/") as raised:
        read("openai_codex_code_reviews")
    assert [sentence for sentence in sentences if sentence not in str(raised.value)] == []


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (401, "Missing scope enterprise.analytics.usage.read"),
        (403, "Missing scope enterprise.analytics.usage.read"),
        (401, "Unauthorized"),
    ],
)
def test_a_refused_workspace_usage_stops_that_stream_only(
    server: requests_mock.Mocker, status: int, detail: str
) -> None:
    server.get(f"{ANALYTICS}/workspaces/ws-1/usage", status_code=status, json={"detail": detail})
    server.get(f"{CODEX}/usage", **pages_of([MEMBER]))
    offered = streams()
    with pytest.raises(ConfigError, match="include_workspace_usage to false"):
        records(offered["openai_workspace_usage"], window(*TWO_DAYS))
    assert len(records(offered["openai_codex_usage"], window(*TWO_DAYS))) == 1


def test_waits_exactly_as_the_answer_says(server: requests_mock.Mocker, waits: list[float]) -> None:
    limited = [error("rate_limited_with_retry_after"), error("rate_limited_ms"), error("rate_limited_no_header")]
    server.get(COMPLETIONS, [*limited, page(ROW)])
    assert len(read()) == 1
    assert waits[:2] == [2.0, 0.35]
    assert waits[2] > 1


@pytest.mark.parametrize("endpoint", ["decisions", "file_search_calls", "web_search_calls"])
def test_an_endpoint_that_is_not_there_yet_warns_and_is_left_unread(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    server.get(f"{PLATFORM}/usage/{endpoint}", status_code=404, json={"error": {"message": "Invalid URL"}})
    stream = streams()[f"openai_usage_{endpoint}"]
    days = window(*TWO_DAYS)
    assert records(stream, days) == []
    assert stream.bounds.available_until == days.start
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        f'openai_usage_{endpoint}: OpenAI does not offer it to this organization yet (404 "Invalid URL").'
    ]


def test_any_other_endpoint_that_is_not_there_is_an_error(server: requests_mock.Mocker) -> None:
    server.get(COMPLETIONS, status_code=404, json={"error": {"message": "Invalid URL"}})
    with pytest.raises(ConfigError, match="Check base_url"):
        read()
