"""The simulated Datadog keeps the rules of its sheet."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.ledger import Entry
from sandbox.limits import Limit
from sandbox.vendors.datadog import (
    API_KEY,
    APPLICATION_KEY,
    CHILD_API_KEY,
    CHILD_APPLICATION_KEY,
    UNSCOPED_APPLICATION_KEY,
    USAGE_ONLY_APPLICATION_KEY,
    DatadogSandbox,
)
from sandbox.vendors.datadog.knobs import Knobs

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=timezone.utc)
HISTORICAL = "api/v2/usage/historical_cost"
ESTIMATED = "api/v2/usage/estimated_cost"
PROJECTED = "api/v2/usage/projected_cost"
HOURLY = "api/v2/usage/hourly_usage"
BILLABLE = "api/v1/usage/billable-summary"
MAPPING = "api/v2/usage/billing_dimension_mapping"
MONTHLY_COST = "api/v2/cost_by_tag/monthly_cost_attribution"
MONTHLY_USAGE = "api/v1/usage/monthly-attribution"
HOURLY_ATTRIBUTION = "api/v1/usage/hourly-attribution"
TYPES = "api/v2/usage/usage-attribution-types"

PARENT = (API_KEY, APPLICATION_KEY)
USAGE_ONLY = (API_KEY, USAGE_ONLY_APPLICATION_KEY)
UNSCOPED = (API_KEY, UNSCOPED_APPLICATION_KEY)
CHILD = (CHILD_API_KEY, CHILD_APPLICATION_KEY)
NON_PARENT = "API called with non-parent org keys. Data is only available at the root level org"
BY_TEAM = {"fields": "*", "tag_breakdown_keys": "team,env"}
# one good question for every endpoint that is limited
QUESTIONS: dict[str, dict[str, str]] = {
    HISTORICAL: {"start_month": "2026-07"},
    ESTIMATED: {"start_month": "2026-09"},
    PROJECTED: {},
    BILLABLE: {"month": "2026-08"},
    MAPPING: {},
    MONTHLY_COST: {"start_month": "2026-07", **BY_TEAM},
    MONTHLY_USAGE: {"start_month": "2026-08", **BY_TEAM},
    HOURLY_ATTRIBUTION: {"start_hr": "2026-09-01T00", "usage_type": "infra_host_usage"},
    TYPES: {},
    HOURLY: {"filter[timestamp][start]": "2026-09-01T00", "filter[product_families]": "all"},
}
COSTS = (HISTORICAL, ESTIMATED, PROJECTED, MONTHLY_COST)
PARENT_ONLY = (*COSTS, BILLABLE)

Call = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.server.VENDORS", (DatadogSandbox,))
        with Sandbox(now=NOW) as running:
            yield running


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """One server for the module; every test finds its knobs and its clock untouched."""
    served.datadog.limit = Limit(None)
    yield served
    Knobs.__init__(served.datadog)
    served.clock.advance(seconds=(NOW - served.clock.now()).total_seconds())


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Call]:
    with requests.Session() as session:

        def send(path: str, query: dict[str, str] | None = None, keys: Any = PARENT) -> requests.Response:
            names = ("DD-API-KEY", "DD-APPLICATION-KEY")
            headers = {name: key for name, key in zip(names, keys, strict=True) if key}
            url = f"{sandbox.url('datadog')}/{path}"
            return session.get(url, params=QUESTIONS.get(path) if query is None else query, headers=headers, timeout=10)

        yield send


def at(sandbox: Sandbox, *moment: int) -> None:
    then = datetime(*moment, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]
    sandbox.clock.advance(seconds=(then - sandbox.clock.now()).total_seconds())


def hours(start: str, end: str | None = None, **more: str) -> dict[str, str]:
    asked = {"filter[timestamp][start]": start, "filter[product_families]": more.pop("families", "all")}
    if end:
        asked["filter[timestamp][end]"] = end
    return {**asked, **{f"page[{name}]" if name == "limit" else f"filter[{name}]": v for name, v in more.items()}}


class TestAccess:
    @pytest.mark.parametrize("path", QUESTIONS)
    def test_every_endpoint_answers_the_parent(self, get: Call, path: str) -> None:
        assert get(path).status_code == 200

    @pytest.mark.parametrize(
        "keys",
        [(None, None), (API_KEY, None), (None, APPLICATION_KEY), ("unknown0", APPLICATION_KEY), (API_KEY, "unknown0")],
    )
    def test_missing_or_unknown_keys_stop_at_the_edge(self, sandbox: Sandbox, get: Call, keys: Any) -> None:
        sandbox.datadog.limit = Limit(400, 3600, aligned=True)
        refused = get(HOURLY, keys=keys)
        assert (refused.status_code, refused.json()["code"], refused.json()["errors"]) == (403, 403, ["Forbidden"])
        assert not [name for name in refused.headers if name.startswith("X-RateLimit")]

    def test_keys_of_two_organizations_do_not_go_together(self, get: Call) -> None:
        assert get(HOURLY, keys=(API_KEY, CHILD_APPLICATION_KEY)).status_code == 403

    @pytest.mark.parametrize("path", QUESTIONS)
    def test_scopes(self, get: Call, path: str) -> None:
        assert get(path, keys=UNSCOPED).json() == {"errors": ["Forbidden"]}
        assert get(path, keys=USAGE_ONLY).status_code == (403 if path in COSTS else 200)

    @pytest.mark.parametrize("path", PARENT_ONLY)
    def test_children_are_refused_by_parent_only_paths(self, get: Call, path: str) -> None:
        refused = get(path, keys=CHILD)
        assert (refused.status_code, refused.json()) == (400, {"errors": [NON_PARENT]})

    def test_the_mapping_refuses_children_in_json_api(self, get: Call) -> None:
        refused = get(MAPPING, keys=CHILD)
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/vnd.api+json"
        (error,) = refused.json()["errors"]
        assert (error["detail"], error["status"], error["code"]) == (NON_PARENT, "400", None)

    def test_children_see_their_own_hours(self, get: Call) -> None:
        rows = get(HOURLY, keys=CHILD).json()["data"]
        assert {row["attributes"]["public_id"] for row in rows} == {"acmeeu0099ff77aa"}

    def test_validation(self, get: Call) -> None:
        assert get("api/v1/validate", keys=(API_KEY, None)).json() == {"valid": True}
        assert get("api/v1/validate", keys=(None, None)).json() == {"errors": ["API key required"]}
        assert get("api/v1/validate", keys=("unknown0", None)).json()["code"] == 403

    def test_accounts_without_access(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.marketplace_billed, sandbox.datadog.attribution_plan = True, False
        sandbox.datadog.absent = {f"/{TYPES}"}
        assert [get(path).status_code for path in (ESTIMATED, MONTHLY_USAGE, TYPES, BILLABLE)] == [403, 403, 404, 200]


class TestLimit:
    def test_one_aligned_window_for_all_paths(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.limit = Limit(3, 3600, aligned=True)
        told = [get(path).headers for path in (HOURLY, BILLABLE, ESTIMATED)]
        assert [headers["X-RateLimit-Remaining"] for headers in told] == ["2", "1", "0"]
        refused = get(PROJECTED)
        assert refused.status_code == 429
        text = "Rate limit of 3 requests in 3600 seconds reached. Please try again later."
        assert refused.json() == {"errors": [text]}
        names = ("Limit", "Period", "Remaining", "Reset", "Name")
        headers = [refused.headers[f"X-RateLimit-{name}"] for name in names]
        assert headers == ["3", "3600", "0", "1800", "usage_metering"]
        assert "Retry-After" not in refused.headers
        sandbox.clock.advance(seconds=1800)
        assert get(PROJECTED).status_code == 200

    def test_a_bad_request_counts_and_a_refused_key_does_not(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.limit, sandbox.datadog.limit_name = Limit(9, 3600, aligned=True), None
        assert get(ESTIMATED, keys=USAGE_ONLY).status_code == 403
        refused = get(BILLABLE, {"month": "2026"})
        assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (400, "8")
        assert "X-RateLimit-Name" not in refused.headers

    def test_a_reset_as_a_moment_and_a_refusal_as_a_page(self, sandbox: Sandbox, get: Call) -> None:
        sandbox.datadog.limit, sandbox.datadog.limit_reset = Limit(1, 3600, aligned=True), "epoch"
        reset = get(BILLABLE).headers["X-RateLimit-Reset"]
        assert float(reset) - sandbox.clock.now().timestamp() == 1800
        assert get(BILLABLE).json()["errors"]
        sandbox.datadog.limit_told = "HTML"
        refused = get(BILLABLE)
        assert (refused.status_code, refused.headers["X-RateLimit-Reset"]) == (429, reset)
        assert refused.text.startswith("<html>")
        sandbox.datadog.limit_told = "nothing"
        refused = get(BILLABLE)
        assert (refused.status_code, refused.text[:6]) == (429, "<html>")
        assert not [name for name in refused.headers if name.startswith("X-RateLimit")]


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
    (
        BILLABLE,
        {"month": "2025-05"},
        "month cannot go beyond 15 months in the past; the farthest you can go: 2025-06",
    ),
    (HOURLY, hours("2026-09-17T00"), "start_hr cannot be in the future"),
    (
        HOURLY,
        hours("2026-09-02T00", "2026-09-01T00"),
        "start_hr [2026-09-02T00] must be before end_hr [2026-09-01T00]",
    ),
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


class TestCost:
    def test_a_month_closes_on_the_sixteenth_of_the_next(self, sandbox: Sandbox, get: Call) -> None:
        assert get(HISTORICAL, {"start_month": "2026-08"}).json()["data"]
        sandbox.clock.advance(days=-1)
        assert get(HISTORICAL, {"start_month": "2026-08"}).json() == {"data": []}
        assert get(ESTIMATED, {"start_month": "2026-08"}).json()["data"]

    def test_months_beyond_reach_are_empty(self, get: Call) -> None:
        assert get(HISTORICAL, {"start_month": "2025-05"}).json() == {"data": []}
        assert get(ESTIMATED, {"start_month": "2026-07"}).json() == {"data": []}

    def test_views(self, get: Call) -> None:
        whole = get(HISTORICAL).json()["data"]
        parts = get(HISTORICAL, {"start_month": "2026-07", "view": "sub-org"}).json()["data"]
        partner = {"start_month": "2026-07", "view": "sub-org", "include_connected_accounts": "true"}
        assert [len(whole), len(parts), len(get(HISTORICAL, partner).json()["data"])] == [1, 3, 4]
        assert paid(whole) == paid(parts) > 0
        assert "account_name" not in parts[2]["attributes"]

    def test_a_closed_month_is_near_its_estimate(self, sandbox: Sandbox, get: Call) -> None:
        closed = paid(get(HISTORICAL, {"start_month": "2026-08"}).json()["data"])
        estimate = paid(get(ESTIMATED, {"start_month": "2026-08"}).json()["data"])
        assert closed != estimate
        assert abs(closed - estimate) < estimate * Decimal("0.015")

    def test_days_are_cumulative_and_stop_three_days_ago(self, get: Call) -> None:
        asked = {"start_date": "2026-08-01", "end_date": "2026-09-16", "cost_aggregation": "cumulative"}
        entries = get(ESTIMATED, asked).json()["data"]
        assert entries[-1]["attributes"]["date"] == "2026-09-13T00:00:00Z"
        shown = [cost(entry, "infra_host", "committed") for entry in entries]
        assert set(shown) == {Decimal("720.0")}, "due in full on the first day"
        logs = {entry["attributes"]["date"][:10]: cost(entry, "logs_ingested", "total") for entry in entries}
        assert logs["2026-08-31"] > logs["2026-08-30"] > logs["2026-08-01"]
        assert logs["2026-09-01"] < logs["2026-08-31"] / 10, "begins again"

    def test_projection_from_the_twelfth(self, sandbox: Sandbox, get: Call) -> None:
        (entry,) = get(PROJECTED).json()["data"]
        assert (entry["type"], entry["attributes"]["date"]) == ("projected_cost", "2026-09-30T00:00:00Z")
        types = {line["charge_type"] for line in entry["attributes"]["charges"]}
        assert types == {"projected_committed", "projected_on_demand", "total"}
        at(sandbox, 2026, 9, 11, 23)
        assert get(PROJECTED).json() == {"data": []}

    def test_oddities(self, sandbox: Sandbox, get: Call) -> None:
        (entry,) = get(HISTORICAL).json()["data"]
        lines = entry["attributes"]["charges"]
        assert [line["charge_type"] for line in lines if line["product_name"] == "sds"] == [
            "committed",
            "on_demand",
            "on_demand",
            "adjustment",
        ]
        assert not [line for line in lines if line["product_name"] == "error_tracking" and len(line) > 3]
        sandbox.datadog.totals, sandbox.datadog.cost_date = False, "last"
        (entry,) = get(HISTORICAL).json()["data"]
        assert dates(get(HISTORICAL)) == ["2026-07-31"]
        assert "total" not in {line["charge_type"] for line in entry["attributes"]["charges"]}
        assert paid([entry]) > 0
        sandbox.datadog.totals = True
        sandbox.datadog.ragged_costs, sandbox.datadog.amounts = True, "string"
        ragged = get(HISTORICAL, {"start_month": "2026-07", "view": "sub-org"}).json()["data"]
        assert ["public_id" in entry["attributes"] for entry in ragged] == [True, False, False]
        assert [line["cost"] for line in ragged[0]["attributes"]["charges"][-2:]] == [None, "1.250000"]


class TestUsage:
    def test_hours_are_half_open_and_floored(self, get: Call) -> None:
        rows = get(HOURLY, hours("2026-09-01T05:59:59Z", "2026-09-01T07", families="infra_hosts")).json()["data"]
        stamps = [row["attributes"]["timestamp"] for row in rows]
        assert stamps == ["2026-09-01T05:00:00+00:00", "2026-09-01T06:00:00+00:00"]
        assert len(get(HOURLY, hours("2026-09-01T00", families="infra_hosts")).json()["data"]) == 24

    @pytest.mark.parametrize("last", ["mixed", "null", "empty", "no_pagination", "no_meta"])
    @pytest.mark.parametrize("limit", ["7", "100", "500"])
    def test_any_page_size_cuts_the_same_rows(self, sandbox: Sandbox, get: Call, limit: str, last: str) -> None:
        sandbox.datadog.last_page = last
        asked = hours("2026-09-10T00", include_descendants="true", limit=limit, families="infra_hosts,logs")
        found: list[str] = []
        cursor: str | None = None
        while cursor or not found:
            answer = get(HOURLY, {**asked, "page[next_record_id]": cursor} if cursor else asked).json()
            found += [row["id"] for row in answer["data"]]
            cursor = answer.get("meta", {}).get("pagination", {}).get("next_record_id")
        assert len(found) == len(set(found)) == 24 * 4
        assert ("meta" in answer) == (last != "no_meta" and (last != "mixed" or limit == "7"))

    def test_a_cursor_belongs_to_its_question(self, get: Call) -> None:
        asked = hours("2026-09-10T00", limit="5")
        cursor = get(HOURLY, asked).json()["meta"]["pagination"]["next_record_id"]
        other = get(HOURLY, {**hours("2026-09-11T00", limit="5"), "page[next_record_id]": cursor})
        assert other.json() == {"errors": ["page[next_record_id] is invalid"]}

    def test_young_hours(self, sandbox: Sandbox, get: Call) -> None:
        asked = hours("2026-09-15T00", families="infra_hosts,logs,timeseries")
        young = measured(get(HOURLY, asked))
        sandbox.clock.advance(days=5)
        settled = measured(get(HOURLY, asked))
        assert young.keys() < settled.keys(), "rows come late"
        assert any(young[key] != settled[key] for key in young), "and are restated"
        sandbox.clock.advance(days=-5)
        sandbox.datadog.young_hours = "null"
        assert set(measured(get(HOURLY, asked)).values()) == {None}
        sandbox.datadog.young_hours = "unmeasured"
        rows = [row["attributes"] for row in get(HOURLY, asked).json()["data"]]
        assert {row.get("measurements", "absent") for row in rows} == {None, "absent"}
        sandbox.datadog.young_hours = "missing"
        assert get(HOURLY, asked).json()["data"] == []

    def test_nulls_zeros_and_giants(self, get: Call) -> None:
        found = measured(get(HOURLY, hours("2026-09-10T00")))
        assert found["2026-09-10T01:00:00+00:00", "logs", "billable_ingested_bytes"] == 56_355_942_906_113_522
        assert {found[key] for key in found if key[2] == "rum_units"} == {None}
        assert {found[key] for key in found if key[2] == "logs_rehydrated_indexed_count"} == {0}

    def test_billable_summary(self, sandbox: Sandbox, get: Call) -> None:
        (entry,) = get(BILLABLE).json()["usage"]
        assert (entry["num_orgs"], entry["end_date"]) == (3, "2026-08-31T00:00:00Z")
        assert "billing_dimension" not in entry["usage"]["error_tracking_sum"]
        assert entry["usage"]["sds_sum"]["org_billable_usage"] is None
        assert get(BILLABLE, {"month": "2026-09"}).json()["usage"][0]["end_date"] == "2026-09-13T00:00:00Z"
        sandbox.datadog.billable_children = True
        assert len(get(BILLABLE).json()["usage"]) == 3


class TestAttribution:
    def test_cost_comes_on_the_nineteenth(self, sandbox: Sandbox, get: Call) -> None:
        asked = {"start_month": "2026-08", **BY_TEAM}
        assert get(MONTHLY_COST, asked).json()["data"] == []
        at(sandbox, 2026, 9, 19)
        assert get(MONTHLY_COST, asked).json()["data"]

    def test_both_spellings_of_a_month(self, sandbox: Sandbox, get: Call) -> None:
        def months() -> set[str]:
            used, paid = get(MONTHLY_USAGE).json()["usage"], get(MONTHLY_COST).json()["data"]
            return {row["month"] for row in used} | {row["attributes"]["month"] for row in paid}

        assert months() == {"2026-08", "2026-07"}
        sandbox.datadog.months = "time"
        assert months() == {"2026-08-01T00:00:00+00:00", "2026-07-01T00:00:00Z"}

    def test_tags(self, get: Call) -> None:
        rows = walk(get, MONTHLY_USAGE, QUESTIONS[MONTHLY_USAGE])
        root = [row["tags"] for row in rows if row["public_id"] == "acmeroot01ab23cd"]
        assert {"team": [], "env": ["<empty>"]} in root
        assert {"team": ["search", "platform"], "env": ["prod"]} in root
        assert [row["tags"] for row in rows if row["tag_config_source"].endswith(":::service")] == [None]
        plain = walk(get, MONTHLY_USAGE, {"start_month": "2026-08", "fields": "*"})
        assert {row["tags"] for row in plain} == {None}
        whole = sum(row["values"].get("infra_host_usage", 0) for row in plain)
        assert whole == sum(row["values"].get("infra_host_usage", 0) for row in rows)

    def test_the_text_null_is_an_empty_page(self, get: Call) -> None:
        answer = get(MONTHLY_USAGE, {**QUESTIONS[MONTHLY_USAGE], "next_record_id": "null"}).json()
        assert (answer["usage"], answer["metadata"]["pagination"]) == ([], {"next_record_id": None})

    def test_types_are_bare_and_asked_with_a_suffix(self, sandbox: Sandbox, get: Call) -> None:
        assert "flex_logs_starter" in get(TYPES).json()["data"]["attributes"]["values"]
        asked = {"start_hr": "2026-09-01T00", "end_hr": "2026-09-01T01"}
        for good in ("flex_logs_starter", "apm_host_usage"):
            assert get(HOURLY_ATTRIBUTION, {**asked, "usage_type": good}).json()["usage"]
        sandbox.datadog.refused_types = {"apm_host_usage"}
        for bad in ("flex_logs_starter_usage", "apm_host_usage"):
            assert get(HOURLY_ATTRIBUTION, {**asked, "usage_type": bad}).status_code == 400


class TestLedger:
    """Sums and keys of the ledger are those of the served data."""

    def test_cost(self, sandbox: Sandbox, get: Call) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 7, 1), date(2026, 9, 16))["datadog_cost"]
        asked = {"view": "sub-org", "include_connected_accounts": "true"}
        served = [
            *get(HISTORICAL, {"start_month": "2026-07", **asked}).json()["data"],
            *get(HISTORICAL, {"start_month": "2026-08", **asked}).json()["data"],
            *get(ESTIMATED, {"start_month": "2026-09", **asked}).json()["data"],
        ]
        assert net(ledger) == paid(served)
        assert sorted(entry.key for entry in ledger) == sorted(
            {
                (row["attributes"]["public_id"], row["attributes"]["date"][:7], line["product_name"])
                for row in served
                for line in row["attributes"]["charges"]
            }
        )

    def test_daily_cost_adds_up_to_the_running_month(self, sandbox: Sandbox, get: Call) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 8, 1), date(2026, 9, 1))["datadog_daily_cost"]
        asked = {"start_month": "2026-08", "view": "sub-org", "include_connected_accounts": "true"}
        month = get(ESTIMATED, asked).json()["data"]
        of_logs = [entry for entry in ledger if entry.key[::2] == ("acmeroot01ab23cd", "logs_ingested")]
        assert net(of_logs) == cost(month[0], "logs_ingested", "total")
        assert len(of_logs) == 31
        assert any(entry.charges["net", "USD"] < 0 for entry in ledger), "averages fall"
        tail = sandbox.datadog.ledger(date(2026, 8, 20), date(2026, 9, 1))["datadog_daily_cost"]
        assert tail == [entry for entry in ledger if entry.start >= "2026-08-20"]

    def test_projection_is_no_bill(self, sandbox: Sandbox) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 9, 1), date(2026, 9, 16))["datadog_projected_cost"]
        assert {kind for entry in ledger for kind, _ in entry.charges} == {"committed", "on_demand"}

    def test_usage(self, sandbox: Sandbox, get: Call) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 9, 10), date(2026, 9, 11))
        everyone = {"include_descendants": "true", "include_connected_accounts": "true"}
        rows = get(HOURLY, hours("2026-09-10T00", **everyone)).json()["data"]
        values = [one["value"] for row in rows for one in row["attributes"]["measurements"]]
        known = [value for value in values if value is not None]
        hourly = ledger["datadog_hourly_usage"]
        assert (len(hourly), used(hourly)) == (len(known), sum(known))
        asked = {"start_hr": "2026-09-10T00", "usage_type": "infra_host_usage", "tag_breakdown_keys": "team,env"}
        shares = [row["total_usage_sum"] for row in walk(get, HOURLY_ATTRIBUTION, asked)]
        cut = [entry for entry in ledger["datadog_hourly_usage_attribution"] if entry.key[-1] == "infra_host"]
        assert (len(cut), used(cut)) == (len(shares), sum(shares))

    def test_months_by_tag(self, sandbox: Sandbox, get: Call) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 7, 1), date(2026, 8, 1))
        rows = walk(get, MONTHLY_COST, QUESTIONS[MONTHLY_COST])
        fields = [row["attributes"]["values"] for row in rows]
        total = sum(Decimal(str(v)) for values in fields for name, v in values.items() if name.endswith("_total_cost"))
        assert net(ledger["datadog_monthly_cost_attribution"]) == total
        usage = walk(get, MONTHLY_USAGE, {"start_month": "2026-07", **BY_TEAM})
        amount = sum(v for row in usage for name, v in row["values"].items() if name.endswith("_usage"))
        assert used(ledger["datadog_monthly_usage_attribution"]) == amount

    def test_billable(self, sandbox: Sandbox) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 8, 1), date(2026, 9, 1))["datadog_billable_usage"]
        keys = [entry.key[2] for entry in ledger if entry.key[0] == "acmeroot01ab23cd"]
        assert "sds_sum" in keys
        assert "cspm_host_maximum" not in keys, "nothing was measured"

    def test_a_later_read_restates_and_adds(self, sandbox: Sandbox) -> None:
        days = (date(2026, 9, 1), date(2026, 9, 16))
        earlier = sandbox.datadog.ledger(*days)
        sandbox.clock.advance(days=2)
        later = sandbox.datadog.ledger(*days)
        for stream in ("datadog_daily_cost", "datadog_hourly_usage", "datadog_hourly_usage_attribution"):
            before, after = ({str(entry.key): entry for entry in ledger[stream]} for ledger in (earlier, later))
            assert before.keys() < after.keys()
            assert any(before[key] != after[key] for key in before)

    def test_nothing_moves_once_readers_look_no_more(self, sandbox: Sandbox) -> None:
        """Five days of look-back end here."""
        days = (date(2026, 9, 1), date(2026, 9, 11))
        earlier = sandbox.datadog.ledger(*days)
        sandbox.clock.advance(days=9)
        later = sandbox.datadog.ledger(*days)
        for stream in ("datadog_hourly_usage", "datadog_hourly_usage_attribution"):
            assert earlier[stream] == later[stream]

    def test_same_seed_same_bytes_in_any_order(self, served: Sandbox, get: Call) -> None:
        paths = sorted(QUESTIONS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sandbox.server.VENDORS", (DatadogSandbox,))
            with Sandbox(now=NOW) as other:
                keys = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APPLICATION_KEY}
                url = other.url("datadog")
                theirs = [requests.get(f"{url}/{p}", QUESTIONS[p], headers=keys, timeout=10).content for p in paths]
        assert [get(path).content for path in reversed(paths)] == theirs[::-1]


def dates(answer: requests.Response) -> list[str]:
    return [entry["attributes"]["date"][:10] for entry in answer.json()["data"]]


def cost(entry: dict[str, Any], product: str, kind: str) -> Decimal:
    lines = entry["attributes"]["charges"]
    wanted = (line["cost"] for line in lines if (line["product_name"], line["charge_type"]) == (product, kind))
    return sum((Decimal(str(amount)) for amount in wanted), Decimal())


def paid(entries: list[dict[str, Any]]) -> Decimal:
    """The totals, and all lines of the products that have none."""
    amount = Decimal()
    for entry in entries:
        lines = entry["attributes"]["charges"]
        totalled = {line["product_name"] for line in lines if line["charge_type"] == "total"}
        for line in lines:
            if line["charge_type"] == "total" or line["product_name"] not in totalled:
                amount += Decimal(str(line["cost"]))
    return amount


def measured(answer: requests.Response) -> dict[tuple[str, str, str], int | None]:
    return {
        (row["attributes"]["timestamp"], row["attributes"]["product_family"], one["usage_type"]): one["value"]
        for row in answer.json()["data"]
        for one in row["attributes"]["measurements"]
    }


def walk(get: Call, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
    rows, cursor = [], ""
    while cursor is not None:
        answer = get(path, {**query, "next_record_id": cursor} if cursor else query).json()
        rows += answer["data"] if "data" in answer else answer["usage"]
        cursor = (answer.get("meta") or answer["metadata"])["pagination"]["next_record_id"]
    return rows


def net(entries: list[Entry]) -> Decimal:
    return sum((entry.charges["net", "USD"] for entry in entries), Decimal())


def used(entries: list[Entry]) -> Decimal:
    return sum((entry.usage["quantity"] for entry in entries), Decimal())
