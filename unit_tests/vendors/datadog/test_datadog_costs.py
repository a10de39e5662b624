"""Where the Datadog costs of a month and a day come from, and what their lines mean."""

import logging
import re
from decimal import Decimal
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import BrokenContract, ConfigError, Unmappable
from source_unified_usage.vendors.datadog import Datadog
from source_unified_usage.vendors.datadog.daily_costs import ProductDay
from source_unified_usage.vendors.datadog.mapping import Amounts, MonthRow, charge_lines
from unit_tests.vendors.datadog.answers import (
    AUGUST,
    CONFIG,
    EMPTY,
    ESTIMATED,
    HISTORICAL,
    HOURLY,
    JULY,
    JUNE,
    PROJECTED,
    SEPTEMBER,
    asked,
    data,
    entry,
    hours,
    line,
    mapped,
    measured,
    read,
    views,
)
from unit_tests.vendors.samples import assert_valid, records, sample, stream_of, window


def in_june(row: Any, **labels: str) -> MonthRow:
    return MonthRow(row, window(JUNE, JULY).start, labels)


# --- where a month comes from
def test_the_current_month_is_the_estimate(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **data(entry(line("total", 1), date="2025-08-31T00:00:00Z")))
    assert len(read("datadog_cost", AUGUST, SEPTEMBER)) == 1
    assert asked(server, ESTIMATED) == [
        {"view": "sub-org", "include_connected_accounts": "false", "start_month": "2025-08"}
    ]
    assert asked(server, HISTORICAL) == []


@pytest.mark.parametrize("month", ["2025-07", "2025-06"])
def test_a_month_is_the_estimate_until_it_is_closed(server: requests_mock.Mocker, month: str) -> None:
    start, end = f"{month}-01", f"2025-{int(month[5:]) + 1:02}-01"
    date = f"{month}-01T00:00:00+00:00"
    server.get(HISTORICAL, **EMPTY)
    server.get(ESTIMATED, **data(entry(line("total", 7), date=date)))
    estimate = read("datadog_cost", start, end)
    server.get(HISTORICAL, **data(entry(line("total", 8), date=date)))
    invoice = read("datadog_cost", start, end)
    assert (
        [row["id"] for row in estimate] == [row["id"] for row in invoice] == [f"datadog_cost/org1/{month}/infra_host"]
    )
    assert [views(row)["net"] for row in (*estimate, *invoice)] == [7, 8]
    assert len(asked(server, ESTIMATED)) == 1


def test_older_months_have_no_estimate(server: requests_mock.Mocker) -> None:
    server.get(HISTORICAL, **EMPTY)
    assert read("datadog_cost", "2025-05-01", JUNE) == []
    assert asked(server, ESTIMATED) == []


def test_no_request_names_an_end_month(server: requests_mock.Mocker) -> None:
    server.get(HISTORICAL, **data(entry(line("total", 1))))
    read("datadog_cost", JUNE, JULY, view="summary", include_connected_accounts=True)
    assert asked(server, HISTORICAL) == [
        {"view": "summary", "include_connected_accounts": "true", "start_month": "2025-06"}
    ]


@pytest.mark.parametrize("day", ["2025-06-01T00:00:00Z", "2025-06-30T00:00:00+00:00", "2025-06-17T11:00:00.000Z", ...])
def test_any_day_of_the_month_or_none_is_that_month(server: requests_mock.Mocker, day: Any) -> None:
    server.get(HISTORICAL, **data(entry(line("total", 1), date=day)))
    (row,) = read("datadog_cost", JUNE, JULY)
    assert row["id"] == "datadog_cost/org1/2025-06/infra_host"
    assert (row["start_date"], row["end_date"]) == ("2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z")


def test_rows_of_other_months_are_dropped(server: requests_mock.Mocker) -> None:
    server.get(HISTORICAL, **data(entry(line("total", 1)), entry(line("total", 2), date="2025-07-01T00:00:00Z")))
    assert [views(row)["net"] for row in read("datadog_cost", JUNE, JULY)] == [1]


