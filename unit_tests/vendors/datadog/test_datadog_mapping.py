"""What the Datadog streams make of sample answers."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.stream import Range
from source_unified_usage.core.times import next_midnight
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.datadog.daily_costs import steps
from unit_tests.vendors.datadog.answers import NOW
from unit_tests.vendors.samples import Case, assert_mapped, mock_answers, records, sample, stream_of, window

CONFIG = {
    "api_key": "not-a-real-api-key",
    "application_key": "not-a-real-application-key",
    "include_attribution": True,
    "include_projected_cost": True,
}
LABELS = {"GET /api/v2/usage/billing_dimension_mapping": ["billing_dimension_mapping"]}
HISTORICAL = "GET /api/v2/usage/historical_cost"
ESTIMATED = "GET /api/v2/usage/estimated_cost"
HOURLY = "GET /api/v2/usage/hourly_usage"
BILLABLE = "GET /api/v1/usage/billable-summary"
MONTHLY_USAGE = "GET /api/v1/usage/monthly-attribution"
HOURLY_ATTRIBUTION = "GET /api/v1/usage/hourly-attribution"
TYPES = "GET /api/v2/usage/usage-attribution-types"
JUNE, JULY, AUGUST = (f"2025-0{month}-01" for month in (6, 7, 8))
SUMMARY = {"view": "summary"}
BY_TEAM = {"tag_breakdown_keys": ["team", "env"]}


def cost(start: str, end: str, name: str, config: Any = None, **answers: Any) -> Case:
    paths = {"historical": HISTORICAL, "estimated": ESTIMATED}
    asked = {paths[which]: [body] for which, body in answers.items()}
    return Case("datadog_cost", {**asked, **LABELS}, start, end, config or {}, f"datadog_cost.{name}")


def hourly(day: str, *pages: str, name: str = "") -> Case:
    return Case(
        "datadog_hourly_usage", {HOURLY: pages}, day, next_midnight(day)[:10], {"include_descendants": True}, name=name
    )


def by_month(start: str, *pages: str, name: str, config: Any = None) -> Case:
    end = f"{start[:6]}{int(start[6]) + 1}-01"
    return Case("datadog_monthly_usage_attribution", {MONTHLY_USAGE: pages}, start, end, config or {}, name)


def by_hour(day: str, page: str, name: str) -> Case:
    """The types of the month that holds the day: two with usage, one of them asked for because it is listed."""
    values = {"infra_host_usage": 20, "infra_host_percentage": 100.0, "apm_host_usage": 0, "unlisted_usage": 3}
    month = {"usage": [{"public_id": "acmeroot01ab23cd", "month": f"{day[:7]}-01T00:00:00+00:00", "values": values}]}
    answers: dict[str, list[Any]] = {
        TYPES: ["usage_attribution_types"],
        MONTHLY_USAGE: [month],
        HOURLY_ATTRIBUTION: [page],
    }
    return Case("datadog_hourly_usage_attribution", answers, day, next_midnight(day)[:10], BY_TEAM, name)


CASES = [
    cost(JUNE, JULY, "closed", historical="historical_cost_2025-06_sub-org"),
    cost(JUNE, JULY, "closed_summary", SUMMARY, historical="historical_cost_2025-06_summary"),
    cost(AUGUST, "2025-09-01", "open", estimated="estimated_cost_2025-08_sub-org"),
    cost(AUGUST, "2025-09-01", "open_summary", SUMMARY, estimated="estimated_cost_2025-08_summary_minimal"),
    Case(
        "datadog_daily_cost",
        {ESTIMATED: ["estimated_cost_daily_cumulative_2025-08-01_04"], **LABELS},
        AUGUST,
        "2025-08-14",
    ),
    Case(
        "datadog_projected_cost",
        {"GET /api/v2/usage/projected_cost": ["projected_cost_2025-08_summary"], **LABELS},
        "2025-08-14",
        "2025-08-14",
    ),
    hourly("2025-08-10", "hourly_usage_page1", "hourly_usage_page2", "hourly_usage_page3_last_null_cursor"),
    hourly("2025-08-10", "hourly_usage_single_page_no_meta", name="datadog_hourly_usage.single_page"),
    hourly("2022-06-01", "hourly_usage_doc_example", name="datadog_hourly_usage.documented"),
    hourly("2024-04-01", "hourly_usage_rum_doc_example", name="datadog_hourly_usage.rum"),
    hourly("2025-08-10", "hourly_usage_without_measurements", name="datadog_hourly_usage.without_measurements"),
    Case("datadog_billable_usage", {BILLABLE: ["billable_summary_2025-06"], **LABELS}, JUNE, JULY),
    Case(
        "datadog_monthly_cost_attribution",
        {"GET /api/v2/cost_by_tag/monthly_cost_attribution": ["monthly_cost_attribution_2025-06"], **LABELS},
        JUNE,
        JULY,
        BY_TEAM,
    ),
    by_month(
        JULY,
        "monthly_usage_attribution_page1",
        "monthly_usage_attribution_page2",
        name="datadog_monthly_usage_attribution",
        config=BY_TEAM,
    ),
    Case(
        "datadog_monthly_cost_attribution",
        {"GET /api/v2/cost_by_tag/monthly_cost_attribution": ["monthly_cost_attribution_month_name"], **LABELS},
        JUNE,
        JULY,
        BY_TEAM,
        "datadog_monthly_cost_attribution.month_name",
    ),
    by_month(
        JULY,
        "monthly_usage_attribution_month_name",
        name="datadog_monthly_usage_attribution.month_name",
        config=BY_TEAM,
    ),
    by_month(JULY, "monthly_usage_attribution_tags_null", name="datadog_monthly_usage_attribution.no_tags"),
    by_month(
        "2024-01-01", "monthly_usage_attribution_doc_example", name="datadog_monthly_usage_attribution.documented"
    ),
    by_hour("2025-08-10", "hourly_usage_attribution_2025-08-10", name="datadog_hourly_usage_attribution"),
    by_hour("2024-01-01", "hourly_usage_attribution_doc_example", name="datadog_hourly_usage_attribution.documented"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("datadog", case, CONFIG)


def mapped(case: Case) -> list[dict[str, Any]]:
    with requests_mock.Mocker() as server:
        mock_answers(server, "datadog", case.answers)
        return records(stream_of("datadog", {**CONFIG, **case.config}, case.stream), window(case.start, case.end))


# Samples of endpoints that no stream reads, and those that other tests read
UNREAD = {"active_billing_dimensions", "logs_by_index_doc_example", "top_avg_metrics_doc_example"}
UNREAD |= {"usage_summary_doc_example", "validate_keys_ok"}
ELSEWHERE = {"errors", "validate_ok", "cost_empty", "expected_daily_deltas_2025-08-01_04", "billing_dimension_mapping"}
ELSEWHERE |= {"billable_summary_doc_example", "billing_dimension_mapping_doc_example", "cost_by_org_doc_skeleton"}


def test_every_sample_and_every_stream_is_mapped() -> None:
    used = {body for case in CASES for bodies in case.answers.values() for body in bodies if isinstance(body, str)}
    files = {path.stem for path in (Path(__file__).parent / "samples").glob("*.json")}
    assert files - used - UNREAD - ELSEWHERE == set()
    assert {case.stream for case in CASES} == {
        "datadog_billable_usage",
        "datadog_cost",
        "datadog_daily_cost",
        "datadog_hourly_usage",
        "datadog_hourly_usage_attribution",
        "datadog_monthly_cost_attribution",
        "datadog_monthly_usage_attribution",
        "datadog_projected_cost",
    }


# --- parity with Truto's row: product, metric_name, organization, charges, start and end at month grain

TRUTO_ROW = {
    "product": {"id": "logs_ingested", "name": "Ingested Logs"},
    "metric_name": "logs_ingested",
    "organization": {"id": "acmeroot01ab23cd", "name": "Acme Root"},
    "charges": [
        {"amount": 101.5, "currency": "USD", "type": "net"},
        {"amount": 101.5, "currency": "USD", "type": "total"},
        {"amount": 0, "currency": "USD", "type": "committed"},
        {"amount": 101.5, "currency": "USD", "type": "on_demand"},
    ],
    "start_date": "2025-08-01T00:00:00Z",
    "end_date": "2025-09-01T00:00:00Z",
}


@pytest.mark.parametrize("field", TRUTO_ROW)
def test_truto_row(field: str) -> None:
    found = mapped(CASES[2])
    (row,) = (r for r in found if r["id"] == "datadog_cost/acmeroot01ab23cd/2025-08/logs_ingested")
    assert row[field] == TRUTO_ROW[field]


def test_truto_row_starts_with_the_current_month() -> None:
    """Whatever day of the current month is the start, the month is read whole, and no other."""
    stream = stream_of("datadog", CONFIG, "datadog_cost")
    stream.plan(Range(NOW.date(), None, False, NOW), Covered())
    assert stream.windows == [window(AUGUST, "2025-09-01")]


# --- cost


def test_charges_of_a_month_are_the_vendors_own() -> None:
    for name in ("historical_cost_2025-06_sub-org", "historical_cost_2025-06_summary"):
        entries = sample("datadog", name)["data"]
        case = cost(JUNE, JULY, "", historical=name)
        stated = sum((Decimal(repr(entry["attributes"]["total_cost"])) for entry in entries), Decimal(0))
        lines = [line for entry in entries for line in entry["attributes"]["charges"] if line["charge_type"] == "total"]
        assert net(mapped(case)) == sum((Decimal(repr(line["cost"])) for line in lines), Decimal(0))
        assert abs(net(mapped(case)) - stated) < Decimal("0.01")


def test_estimated_and_historical_rows_of_a_month_have_the_same_ids() -> None:
    closed = sample("datadog", "historical_cost_2025-06_sub-org")
    july = {"data": [dated(entry, "2025-07-01T00:00:00Z") for entry in closed["data"]]}
    as_estimate = mapped(cost(JULY, AUGUST, "", historical="cost_empty", estimated=july))
    as_invoice = mapped(cost(JULY, AUGUST, "", historical=july))
    assert [row["id"] for row in as_estimate] == [row["id"] for row in as_invoice]
    assert len(as_invoice) == 6


def dated(entry: Any, date: str | None, **changes: Any) -> dict[str, Any]:
    attributes = {**entry["attributes"], "date": date, **changes}
    return {**entry, "attributes": {name: value for name, value in attributes.items() if value is not None}}


# --- daily cost


def test_days_are_the_steps_that_the_sheet_expects() -> None:
    (case,) = (case for case in CASES if case.stream == "datadog_daily_cost")
    kinds = ("committed", "on_demand", "total")
    found = {
        (row["start_date"][:10], row["metric_name"], charge["type"]): charge["amount"]
        for row in mapped(case)
        for charge in row["charges"]
        if charge["type"] in kinds
    }
    expected = sample("datadog", "expected_daily_deltas_2025-08-01_04")
    assert found == {(line["day"], line["product"], line["type"]): line["amount"] for line in expected}


cents = st.integers(-10_000, 10_000_000).map(lambda amount: amount / 100)
line_sets = st.dictionaries(st.sampled_from(["committed", "on_demand"]), cents, min_size=1)


@st.composite
def months(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A month of running figures: lines, totals and whole days come and go."""
    found = []
    for day in range(1, draw(st.integers(2, 12))):
        own = draw(line_sets)
        if draw(st.booleans()):
            own["total"] = draw(cents)
        found.append((f"2025-08-{day:02}", entry_of(own)))
    return found


