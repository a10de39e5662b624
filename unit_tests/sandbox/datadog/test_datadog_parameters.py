"""What is refused in parameters of the simulated Datadog."""

import pytest

from unit_tests.sandbox.datadog.asking import (
    BILLABLE,
    ESTIMATED,
    HISTORICAL,
    HOURLY,
    HOURLY_ATTRIBUTION,
    MONTHLY_USAGE,
    Call,
    hours,
)

CUMULATIVE = {"cost_aggregation": "cumulative"}
BAD: list[tuple[str, dict[str, str], str]] = [
    (HISTORICAL, {}, "start_month is required"),
    (HISTORICAL, {"start_month": "2026-10"}, "Start month cannot be in the future"),
    (HISTORICAL, {"start_month": "soon"}, "start_month is invalid"),
    (HISTORICAL, {"start_month": "2026-07", "view": "all"}, "view is invalid"),
    (
        ESTIMATED,
        {"start_month": "2026-09", "start_date": "2026-09-01"},
        "Only one of start_month and start_date can be specified",
    ),
    (
        ESTIMATED,
        {"start_month": "2026-06"},
        "start_month cannot go beyond 2 months in the past; the farthest you can go: 2026-07",
    ),
    (
        ESTIMATED,
        {"start_date": "2026-07-15", "end_date": "2026-07-16", **CUMULATIVE},
        "start_date cannot go beyond 2 months in the past; the farthest you can go: 2026-07-16",
    ),
    (ESTIMATED, {"start_date": "2026-09-01", "end_date": "2026-09-02"}, "cost_aggregation is invalid"),
    (ESTIMATED, {"start_date": "2026-09-01", **CUMULATIVE}, "end_date is required"),
    (
        ESTIMATED,
        {"start_date": "2026-09-17", "end_date": "2026-09-18", **CUMULATIVE},
        "Start date cannot be in the future",
    ),
    (BILLABLE, {"month": "2025-05"}, "month cannot go beyond 15 months in the past; the farthest you can go: 2025-06"),
    (HOURLY, hours("2026-09-17T00"), "start_hr cannot be in the future"),
    (HOURLY, hours("2026-09-02T00", "2026-09-01T00"), "start_hr [2026-09-02T00] must be before end_hr [2026-09-01T00]"),
    (HOURLY, {"filter[timestamp][start]": "2026-09-01T00"}, "filter[product_families] is required"),
    (HOURLY, hours("2026-09-01T00", limit="501"), "page[limit] must be between 1 and 500"),
    (HOURLY, hours("2026-09-01T00", limit="0"), "page[limit] must be between 1 and 500"),
    *(
        (
            HOURLY,
            hours("2026-09-01T00", "2026-09-02T01", **{several: "true"}),
            "The time range cannot exceed 24 hours for several organizations",
        )
        for several in ("include_descendants", "include_connected_accounts")
    ),
    (HOURLY, hours("2026-06-01T00", "2026-08-01T01"), "The time range cannot exceed two months"),
    (MONTHLY_USAGE, {"start_month": "2026-08"}, "fields is required"),
    (MONTHLY_USAGE, {"start_month": "2026-08", "fields": "a,b"}, "fields are invalid: a,b"),
    (
        MONTHLY_USAGE,
        {"start_month": "2026-08", "fields": "*", "tag_breakdown_keys": "a,b,c,d"},
        "tag_breakdown_keys accepts at most 3 keys",
    ),
    (
        HOURLY_ATTRIBUTION,
        {"start_hr": "2026-09-01T00", "usage_type": "infra_host"},
        "usage_type infra_host is not supported",
    ),
    (
        HOURLY_ATTRIBUTION,
        {"start_hr": "2026-09-01T00", "end_hr": "2026-09-02T01", "usage_type": "infra_host_usage"},
        "The time range cannot exceed 24 hours",
    ),
]


@pytest.mark.parametrize(("path", "query", "text"), BAD)
def test_bad_parameters(get: Call, path: str, query: dict[str, str], text: str) -> None:
    refused = get(path, query)
    assert (refused.status_code, refused.json()) == (400, {"errors": [text]})


def test_billable_summary_takes_a_month_and_nothing_longer(get: Call) -> None:
    refused = get(BILLABLE, {"month": "2026-08-01T00:00:00Z"})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/vnd.api+json")
    (error,) = refused.json()["errors"]
    assert error == {"status": "400", "title": "Bad Request", "detail": "month must be in the format YYYY-MM"}
    assert get(HISTORICAL, {"start_month": "2026-07-05T03:00:00Z"}).json() == get(HISTORICAL).json()