def test_of_several_entries_the_latest_counts(server: requests_mock.Mocker) -> None:
    early, late = (entry(line("total", day), date=f"2025-06-{day}T00:00:00Z") for day in (12, 13))
    for entries in ((early, late), (late, early), (late, late, early)):
        server.get(HISTORICAL, **data(*entries))
        assert [views(row)["net"] for row in read("datadog_cost", JUNE, JULY)] == [13]
    server.get(HISTORICAL, **data(early, entry(line("total", 9), date="2025-06-12T00:00:00Z")))
    with pytest.raises(BrokenContract, match="two entries of 'org1' for 2025-06"):
        read("datadog_cost", JUNE, JULY)


# --- charge lines
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("committed", 5), line("on_demand", 2), line("total", 7)], (7, {"committed": 5, "on_demand": 2})),
        ([line("commitment", 5), line("usage", 2)], (7, {"committed": 5, "usage_based": 2})),
        (
            [line("committed", 5), line("on_demand", 0.1), line("on_demand", 0.2)],
            (5.3, {"committed": 5, "on_demand": 0.3}),
        ),
        ([line("committed", 5), line("commitment", 1)], (6, {"committed": 6})),
        ([line("on_demand", 2), line("adjustment", -0.5)], (1.5, {"on_demand": 2, "": -0.5})),
        ([line("on_demand", 2), line(..., 1)], (3, {"on_demand": 2, "": 1})),
        ([line("on_demand", 2), line("adjustment", -0.5), line("total", 2)], (2, {"on_demand": 2, "": -0.5})),
        ([line("on_demand", "318.204417"), line("committed", None)], (318.204417, {"on_demand": 318.204417})),
        ([line("on_demand", 2), line("total", None)], (2, {"on_demand": 2})),
        ([line("on_demand", 0), line("total", 0)], (0, {"on_demand": 0})),
    ],
)
def test_spellings_of_charges(lines: Any, expected: Any) -> None:
    net, others = expected
    found = mapped("datadog_cost", in_june(entry(*lines)))
    assert_valid(found)
    assert [views(row) for row in found] == [{"net": net, "total": net, **others}]
    assert found[0]["remote_data"]["attributes"]["charges"] == lines


@pytest.mark.parametrize("kind", ["projected_committed", "projected_on_demand"])
def test_a_projection_has_no_net(server: requests_mock.Mocker, kind: str) -> None:
    server.get(PROJECTED, **data(entry(line(kind, 9), line("total", 9), date="2025-08-31T00:00:00Z")))
    (row,) = read("datadog_projected_cost", "2025-08-14", "2025-08-14")
    assert views(row) == {kind.removeprefix("projected_"): 9}
    assert row["id"] == "datadog_projected_cost/org1/2025-08/infra_host"
    assert (row["start_date"], row["end_date"]) == ("2025-08-01T00:00:00Z", "2025-09-01T00:00:00Z")


def test_there_is_no_projection_before_the_twelfth(server: requests_mock.Mocker) -> None:
    server.get(PROJECTED, json=sample("datadog", "cost_empty"))
    assert read("datadog_projected_cost", "2025-08-11", "2025-08-11") == []


def test_no_amounts_no_charges() -> None:
    assert charge_lines({}, "USD", None) == []


@pytest.mark.parametrize("labels", [{"infra_host": "Infra Hosts"}, {}])
def test_a_month_is_mapped_without_asking(labels: dict[str, str]) -> None:
    (row,) = mapped("datadog_cost", in_june(entry(line("total", 1), date="2025-06-17"), **labels))
    assert row["id"] == "datadog_cost/org1/2025-06/infra_host"
    assert row["product"] == {"id": "infra_host", "name": labels.get("infra_host", "infra_host")}
    assert (row["start_date"], row["end_date"]) == ("2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z")


