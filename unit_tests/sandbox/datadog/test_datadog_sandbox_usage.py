"""Usage and attribution of the simulated Datadog."""

import pytest

from sandbox import Sandbox
from unit_tests.sandbox.datadog.asking import (
    BILLABLE,
    BY_TEAM,
    HOURLY,
    HOURLY_ATTRIBUTION,
    MONTHLY_COST,
    MONTHLY_USAGE,
    QUESTIONS,
    TYPES,
    Call,
    at,
    hours,
    measured,
    walk,
)


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
