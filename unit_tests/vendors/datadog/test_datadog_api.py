"""How the Datadog streams look up labels, wait and fail."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable
from source_unified_usage.vendors.datadog import Datadog
from unit_tests.vendors.datadog.answers import (
    BILLABLE,
    CHILD,
    CONFIG,
    EDGE,
    EMPTY,
    ESTIMATED,
    HISTORICAL,
    HOST,
    HOURLY,
    JULY,
    JUNE,
    KEYS,
    LABELS,
    MONTHLY_COST,
    MONTHLY_USAGE,
    NOW,
    SCOPE,
    asked,
    data,
    entry,
    error,
    hours,
    line,
    read,
)
from unit_tests.vendors.samples import records, sample, stream_of, window


# --- labels
def test_labels_are_asked_once_after_the_first_answer_and_may_be_refused(server: requests_mock.Mocker) -> None:
    server.get(LABELS, json=sample("datadog", "billing_dimension_mapping"))
    server.get(HISTORICAL, **data(entry(line("total", 1))))
    server.get(BILLABLE, json={"usage": []})
    streams = {stream.name: stream for stream in Datadog(CONFIG).streams()}
    (row,) = records(streams["datadog_cost"], window(JUNE, JULY))
    records(streams["datadog_billable_usage"], window(JUNE, JULY))
    assert row["product"] == {"id": "infra_host", "name": "Infra Hosts"}
    assert asked(server, LABELS) == [{"filter[view]": "all"}]
    assert next(request.path for request in server.request_history).endswith("historical_cost")


@pytest.mark.parametrize(
    "refusal",
    [
        error("child_org_400_jsonapi"),
        error(SCOPE),
        error(EDGE),
        error("server_error_503"),
        error("rate_limited_429"),
        {"status_code": 404},
        {"status_code": 410},
        {"status_code": 302, "headers": {"Location": "https://elsewhere.example/"}},
        {"json": {"data": "none"}},
    ],
)
def test_without_labels_the_product_is_its_own_name(server: requests_mock.Mocker, refusal: dict[str, Any]) -> None:
    server.get(LABELS, **refusal)
    server.get(HISTORICAL, **data(entry(line("total", 1))))
    for _ in range(2):
        (row,) = read("datadog_cost", JUNE, JULY)
        assert row["product"] == {"id": "infra_host", "name": "infra_host"}


def test_a_key_refused_at_the_labels_stops_nothing_until_rows_are_refused(server: requests_mock.Mocker) -> None:
    server.get(LABELS, status_code=401)
    server.get(HISTORICAL, **data(entry(line("total", 1))))
    (row,) = read("datadog_cost", JUNE, JULY)
    assert row["product"] == {"id": "infra_host", "name": "infra_host"}
    server.get(HISTORICAL, status_code=401)
    with pytest.raises(KeyRefused):
        read("datadog_cost", JUNE, JULY)


# --- headers, errors, limits
def test_both_keys_travel_with_every_request(server: requests_mock.Mocker) -> None:
    server.get(HISTORICAL, **EMPTY)
    server.get(ESTIMATED, **EMPTY)
    read("datadog_cost", JUNE, JULY)
    for request in server.request_history:
        assert (request.headers["DD-API-KEY"], request.headers["DD-APPLICATION-KEY"]) == tuple(KEYS.values())
        assert request.headers["Accept"] == "application/json;datetime-format=rfc3339"


@pytest.mark.parametrize(
    ("stream", "url", "case", "kind", "sentence"),
    [
        (
            "datadog_cost",
            HISTORICAL,
            EDGE,
            KeyRefused,
            "Check datadog.api_key, datadog.application_key and datadog.site",
        ),
        ("datadog_cost", HISTORICAL, SCOPE, ConfigError, "permissions usage_read and billing_read"),
        ("datadog_cost", HISTORICAL, SCOPE, ConfigError, "billed through a marketplace"),
        ("datadog_monthly_cost_attribution", MONTHLY_COST, SCOPE, ConfigError, "no cost attribution (Enterprise)"),
        ("datadog_monthly_usage_attribution", MONTHLY_USAGE, SCOPE, ConfigError, "usage attribution (Enterprise)"),
        ("datadog_billable_usage", BILLABLE, SCOPE, ConfigError, "the permission usage_read (scope and role"),
        ("datadog_cost", HISTORICAL, CHILD, ConfigError, "Use keys of the parent organization"),
        ("datadog_billable_usage", BILLABLE, CHILD, ConfigError, "Use keys of the parent organization"),
        ("datadog_billable_usage", BILLABLE, "month_format_400_jsonapi", ConfigError, "must be in the format YYYY-MM"),
        ("datadog_cost", HISTORICAL, "too_old_400", ConfigError, "the farthest you can go: 2024-05"),
        ("datadog_cost", HISTORICAL, "future_400", ConfigError, "cannot be in the future"),
        ("datadog_cost", HISTORICAL, "range_inverted_400", ConfigError, "must be before end_hr"),
        ("datadog_cost", HISTORICAL, "validate_403_no_key", ConfigError, '403 "API key required"'),
        ("datadog_cost", HISTORICAL, "server_error_503", Unavailable, "503"),
    ],
)
def test_an_error_names_stream_status_and_what_to_do(
    server: requests_mock.Mocker, stream: str, url: str, case: str, kind: type[Exception], sentence: str
) -> None:
    server.get(url, **error(case))
    path = url.removeprefix(HOST)
    with pytest.raises(kind, match=f"Datadog, stream {stream}, {path}: ") as raised:
        read(stream, JUNE, JULY, tag_breakdown_keys=["cost_center"])
    assert sentence in str(raised.value)
    assert type(raised.value) is kind


def test_a_403_that_is_no_json_is_a_missing_permission(server: requests_mock.Mocker) -> None:
    server.get(BILLABLE, status_code=403, text="<html>")
    with pytest.raises(ConfigError, match="the permission usage_read"):
        read("datadog_billable_usage", JUNE, JULY)


def test_a_refused_key_stops_every_stream_and_a_missing_scope_only_its_own(server: requests_mock.Mocker) -> None:
    streams = {stream.name: stream for stream in Datadog(CONFIG).streams()}
    server.get(HISTORICAL, **error(SCOPE))
    server.get(BILLABLE, json={"usage": []})
    with pytest.raises(ConfigError):
        records(streams["datadog_cost"], window(JUNE, JULY))
    assert records(streams["datadog_billable_usage"], window(JUNE, JULY)) == []
    server.get(HISTORICAL, **error(EDGE))
    with pytest.raises(KeyRefused):
        records(streams["datadog_cost"], window(JUNE, JULY))
    before = len(server.request_history)
    with pytest.raises(KeyRefused):
        records(streams["datadog_billable_usage"], window(JUNE, JULY))
    assert len(server.request_history) == before


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"X-RateLimit-Reset": "12", "X-RateLimit-Period": "30"}, 13),
        ({"X-RateLimit-Period": "30"}, 31),
        ({"X-RateLimit-Reset": "3600"}, 3600),
        ({"X-RateLimit-Reset": str(round(NOW.timestamp()) + 12)}, 13),
        ({"X-RateLimit-Reset": str(round(NOW.timestamp()) - 86400)}, 1),
        ({"X-RateLimit-Reset": "soon", "X-RateLimit-Period": "30"}, 31),
        ({"Retry-After": "5", "X-RateLimit-Reset": "12"}, 5),
        ({}, 30),
    ],
)
def test_a_limit_is_waited_for_as_the_headers_say(
    server: requests_mock.Mocker, waits: list[float], headers: dict[str, str], waited: float
) -> None:
    server.get(BILLABLE, [error("rate_limited_429", headers=headers), {"json": {"usage": []}}])
    read("datadog_billable_usage", JUNE, JULY)
    assert waits == [waited]


@pytest.mark.parametrize("body", ["<html><body>429 Too Many Requests</body></html>", ""])
def test_a_limit_with_an_html_body_is_a_limit(server: requests_mock.Mocker, waits: list[float], body: str) -> None:
    server.get(BILLABLE, [{"status_code": 429, "text": body}, {"json": {"usage": []}}])
    assert read("datadog_billable_usage", JUNE, JULY) == []
    assert waits == [30]


def test_more_than_an_hour_is_an_error_at_once(server: requests_mock.Mocker, waits: list[float]) -> None:
    server.get(BILLABLE, **error("rate_limited_429", headers={"X-RateLimit-Reset": "3601"}))
    with pytest.raises(Unavailable, match=r"limits the rate .* asks to wait 3601 s"):
        read("datadog_billable_usage", JUNE, JULY)
    assert waits == []


def test_the_reset_of_a_server_error_is_not_its_wait(server: requests_mock.Mocker, waits: list[float]) -> None:
    failed = {"status_code": 503, "headers": {"X-RateLimit-Reset": "1800"}}
    server.get(BILLABLE, [failed, {"json": {"usage": []}}])
    read("datadog_billable_usage", JUNE, JULY)
    assert len(waits) == 1
    assert waits[0] < 5


@pytest.mark.parametrize("status", [200, 400, 429])
def test_the_last_request_of_a_window_holds_back_every_stream(
    server: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "40"}
    server.get(LABELS, status_code=status, json={"data": []}, headers=spent)
    server.get(BILLABLE, json={"usage": []})
    server.get(HOURLY, **hours())
    streams = {stream.name: stream for stream in Datadog(CONFIG).streams()}
    records(streams["datadog_billable_usage"], window(JUNE, JULY))
    assert waits == []
    records(streams["datadog_hourly_usage"], window(JUNE, JULY))
    assert waits == [pytest.approx(41)]


def test_a_window_of_more_than_an_hour_does_not_hold(server: requests_mock.Mocker, waits: list[float]) -> None:
    server.get(HOURLY, **hours(), headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "86400"})
    stream = stream_of("datadog", CONFIG, "datadog_hourly_usage")
    for _ in range(2):
        records(stream, window(JUNE, "2025-06-08"))
    assert waits == []


@pytest.mark.parametrize(("rows", "meta"), [("data", "meta"), ("usage", "metadata")])
def test_empty_pages_that_never_end_break_the_contract(server: requests_mock.Mocker, rows: str, meta: str) -> None:
    pages = [{"json": {rows: [], meta: {"pagination": {"next_record_id": str(number)}}}} for number in range(51)]
    server.get(HOURLY, pages)
    api = stream_of("datadog", CONFIG, "datadog_hourly_usage").api
    with pytest.raises(BrokenContract, match="50 empty pages one after another"):
        list(api.pages(HOURLY.removeprefix(HOST), {}, rows=rows))
