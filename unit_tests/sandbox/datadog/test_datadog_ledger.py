"""The data and the ledger of the simulated Datadog."""

from datetime import date
from decimal import Decimal

import requests

from sandbox import Sandbox
from sandbox.ledger import Entry
from sandbox.vendors.datadog import DatadogSandbox
from sandbox.vendors.datadog.credentials import API_KEY, APPLICATION_KEY
from unit_tests.sandbox.datadog.asking import (
    BY_TEAM,
    ESTIMATED,
    HISTORICAL,
    HOURLY,
    HOURLY_ATTRIBUTION,
    MONTHLY_COST,
    MONTHLY_USAGE,
    NOW,
    QUESTIONS,
    Call,
    cost,
    hours,
    paid,
    used,
    walk,
)


class TestLedger:
    """Sums and keys of the ledger are those of the served data.

    A month is asked for by one of its days: a ledger has the hours of all days that it is asked for.
    """

    def test_cost(self, sandbox: Sandbox, get: Call) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 7, 31), date(2026, 9, 2))["datadog_cost"]
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
        ledger = sandbox.datadog.ledger(date(2026, 7, 31), date(2026, 8, 1))
        rows = walk(get, MONTHLY_COST, QUESTIONS[MONTHLY_COST])
        fields = [row["attributes"]["values"] for row in rows]
        total = sum(Decimal(str(v)) for values in fields for name, v in values.items() if name.endswith("_total_cost"))
        assert net(ledger["datadog_monthly_cost_attribution"]) == total
        usage = walk(get, MONTHLY_USAGE, {"start_month": "2026-07", **BY_TEAM})
        amount = sum(v for row in usage for name, v in row["values"].items() if name.endswith("_usage"))
        assert used(ledger["datadog_monthly_usage_attribution"]) == amount

    def test_billable(self, sandbox: Sandbox) -> None:
        ledger = sandbox.datadog.ledger(date(2026, 8, 31), date(2026, 9, 1))["datadog_billable_usage"]
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
        with Sandbox(now=NOW, vendors=(DatadogSandbox,)) as other:
            keys = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APPLICATION_KEY}
            url = other.url("datadog")
            theirs = [requests.get(f"{url}/{p}", QUESTIONS[p], headers=keys, timeout=10).content for p in paths]
        assert [get(path).content for path in reversed(paths)] == theirs[::-1]


def net(entries: list[Entry]) -> Decimal:
    return sum((entry.charges["net", "USD"] for entry in entries), Decimal())
