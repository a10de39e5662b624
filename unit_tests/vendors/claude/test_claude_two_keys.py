"""Two keys, one stream: what the one reads while the other fails, and what counts as read."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests_mock
from pendulum import datetime

from source_unified_usage.core.errors import ConfigError, Unavailable
from source_unified_usage.core.reading import StreamReading
from source_unified_usage.core.scope import widened
from source_unified_usage.core.window import Window
from unit_tests.vendors.claude.answers import CONFIG, NAMES
from unit_tests.vendors.claude.test_claude_spend import ADMIN, ANALYTICS, page, refusal, row
from unit_tests.vendors.samples import mock_answers, stream_of

COST = "/v1/organizations/analytics/cost"
WEEKS = [Window(datetime(2026, 11, day), datetime(2026, 11, day + 7)) for day in (1, 8, 15)]
ANSWERING, DOWN = {"json": page(row())}, {"status_code": 503, "json": {}}
WITHOUT_BETA = refusal("organization without the beta")
Answer = Callable[[str, int], dict[str, Any]]  # by key, and by how often it was asked before


@pytest.fixture
def asked() -> list[str]:
    """The keys, in the order in which they were used."""
    return []


@pytest.fixture
def server(asked: list[str]) -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", NAMES)
        yield server


def synced(
    server: requests_mock.Mocker, asked: list[str], answer: Answer
) -> tuple[list[tuple[str, str]], list[Window], Exception | None]:
    """Of three weeks: rows by the organization and day that they name, the windows that count, and the error."""

    def reply(request: Any, context: Any) -> Any:
        key = "enterprise" if request.headers["x-api-key"] == CONFIG["analytics_api_key"] else "console"
        found = answer(key, asked.count(key))
        asked.append(key)
        context.status_code = found.get("status_code", 200)
        context.headers.update(found.get("headers", {}))
        return found["json"]

    server.get(COST, json=reply)
    stream = stream_of("claude", CONFIG, "claude_spend")
    stream.windows = WEEKS
    reading = StreamReading(stream, closed=datetime(2026, 12, 1))
    rows, counted = [], []
    for week in WEEKS:
        if reading._stopped:
            break
        items = reading.read(week)
        while True:
            try:
                item = next(items)
            except StopIteration as end:
                counted += [end.value] if end.value else []
                break
            rows += [(record["id"].split("/")[1], week.first_day) for record in getattr(item, "records", [])]
            rows += [(item.data["id"].split("/")[1], week.first_day)] if hasattr(item, "data") else []
    return rows, counted, reading.failure


@pytest.mark.parametrize("failing", ["enterprise", "console"])
def test_the_rows_of_the_other_key_come_and_nothing_counts(
    server: requests_mock.Mocker, asked: list[str], failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    working = "console" if failing == "enterprise" else "enterprise"
    rows, counted, failure = synced(server, asked, lambda key, _: WITHOUT_BETA if key == failing else ANSWERING)
    assert rows == [(working, "2026-11-01"), (working, "2026-11-08"), (working, "2026-11-15")]
    assert counted == []
    assert isinstance(failure, ConfigError)
    option = {"enterprise": "claude.analytics_api_key", "console": "claude.admin_api_key"}[failing]
    assert f"organization of {option}" in str(failure)
    assert str(failure).endswith("Not read: 2026-11-01 to 2026-11-21; the next sync reads it.")
    assert asked.count(failing) == 1
    assert len([text for text in caplog.messages if "failed, going on" in text]) == 1


def test_one_window_of_one_key_leaves_only_that_window_open(
    server: requests_mock.Mocker, asked: list[str], waits: list[float]
) -> None:
    def answer(key: str, before: int) -> dict[str, Any]:
        return {"status_code": 410, "json": {}} if (key, before) == ("console", 2) else ANSWERING

    rows, counted, failure = synced(server, asked, answer)
    assert rows.count(("console", "2026-11-08")) == 0
    assert len(rows) == 5
    assert counted == [WEEKS[0], WEEKS[2]]
    assert isinstance(failure, Unavailable)
    assert "Not read: 2026-11-08 to 2026-11-14" in str(failure)


def test_a_key_that_fails_twice_in_a_row_is_not_asked_again(server: requests_mock.Mocker, asked: list[str]) -> None:
    def answer(key: str, _: int) -> dict[str, Any]:
        headers = {"anthropic-organization-id": key}
        return (
            {"status_code": 410, "json": {}, "headers": headers}
            if key == "console"
            else ANSWERING | {"headers": headers}
        )

    rows, counted, failure = synced(server, asked, answer)
    assert rows == [("enterprise", week.first_day) for week in WEEKS]
    assert (counted, asked.count("console")) == ([], 2)
    assert isinstance(failure, Unavailable)


def test_while_it_is_not_known_whose_the_analytics_key_is_the_other_is_not_read(
    server: requests_mock.Mocker, asked: list[str]
) -> None:
    """Both may be keys of one organization: its rows would come under the ids of the Console, too."""
    rows, counted, failure = synced(
        server, asked, lambda key, _: {"status_code": 410, "json": {}} if key == "enterprise" else ANSWERING
    )
    assert (rows, counted, set(asked)) == ([], [], {"enterprise"})
    assert isinstance(failure, Unavailable)


def test_a_refusal_that_names_the_organization_of_both_keys_reads_it_with_none(
    server: requests_mock.Mocker, asked: list[str]
) -> None:
    one = {"anthropic-organization-id": "org_1"}
    rows, counted, failure = synced(
        server, asked, lambda key, _: (WITHOUT_BETA if key == "enterprise" else ANSWERING) | {"headers": one}
    )
    assert (rows, counted) == ([], [])
    assert isinstance(failure, ConfigError)


def test_where_both_keys_fail_both_are_named(server: requests_mock.Mocker, asked: list[str]) -> None:
    rows, counted, failure = synced(server, asked, lambda *_: WITHOUT_BETA)
    assert (rows, counted, asked) == ([], [], ["enterprise", "console"])
    assert isinstance(failure, ConfigError)
    assert "claude.analytics_api_key" in str(failure)
    assert "claude.admin_api_key" in str(failure)


def test_a_key_more_reads_everything_again_and_a_key_less_does_not() -> None:
    one, other, both = (stream_of("claude", config, "claude_spend").scope for config in (ANALYTICS, ADMIN, CONFIG))
    assert widened(one, both) == widened(other, both) == widened(one, other) == ["claude.keys"]
    assert widened(both, one) == widened(both, other) == widened(both, both) == []


def test_the_account_is_that_of_both_keys(server: requests_mock.Mocker) -> None:
    def reply(request: Any, context: Any) -> Any:
        context.headers["anthropic-organization-id"] = request.headers["x-api-key"][-12:]
        return page(row())

    server.get(COST, json=reply)
    stream = stream_of("claude", CONFIG, "claude_spend")
    list(stream.rows(WEEKS[0]))
    assert stream.api.account == "admin01-unit and t-api01-unit"