def test_a_day_is_mapped_without_asking() -> None:
    lines: Amounts = {"total": Decimal(7), "on_demand": Decimal("-0.5")}
    row = entry(line("total", 12), line("on_demand", 3))
    (record,) = mapped("datadog_daily_cost", ProductDay(row, "2025-08-02", "infra_host", lines, Decimal(7), {}))
    assert record["id"] == "datadog_daily_cost/org1/2025-08-02/infra_host"
    assert views(record) == {"net": 7, "total": 7, "on_demand": -0.5}
    assert record["remote_data"] == row


def test_absent_keys_fall_back(server: requests_mock.Mocker) -> None:
    nameless = entry(line("total", 1, ...), line("total", None, "apm_host"), public_id=...)
    server.get(HISTORICAL, **data(nameless, entry(public_id="org2", charges=...)))
    (row,) = read("datadog_cost", JUNE, JULY)
    assert row["id"] == "datadog_cost/Org/2025-06/unknown"
    assert row["product"] == {"id": "unknown", "name": "unknown"}
    assert "organization" not in row
    server.get(HISTORICAL, **data(entry(line("total", 1), public_id=..., org_name=None)))
    with pytest.raises(Unmappable, match="neither public_id nor org_name"):
        read("datadog_cost", JUNE, JULY)


@pytest.mark.parametrize("bare", [{"attributes": None}, {}, entry(charges=...), entry(charges=None), entry()])
def test_an_entry_without_charges_makes_no_record_and_costs_no_other(server: requests_mock.Mocker, bare: Any) -> None:
    later = {"attributes": {**(bare.get("attributes") or {}), "date": "2025-06-30T00:00:00Z"}}
    server.get(HISTORICAL, **data(bare, entry(line("total", 1)), bare, later))
    assert [views(row)["net"] for row in read("datadog_cost", JUNE, JULY)] == [1]
    server.get(HISTORICAL, **data(bare))
    server.get(ESTIMATED, **data(entry(line("total", 2))))
    assert [views(row)["net"] for row in read("datadog_cost", JUNE, JULY)] == [2]


@pytest.mark.parametrize("currency", ["EUR", "eur"])
def test_the_currency_is_the_configured_one(currency: str) -> None:
    (row,) = mapped("datadog_cost", in_june(entry(line("total", 1))), currency=currency)
    assert {charge["currency"] for charge in row["charges"]} == {"EUR"}


@pytest.mark.parametrize("date", ["2025-06", "2025-06-01", "2025-06-17T05:00:00+00:00", None, ...])
def test_the_month_of_a_cost_in_every_spelling(server: requests_mock.Mocker, date: Any) -> None:
    server.get(HISTORICAL, **data(entry(line("total", 1), date=date)))
    (row,) = read("datadog_cost", JUNE, JULY)
    assert (row["id"], row["start_date"]) == ("datadog_cost/org1/2025-06/infra_host", "2025-06-01T00:00:00Z")


def test_the_latest_of_two_entries_counts_however_their_dates_are_spelled(server: requests_mock.Mocker) -> None:
    older, newer = entry(line("total", 1), date="2025-06"), entry(line("total", 2), date="2025-06-17")
    for found in ((older, newer), (newer, older)):
        server.get(HISTORICAL, **data(*found))
        (row,) = read("datadog_cost", JUNE, JULY)
        assert views(row) == {"net": 2, "total": 2}


def test_a_denied_cost_names_the_parent_organization_and_what_worked(
    server: requests_mock.Mocker,
) -> None:
    denied: dict[str, Any] = {"status_code": 403, "json": {"errors": ["Access was denied to this resource."]}}
    server.get(HISTORICAL, **denied)
    server.get(HOURLY, **hours(measured(1)))
    streams = {stream.name: stream for stream in Datadog(CONFIG).streams()}
    parent = "use keys of the parent organization then."
    with pytest.raises(ConfigError, match=f"{re.escape(parent)}$"):
        records(streams["datadog_cost"], window(JUNE, JULY))
    records(streams["datadog_hourly_usage"], window("2025-08-10", "2025-08-11"))
    worked = re.escape(f"{parent} The same keys have already read /api/v2/usage/hourly_usage.")
    with pytest.raises(ConfigError, match=rf"usage_read and billing_read .* {worked}$"):
        records(streams["datadog_cost"], window(JUNE, JULY))