def entry_of(lines: dict[str, float], product: str = "infra_host") -> dict[str, Any]:
    charges = [{"product_name": product, "charge_type": kind, "cost": amount} for kind, amount in lines.items()]
    return {"attributes": {"public_id": "a", "charges": charges}}


@given(months())
def test_lines_add_up_to_their_last_figure_and_never_step_for_a_line_that_is_not_there(
    month: list[tuple[str, Any]],
) -> None:
    last: dict[str, Decimal] = {}
    summed: dict[str | None, Decimal] = {}
    for (_, entry), day in zip(month, steps(month, {}), strict=True):
        sent = {line["charge_type"]: Decimal(repr(line["cost"])) for line in entry["attributes"]["charges"]}
        assert day.lines.keys() == sent.keys()
        last |= sent
        for kind, step in day.lines.items():
            summed[kind] = summed.get(kind, Decimal(0)) + step
    assert summed == last


@given(months())
def test_net_of_the_days_so_far_is_the_total_of_every_day_that_states_one(month: list[tuple[str, Any]]) -> None:
    running = Decimal(0)
    for (_, entry), day in zip(month, steps(month, {}), strict=True):
        running += day.net
        totals = [line["cost"] for line in entry["attributes"]["charges"] if line["charge_type"] == "total"]
        if totals:
            assert running == Decimal(repr(totals[0]))


