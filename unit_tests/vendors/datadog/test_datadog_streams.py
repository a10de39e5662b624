"""What the Datadog block of the config offers, and which windows are read."""

import logging
from pathlib import Path
from typing import Any

import pendulum
import pytest
import requests_mock
import yaml

from sandbox.vendors.datadog.knobs import Knobs
from source_unified_usage.core.config import validate
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.spec import connection_specification
from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.datadog import Datadog
from source_unified_usage.vendors.datadog.access import COMMERCIAL_SITES, GOVERNMENT_SITES
from unit_tests.vendors.datadog.answers import AUGUST, CONFIG, EMPTY, JULY, JUNE, KEYS, NOW, read
from unit_tests.vendors.samples import stream_of, window

SITES = (*COMMERCIAL_SITES, *GOVERNMENT_SITES)


# --- what is planned
def planned(name: str, start: str, covered: Covered | None = None, *, today: bool = False, **config: Any) -> Any:
    stream = stream_of("datadog", {**CONFIG, **config}, name)
    stream.plan(Range(pendulum.parse(start).date(), None, today, NOW), covered or Covered())  # type: ignore[union-attr]
    return stream


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("datadog_cost", JUNE),
        ("datadog_billable_usage", JULY),
        ("datadog_hourly_usage", "2025-08-11"),
        ("datadog_daily_cost", JULY),
        ("datadog_monthly_cost_attribution", JUNE),
        ("datadog_monthly_usage_attribution", JUNE),
        ("datadog_hourly_usage_attribution", "2025-08-09"),
    ],
)
def test_lookback(name: str, since: str) -> None:
    """After a sync that reached as far as it could: an open month never counts as read."""
    monthly = name in ("datadog_cost", "datadog_billable_usage") or "monthly" in name
    reached = f"{AUGUST if monthly else '2025-08-14'}T00:00:00Z"
    covered = Covered.from_state({"slices": [{"start": "2025-01-01T00:00:00Z", "end": reached}]})
    stream = planned(name, "2025-01-01", covered)
    assert stream.windows[0].first_day == since


def test_hours_by_tag_are_read_again_until_the_sandbox_restates_them_no_more() -> None:
    lookback = stream_of("datadog", CONFIG, "datadog_hourly_usage_attribution").lookback
    assert lookback.before(NOW.start_of("day")) <= NOW.start_of("day") - Knobs().settle


@pytest.mark.parametrize(
    "name",
    [
        "datadog_cost",
        "datadog_billable_usage",
        "datadog_hourly_usage",
        "datadog_monthly_cost_attribution",
        "datadog_monthly_usage_attribution",
        "datadog_hourly_usage_attribution",
    ],
)
def test_fifteen_months_are_kept(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "airbyte"):
        assert planned(name, "2023-01-01").windows[0].first_day == "2024-05-01"
    (warning,) = caplog.records
    assert "start_date 2023-01-01" in warning.message
    assert "2024-05-01" in warning.message


def test_days_reach_back_to_the_first_of_the_previous_month() -> None:
    stream = planned("datadog_daily_cost", "2025-03-10")
    assert stream.windows == [window(JULY, AUGUST), window(AUGUST, "2025-08-14")]


def test_hours_are_read_by_the_week_and_by_the_day_of_several_organizations() -> None:
    assert planned("datadog_hourly_usage", AUGUST).windows == [
        window(AUGUST, "2025-08-08"),
        window("2025-08-08", "2025-08-14"),
    ]
    assert len(planned("datadog_hourly_usage", AUGUST, include_descendants=True).windows) == 13
    assert len(planned("datadog_hourly_usage", AUGUST, include_connected_accounts=True).windows) == 13


def test_the_open_day_ends_with_the_last_full_hour() -> None:
    (open_day,) = planned("datadog_hourly_usage", "2025-08-14", today=True).windows
    assert str(open_day) == "2025-08-14T00:00:00Z to 2025-08-14T09:00:00Z"


# --- the config
@pytest.mark.parametrize("site", SITES)
def test_every_site(server: requests_mock.Mocker, site: str) -> None:
    server.get(f"https://api.{site}/api/v1/usage/billable-summary", json={"usage": []})
    server.get(f"https://api.{site}/api/v2/usage/billing_dimension_mapping", **EMPTY)
    validate({"start_date": "2025-01-01", "datadog": {**KEYS, "site": site}}, connection_specification([Datadog]))
    assert read("datadog_billable_usage", JUNE, JULY, site=site) == []
    assert {request.hostname for request in server.request_history} == {f"api.{site}"}


def test_the_spec_names_the_same_sites() -> None:
    assert Datadog.spec()["properties"]["site"]["enum"] == list(SITES)
    with pytest.raises(ConfigError, match=r"datadog\.site"):
        validate(
            {"start_date": "2025-01-01", "datadog": {**KEYS, "site": "datadog.com"}},
            connection_specification([Datadog]),
        )


def test_every_site_may_be_asked() -> None:
    metadata = yaml.safe_load((Path(__file__).parents[3] / "metadata.yaml").read_text())
    assert {f"api.{site}" for site in SITES} <= set(metadata["data"]["allowedHosts"]["hosts"])


def test_the_address_without_a_base_url_is_described_as_the_sites() -> None:
    assert Datadog.spec()["properties"]["base_url"]["description"].endswith("Empty: https://api.<site>.")


ALWAYS = ["datadog_cost", "datadog_billable_usage", "datadog_hourly_usage", "datadog_daily_cost"]
ATTRIBUTION = [f"datadog_{kind}_attribution" for kind in ("monthly_cost", "monthly_usage", "hourly_usage")]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, ALWAYS),
        ({"include_projected_cost": True}, [*ALWAYS, "datadog_projected_cost"]),
        ({"include_attribution": True}, [*ALWAYS, *ATTRIBUTION]),
    ],
)
def test_what_is_offered(flags: dict[str, Any], expected: list[str]) -> None:
    assert [stream.name for stream in Datadog({**KEYS, **flags}).streams()] == expected


def test_one_stream_is_the_bill_and_two_restate_it() -> None:
    streams = Datadog(CONFIG).streams()
    bill, restated, estimate, activity = "datadog_cost", "restates", "estimate", "activity"
    assert {stream.name: (stream.role, stream.restates) for stream in streams} == {
        bill: ("bill", ()),
        "datadog_billable_usage": (activity, ()),
        "datadog_hourly_usage": (activity, ()),
        "datadog_daily_cost": (restated, (bill,)),
        "datadog_projected_cost": (estimate, ()),
        "datadog_monthly_cost_attribution": (restated, (bill,)),
        "datadog_monthly_usage_attribution": (activity, ()),
        "datadog_hourly_usage_attribution": (activity, ()),
    }
    assert not [stream for stream in streams if stream.counts_tokens]