@pytest.mark.parametrize("account", [..., "account1"])
def test_unread_hours_of_child_organizations_are_warned_of_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, account: Any
) -> None:
    child = entry(line("total", 1), public_id="org2", account_public_id=account)
    server.get(HISTORICAL, **data(entry(line("total", 1)), child))
    stream = stream_of("datadog", CONFIG, "datadog_cost")
    with caplog.at_level(logging.WARNING, "airbyte"):
        for _ in range(2):
            records(stream, window(JUNE, JULY))
    assert [record.message for record in caplog.records] == [
        "datadog_cost: the cost is that of 2 organizations, but only the one of the keys is read in "
        "datadog_hourly_usage, datadog_monthly_cost_attribution, datadog_monthly_usage_attribution, "
        "datadog_hourly_usage_attribution. Set datadog.include_descendants to true to read all of them there too."
    ]
    caplog.clear()
    with caplog.at_level(logging.WARNING, "airbyte"):
        read("datadog_cost", JUNE, JULY, include_attribution=False)
    assert "is read in datadog_hourly_usage. Set" in caplog.text
    caplog.clear()
    read("datadog_cost", JUNE, JULY, include_descendants=True)
    own, connected = (entry(line("total", 1), public_id=f"org{n}", account_public_id=f"account{n}") for n in (1, 2))
    server.get(HISTORICAL, **data(own, connected))
    read("datadog_cost", JUNE, JULY, include_connected_accounts=True)
    assert not caplog.records


# --- days
def test_days_are_asked_from_the_first_of_the_month_to_the_end_of_the_range(server: requests_mock.Mocker) -> None:
    server.get(ESTIMATED, **EMPTY)
    read("datadog_daily_cost", "2025-08-05", "2025-08-14")
    assert asked(server, ESTIMATED) == [
        {
            "view": "sub-org",
            "include_connected_accounts": "false",
            "start_date": "2025-08-01",
            "end_date": "2025-08-13",
            "cost_aggregation": "cumulative",
        }
    ]


def test_a_line_that_vanishes_and_returns(server: requests_mock.Mocker) -> None:
    days = [
        [line("on_demand", 10), line("total", 10), line("total", 4, "logs")],
        [line("total", 6, "logs")],
        [line("committed", 3), line("on_demand", 12.5)],
        [line("on_demand", 12), line("total", 15)],
    ]
    found = [entry(*lines, date=f"2025-08-0{day}T00:00:00Z") for day, lines in enumerate(days, 1)]
    # of the days before and after the range, and not in order
    strangers = [entry(line("total", 99), date=f"{day}T00:00:00Z") for day in ("2025-07-31", "2025-08-14")]
    server.get(ESTIMATED, **data(*strangers, *reversed(found)))
    rows = read("datadog_daily_cost", AUGUST, "2025-08-14")
    assert [(row["start_date"][:10], row["metric_name"], views(row)) for row in rows] == [
        ("2025-08-01", "infra_host", {"net": 10, "total": 10, "on_demand": 10}),
        ("2025-08-01", "logs", {"net": 4, "total": 4}),
        ("2025-08-02", "logs", {"net": 2, "total": 2}),
        ("2025-08-03", "infra_host", {"net": 5.5, "total": 5.5, "committed": 3, "on_demand": 2.5}),
        ("2025-08-04", "infra_host", {"net": -0.5, "total": -0.5, "on_demand": -0.5}),
    ]


def test_organizations_run_apart_and_a_day_needs_its_date(server: requests_mock.Mocker) -> None:
    first, second = (entry(line("total", 5), public_id=org, date="2025-08-01T00:00:00Z") for org in ("a", "b"))
    server.get(ESTIMATED, **data(first, second))
    assert [views(row)["net"] for row in read("datadog_daily_cost", AUGUST, "2025-08-14")] == [5, 5]
    server.get(ESTIMATED, **data(entry(line("total", 5), date=...)))
    with pytest.raises(Unmappable, match="date"):
        read("datadog_daily_cost", AUGUST, "2025-08-14")
