"""The costs of the simulated Datadog."""

from decimal import Decimal

import requests

from sandbox import Sandbox
from unit_tests.sandbox.datadog.asking import ESTIMATED, HISTORICAL, PROJECTED, Call, at, cost, paid


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


def dates(answer: requests.Response) -> list[str]:
    return [entry["attributes"]["date"][:10] for entry in answer.json()["data"]]
