"""How Datadog usage by hour and by month is asked for and read."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract
from source_unified_usage.vendors.datadog.usage import BillableKey, unit_of
from unit_tests.vendors.datadog.answers import BILLABLE, HOURLY, JULY, JUNE, asked, hours, mapped, measured, read
from unit_tests.vendors.samples import window


# --- hours
def test_the_bounds_and_the_size_of_a_walk_through_hours(server: requests_mock.Mocker) -> None:
    more = {"meta": {"pagination": {"next_record_id": "c1"}}}
    server.get(HOURLY, [hours(measured(1), **more), hours(measured(2, product_family="rum"))])
    found = read("datadog_hourly_usage", "2025-08-07", "2025-08-14", product_families=["logs", "rum"])
    assert len(found) == 2
    first, second = asked(server, HOURLY)
    assert first == {
        "filter[timestamp][start]": "2025-08-07t00",
        "filter[timestamp][end]": "2025-08-14t00",
        "filter[product_families]": "logs,rum",
        "filter[include_descendants]": "false",
        "filter[include_connected_accounts]": "false",
        "page[limit]": "500",
    }
    assert second == {**first, "page[next_record_id]": "c1"}


@pytest.mark.parametrize(
    "last", [{}, {"meta": None}, {"meta": {}}, {"meta": {"pagination": None}}, {"meta": {"pagination": {}}}]
)
def test_the_ends_of_a_walk(server: requests_mock.Mocker, last: Any) -> None:
    server.get(HOURLY, **hours(measured(1), **last))
    assert len(read("datadog_hourly_usage", "2025-08-10", "2025-08-11")) == 1


@pytest.mark.parametrize("cursor", [None, ""])
def test_an_empty_cursor_is_the_end(server: requests_mock.Mocker, cursor: Any) -> None:
    server.get(HOURLY, **hours(measured(1), meta={"pagination": {"next_record_id": cursor}}))
    assert len(read("datadog_hourly_usage", "2025-08-10", "2025-08-11")) == 1


def test_a_walk_in_a_circle_breaks_the_contract(server: requests_mock.Mocker) -> None:
    server.get(HOURLY, **hours(meta={"pagination": {"next_record_id": "c1"}}))
    with pytest.raises(BrokenContract, match="the cursor 'c1' came twice"):
        read("datadog_hourly_usage", "2025-08-10", "2025-08-11")
    server.get(HOURLY, **hours(meta={"pagination": "c1"}))
    with pytest.raises(BrokenContract, match="'pagination' is not an object"):
        read("datadog_hourly_usage", "2025-08-10", "2025-08-11")


@pytest.mark.parametrize("sent", [{}, {"measurements": None}, {"measurements": []}])
def test_a_row_without_measurements_makes_no_record_and_costs_no_other(
    server: requests_mock.Mocker, sent: dict[str, Any]
) -> None:
    known = {"public_id": "org1", "product_family": "rum", "timestamp": "2025-08-10T05:00:00+00:00"}
    bare = [{"attributes": {**known, **sent}}, {"attributes": sent}, {"attributes": None}, {}]
    server.get(HOURLY, **hours(*bare, measured(1), *bare))
    (row,) = read("datadog_hourly_usage", "2025-08-10", "2025-08-11")
    assert row["usage"]["quantity"] == 1


def test_measurements_that_are_no_list_are_refused() -> None:
    row = measured(1)
    row["attributes"]["measurements"] = {"usage_type": "a", "value": 1}
    with pytest.raises(ValueError, match="measurements is no list"):
        mapped("datadog_hourly_usage", row)


def test_nulls_are_not_measured_and_zeros_are_an_option() -> None:
    row = measured(None, 0, 9_007_199_254_740_993)
    found = mapped("datadog_hourly_usage", row)
    assert [row["usage"]["quantity"] for row in found] == [0, 9_007_199_254_740_993]
    found = mapped("datadog_hourly_usage", row, include_zero_usage=False)
    assert [row["usage"]["quantity"] for row in found] == [9_007_199_254_740_993]


def test_figures_in_every_spelling() -> None:
    found = mapped("datadog_hourly_usage", measured("null", "", "0", "7"))
    assert [row["usage"]["quantity"] for row in found] == [0, 7]
    found = mapped("datadog_hourly_usage", measured("null", "0", 0.0, "7"), include_zero_usage=False)
    assert [row["usage"]["quantity"] for row in found] == [7]


@pytest.mark.parametrize(
    ("usage_type", "unit"),
    [
        ("ingested_spans_bytes", "byte"),
        ("billable_ingested_bytes", "byte"),
        ("apm_host_count", "host"),
        ("container_count_excl_agent", None),
        ("container_count", "container"),
        ("avg_profiled_container_agent_count", "container"),
        ("tasks_count", "task"),
        ("replay_session_count", "session"),
        ("llm_observability_spans", "span"),
        ("logs_indexed_events_15_day_count", "event"),
        ("logs_live_indexed_count", "event"),
        ("analyzed_logs", "event"),
        ("lines_indexed", "event"),
        ("func_invocations_total", "invocation"),
        ("num_custom_timeseries", "timeseries"),
        ("check_calls_count", "test_run"),
        ("snmp_devices", "device"),
        ("iot_device_count", "device"),
        ("incident_management_monthly_active_users", "user"),
        ("ci_pipeline_committers", "user"),
        ("sandbox_minutes", None),
    ],
)
def test_the_unit_that_a_usage_type_tells(usage_type: str, unit: str | None) -> None:
    assert unit_of(usage_type) == unit


# --- what a month is billed on
def summary(usage: Any, **about: Any) -> dict[str, Any]:
    return {"public_id": "org1", "account_public_id": "acct", "usage": usage, **about}


def test_billable_months_are_asked_as_months(server: requests_mock.Mocker) -> None:
    server.get(BILLABLE, json={"usage": []})
    read("datadog_billable_usage", JUNE, JULY, include_connected_accounts=True)
    assert asked(server, BILLABLE) == [{"month": "2025-06", "include_connected_accounts": "true"}]


def test_an_accounts_quantity_is_that_of_its_only_entry(server: requests_mock.Mocker) -> None:
    units = {"org_billable_usage": None, "account_billable_usage": 7}
    alone = summary({"sds_sum": units, "cspm_host_maximum": {"org_billable_usage": None}, "x_avg": None})
    server.get(BILLABLE, json={"usage": [alone]})
    (row,) = read("datadog_billable_usage", JUNE, JULY)
    assert row["usage"] == {"quantity": 7}
    server.get(BILLABLE, json={"usage": [alone, summary({}, public_id="org2")]})
    assert read("datadog_billable_usage", JUNE, JULY) == []
    server.get(BILLABLE, json={"usage": [alone, summary({}, public_id="org2", account_public_id="other")]})
    assert len(read("datadog_billable_usage", JUNE, JULY)) == 1


def test_billable_figures_in_every_spelling(server: requests_mock.Mocker) -> None:
    sums = {
        "a_sum": {"org_billable_usage": "null", "account_billable_usage": "5"},
        "b_sum": {"org_billable_usage": "", "account_billable_usage": "null", "usage_unit": "gib"},
        "c_sum": {"org_billable_usage": "0", "account_billable_usage": 5},
    }
    server.get(BILLABLE, json={"usage": [summary(sums)]})
    found = read("datadog_billable_usage", JUNE, JULY)
    assert {row["metric_name"]: row["usage"] for row in found} == {"a_sum": {"quantity": 5}, "c_sum": {"quantity": 0}}


@pytest.mark.parametrize(
    ("key", "product"),
    [
        ("error_tracking_sum", "error_tracking"),
        ("timeseries_average", "timeseries"),
        ("timeseries_avg", "timeseries"),
        ("infra_host_top99p", "infra_host"),
        ("cspm_host_maximum", "cspm_host"),
        ("summit", "summit"),
    ],
)
def test_the_product_of_a_key_without_a_dimension(key: str, product: str) -> None:
    figures = {"org_billable_usage": 2**53 + 1, "usage_unit": "events"}
    item = BillableKey(summary({key: figures}), window(JUNE, JULY).start, key, figures, alone=False, labels={})
    (row,) = mapped("datadog_billable_usage", item)
    assert row["product"] == {"id": product, "name": product}
    assert row["metric_name"] == key
    assert row["usage"] == {"quantity": 2**53 + 1, "unit": "events"}