@given(st.integers(1, 4), st.integers(1, 4))
def test_days_do_not_depend_on_where_the_range_begins(first: int, last: int) -> None:
    first, last = min(first, last), max(first, last)
    case = CASES[4]
    whole = [row for row in mapped(case) if first <= int(row["start_date"][8:10]) <= last]
    part = Case(case.stream, case.answers, f"2025-08-{first:02}", f"2025-08-{last + 1:02}")
    assert mapped(part) == whole


# --- documentation that shows shapes only


def test_a_billable_summary_without_usage_has_no_records() -> None:
    labels = {"GET /api/v2/usage/billing_dimension_mapping": ["billing_dimension_mapping_doc_example"]}
    answers = {BILLABLE: ["billable_summary_doc_example"], **labels}
    assert mapped(Case("datadog_billable_usage", answers, "2024-01-01", "2024-02-01")) == []


def test_types_in_the_place_of_values_are_refused() -> None:
    body = sample("datadog", "cost_by_org_doc_skeleton")
    case = cost("2019-09-01", "2019-10-01", "", historical=body)
    with pytest.raises(ValueError, match="'number' is not a number"):
        mapped(case)


def net(found: list[dict[str, Any]]) -> Decimal:
    amounts = [c["amount"] for record in found for c in record["charges"] if c.get("type") == "net"]
    return sum((Decimal(repr(amount)) for amount in amounts), Decimal(0))
