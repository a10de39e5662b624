"""How Datadog cost and usage by tag are asked for and read."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError
from unit_tests.vendors.datadog.answers import (
    AUGUST,
    CONFIG,
    HOURLY_ATTRIBUTION,
    JULY,
    JUNE,
    MONTHLY_COST,
    MONTHLY_USAGE,
    SEPTEMBER,
    TYPES,
    asked,
    data,
    read,
    views,
)
from unit_tests.vendors.samples import records, stream_of, window


def attributed(values: Any, **about: Any) -> dict[str, Any]:
    known = {"public_id": "org1", "tag_config_source": "Org:::team", "tags": {"team": ["a"]}}
    return {**known, "month": "2025-07-01T00:00:00+00:00", "values": values, **about}


def page(*rows: Any, next: Any = None) -> dict[str, Any]:
    return {"json": {"usage": list(rows), "metadata": {"pagination": {"next_record_id": next}}}}


def test_cost_by_tag_is_asked_for_closed_months(server: requests_mock.Mocker) -> None:
    costs = {"a_total_cost": 3, "a_percentage_in_org": 1, "b_committed_cost": 1, "b_on_demand_cost": "0.5", "new": 1}
    closed = {**attributed({**costs, "c_percentage_in_account": 4, "d_on_demand_cost": None}), "month": "2025-06-01"}
    other = {"attributes": {**closed, "month": "2025-07-01"}}
    server.get(MONTHLY_COST, **data({"attributes": closed}, other))
    rows = read("datadog_monthly_cost_attribution", JUNE, JULY, tag_breakdown_keys=["team", "env"])
    assert [(row["metric_name"], views(row)) for row in rows] == [
        ("a", {"net": 3, "total": 3}),
        ("b", {"net": 1.5, "total": 1.5, "committed": 1, "on_demand": 0.5}),
    ]
    assert rows[0]["remote_data"]["attributes"]["values"] == {"a_total_cost": 3, "a_percentage_in_org": 1, "new": 1}
    assert asked(server, MONTHLY_COST) == [
        {"start_month": "2025-06", "fields": "*", "include_descendants": "false", "tag_breakdown_keys": "team,env"}
    ]
    assert read("datadog_monthly_cost_attribution", AUGUST, SEPTEMBER) == []
    assert len(asked(server, MONTHLY_COST)) == 1


def test_usage_by_tag_follows_the_cursor_of_its_own_envelope(server: requests_mock.Mocker) -> None:
    second = attributed({"a_usage": 0}, tags={"team": []}, updated_at="2022-05-21T00")
    server.get(MONTHLY_USAGE, [page(attributed({"a_usage": 2, "a_percentage": 9}), next="c1"), page(second)])
    first, last = read("datadog_monthly_usage_attribution", JULY, AUGUST, include_descendants=True)
    assert first["resources"] == [{"id": "team:a", "name": "team:a"}]
    assert "resources" not in last
    assert last["updated_at"] == "2022-05-21T00:00:00Z"
    assert (first["usage"], last["usage"]) == ({"quantity": 2}, {"quantity": 0})
    assert first["id"] != last["id"]
    query = {"start_month": "2025-07", "fields": "*", "include_descendants": "true"}
    assert asked(server, MONTHLY_USAGE) == [query, {**query, "next_record_id": "c1"}]


@pytest.mark.parametrize("value", [None, "", "null"])
def test_unknown_shares_make_no_record(tagged: requests_mock.Mocker, value: Any) -> None:
    tagged.get(HOURLY_ATTRIBUTION, **page(of_hour(total_usage_sum=value)))
    assert read("datadog_hourly_usage_attribution", "2025-08-10", "2025-08-11") == []
    tagged.get(MONTHLY_USAGE, **page(attributed({"a_usage": value, "b_usage": "2"})))
    (row,) = read("datadog_monthly_usage_attribution", JULY, AUGUST)
    assert (row["metric_name"], row["usage"]) == ("b", {"quantity": 2})


SPELLED = ["2025-07-01T00:00:00Z", "2025-07-01T00:00:00+00:00", "2025-07-01", "2025-07"]


@pytest.mark.parametrize("month", SPELLED)
def test_a_month_is_the_same_in_every_spelling(server: requests_mock.Mocker, month: str) -> None:
    server.get(MONTHLY_USAGE, **page(attributed({"a_usage": 2}, month=month)))
    (used,) = read("datadog_monthly_usage_attribution", JULY, AUGUST)
    assert used["id"] == "datadog_monthly_usage_attribution/org1/2025-07/Org:::team/42d357fa88c80a0c/a"
    assert (used["start_date"], used["end_date"]) == ("2025-07-01T00:00:00Z", "2025-08-01T00:00:00Z")
    server.get(MONTHLY_COST, **data({"attributes": attributed({"a_total_cost": 3}, month=month)}))
    (cost,) = read("datadog_monthly_cost_attribution", JULY, AUGUST)
    assert cost["id"] == used["id"].replace("usage_attribution", "cost_attribution")
    assert cost["start_date"] == "2025-07-01T00:00:00Z"


@pytest.mark.parametrize("month", SPELLED)
def test_the_hours_of_a_month_in_every_spelling(server: requests_mock.Mocker, month: str) -> None:
    server.get(TYPES, json={"data": {"attributes": {"values": ["apm_host"]}}})
    server.get(MONTHLY_USAGE, **page(attributed({"apm_host_usage": 1}, month=month)))
    server.get(HOURLY_ATTRIBUTION, **page(of_hour(hour="2025-07-10T05", updated_at="2025-07-12T08")))
    (row,) = read("datadog_hourly_usage_attribution", "2025-07-10", "2025-07-11")
    assert (row["start_date"], row["updated_at"]) == ("2025-07-10T05:00:00Z", "2025-07-12T08:00:00Z")


@pytest.mark.parametrize("hour", ["2025-07", "2025-07-10"])
def test_an_hour_that_is_none_is_refused(tagged: requests_mock.Mocker, hour: str) -> None:
    tagged.get(HOURLY_ATTRIBUTION, **page(of_hour(hour=hour)))
    with pytest.raises(ValueError, match="names no hour"):
        read("datadog_hourly_usage_attribution", "2025-08-10", "2025-08-11")


def of_hour(**about: Any) -> dict[str, Any]:
    known = {"hour": "2025-08-10T05:00:00+00:00", "total_usage_sum": 2, "usage_type": "apm_host_usage"}
    return attributed({}, **{**known, **about})


@pytest.fixture
def tagged(server: requests_mock.Mocker) -> requests_mock.Mocker:
    """A month that used three of four types."""
    names = ["apm_host", "flex_logs_starter", "idle", "infra_host"]
    server.get(TYPES, json={"data": {"attributes": {"values": names}}})
    values = {f"{name}_usage": 0 if name == "idle" else 1 for name in names}
    server.get(MONTHLY_USAGE, **page(attributed(values, month="2025-08-01T00:00:00Z", tags=None)))
    return server


def test_hours_by_tag_are_asked_for_the_types_that_the_month_used(tagged: requests_mock.Mocker) -> None:
    tagged.get(HOURLY_ATTRIBUTION, [page(of_hour()), page(of_hour(total_usage_sum=None)), page()])
    stream = stream_of("datadog", {**CONFIG, "tag_breakdown_keys": ["team"]}, "datadog_hourly_usage_attribution")
    (row,) = records(stream, window("2025-08-10", "2025-08-11"))
    assert (row["product"], row["metric_name"]) == ({"id": "apm_host"}, "apm_host_usage")
    assert row["usage"] == {"quantity": 2}
    day = {"start_hr": "2025-08-10t00", "end_hr": "2025-08-11t00"}
    query = {**day, "include_descendants": "false", "tag_breakdown_keys": "team"}
    kinds = ["apm_host_usage", "flex_logs_starter", "infra_host_usage"]
    assert asked(tagged, HOURLY_ATTRIBUTION) == [{**query, "usage_type": kind} for kind in kinds]
    # which types there are does not depend on the tags, and is asked once for a month
    records(stream, window("2025-08-11", "2025-08-12"))
    assert asked(tagged, MONTHLY_USAGE) == [{"start_month": "2025-08", "fields": "*", "include_descendants": "false"}]
    assert len(asked(tagged, TYPES)) == 1


def test_a_refused_type_is_left_out_and_all_refused_is_an_error(
    tagged: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    refused: dict[str, Any] = {"status_code": 400, "json": {"errors": ["usage_type apm_host_usage is not supported"]}}
    tagged.get(HOURLY_ATTRIBUTION, [refused, page(), page(of_hour())])
    stream = stream_of("datadog", CONFIG, "datadog_hourly_usage_attribution")
    assert len(records(stream, window("2025-08-10", "2025-08-11"))) == 1
    assert [r.message for r in caplog.records if "refuses the usage type apm_host" in r.message]
    records(stream, window("2025-08-11", "2025-08-12"))
    assert len(asked(tagged, HOURLY_ATTRIBUTION)) == 5
    tagged.get(HOURLY_ATTRIBUTION, **refused)
    with pytest.raises(ConfigError, match="is not supported"):
        read("datadog_hourly_usage_attribution", "2025-08-10", "2025-08-11")


@pytest.mark.parametrize("first", [page(of_hour(), next="c1"), page(next="c1")])
def test_a_later_page_that_is_refused_leaves_nothing_out(tagged: requests_mock.Mocker, first: Any) -> None:
    refused = {"status_code": 400, "json": {"errors": ["next_record_id is invalid"]}}
    tagged.get(HOURLY_ATTRIBUTION, [page(of_hour()), first, refused, page()])
    with pytest.raises(ConfigError, match="next_record_id is invalid"):
        read("datadog_hourly_usage_attribution", "2025-08-10", "2025-08-11")


def test_a_day_that_is_refused_is_not_a_refused_type(tagged: requests_mock.Mocker) -> None:
    stream = stream_of("datadog", CONFIG, "datadog_hourly_usage_attribution")
    refused = {"status_code": 400, "json": {"errors": ["start_hr is invalid"]}}
    tagged.get(HOURLY_ATTRIBUTION, [page(), page(), page(), refused, page()])
    assert records(stream, window("2025-08-10", "2025-08-11")) == []
    with pytest.raises(ConfigError, match="start_hr is invalid"):
        records(stream, window("2025-08-11", "2025-08-12"))


def test_a_list_of_types_that_is_none_breaks_the_contract(tagged: requests_mock.Mocker) -> None:
    tagged.get(TYPES, json={"data": {}})
    with pytest.raises(BrokenContract, match="no list of names"):
        read("datadog_hourly_usage_attribution", "2025-08-10", "2025-08-11")


@pytest.mark.parametrize(
    ("name", "url"),
    [("datadog_monthly_cost_attribution", MONTHLY_COST), ("datadog_monthly_usage_attribution", MONTHLY_USAGE)],
)
def test_a_site_without_attribution_is_no_error(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, name: str, url: str
) -> None:
    server.get(url, status_code=404, json={"errors": ["Not found"]})
    stream = stream_of("datadog", CONFIG, name)
    assert records(stream, window(JUNE, JULY)) == []
    assert stream.bounds.available_until == window(JUNE, JULY).start
    assert [r.message for r in caplog.records if f"{name}: this Datadog site has no usage attribution" in r.message]
