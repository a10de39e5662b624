"""The data and the ledger of the simulated Scenario."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox import Sandbox
from sandbox.vendors.scenario.credentials import TEAM_ID
from unit_tests.sandbox.scenario.asking import (
    BUSY,
    NOW,
    SYNTHESIS,
    YESTERDAY,
    activity,
    ask,
    bounds,
    exact,
    sums,
    usages,
)


def test_same_seed_same_bytes_whatever_was_asked_before(sandbox: Sandbox, own: Sandbox) -> None:
    ask(sandbox, **bounds(date(2026, 8, 3)))
    assert ask(own, **bounds(BUSY)).content == ask(sandbox, **bounds(BUSY)).content


def test_recent_days_are_restated(own: Sandbox) -> None:
    def read() -> dict[str, Any]:
        return usages(own, YESTERDAY, type="consumption,model-usages")

    first, rows = read(), activity(own, YESTERDAY)
    future = usages(own, NOW.date(), type="activity", activityOffset=0)["activity"]
    assert all(row["time"] <= "2026-09-22T09:30:00.000Z" for row in future)
    old = usages(own, YESTERDAY - timedelta(days=4))
    own.clock.advance(days=2)
    second, more = read(), activity(own, YESTERDAY)
    before, after = (sums(body["modelUsages"], "modelId", "jobs", "cost") for body in (first, second))
    assert set(before) <= set(after) and before != after
    assert {row["userId"] for row in first["consumption"]} <= {row["userId"] for row in second["consumption"]}
    assert len(more) > len(rows)
    identities = [(row["time"], row["userId"], row["projectId"], row["action"], row["data"]) for row in more]
    assert all((r["time"], r["userId"], r["projectId"], r["action"], r["data"]) in identities for r in rows)
    assert usages(own, YESTERDAY - timedelta(days=4)) == old
    settled = read()
    own.clock.advance(days=5)
    assert read() == settled


def test_nothing_settles_late_without_settling_time(own: Sandbox) -> None:
    own.scenario.settle = timedelta(0)
    first = usages(own, YESTERDAY)
    own.clock.advance(days=9)
    assert usages(own, YESTERDAY) == first


def test_the_ledger_is_what_is_served(sandbox: Sandbox) -> None:
    ledger = sandbox.scenario.ledger(BUSY, BUSY + timedelta(days=1))
    del ledger["scenario_activity"]
    body, day = usages(sandbox), str(BUSY)
    entries = {stream: {entry.key: entry for entry in rows} for stream, rows in ledger.items()}
    assert all(len(entries[stream]) == len(rows) > 0 for stream, rows in ledger.items())
    assert {entry.start for entry in ledger["scenario_consumption"]} == {f"{day}T00:00:00Z"}

    for row in body["consumption"]:
        entry = entries["scenario_consumption"].pop((None, None, day, row["userId"]))
        value, discount = exact(row["value"]), exact(row["discount"])
        charges = {("net", "CU"): value, ("total", "CU"): value + discount, ("discount", "CU"): discount}
        assert entry.charges == {name: amount for name, amount in charges.items() if amount or name[0] != "discount"}
        assert entry.usage == {"quantity": value}
    for model, (cost, discount, jobs) in sums(body["modelUsages"], "modelId", "cost", "discount", "jobs").items():
        entry = entries["scenario_model_usage"].pop((None, None, day, model))
        assert entry.usage == {"quantity": cost, "requests.total": jobs}
        assert entry.charges.get(("discount", "CU"), 0) == discount
    for name, (value,) in sums(body["usages"], "usageName", "value").items():
        if name not in SYNTHESIS:
            assert entries["scenario_usage_by_type"].pop((None, None, day, name)).usage == {"quantity": value}
    for stream, rows, name, head in (
        ("scenario_asset_usage", body["assetUsages"], "kind", ()),
        ("scenario_moderation_usage", body["nsfwUsages"], "label", ("nsfw",)),
        ("scenario_moderation_usage", body["qualityGateUsages"], "verdict", ("quality_gate",)),
    ):
        for id, (count,) in sums(rows, name, "count").items():
            assert entries[stream].pop((None, None, day, *head, id)).usage == {"quantity": count}
    for user in [row["userId"] for row in body["consumption"]]:
        rows = usages(sandbox, type="model-usages", userIds=user)["modelUsages"]
        for model, (cost, jobs) in sums(rows, "modelId", "cost", "jobs").items():
            entry = entries["scenario_user_model_usage"].pop((None, None, day, user, model))
            assert entry.usage == {"quantity": cost, "requests.total": jobs}
    assert not any(entries.values())


def test_the_ledger_of_activity_numbers_the_twins(sandbox: Sandbox) -> None:
    served = activity(sandbox, BUSY)
    entries = sandbox.scenario.ledger(BUSY, BUSY + timedelta(days=1))["scenario_activity"]
    assert len({str(entry.key) for entry in entries}) == len(entries) == len(served)
    for row in served:
        if "byokProvider" in row["data"]:
            row["data"]["byokProvider"] = row["data"]["byokProvider"]["id"]
    parts = ("time", "userId", "projectId", "action", "data")
    assert sorted(str(entry.key[1:-1]) for entry in entries) == sorted(
        str(tuple(row[part] for part in parts)) for row in served
    )
    costs = [exact(row["creativeUnitsCost"]) for row in served if "creativeUnitsCost" in row]
    charged = [entry.charges["net", "CU"] for entry in entries if entry.charges]
    assert sorted(charged) == sorted(costs)
    assert max(entry.key[-1] for entry in entries) == 2


def test_the_ledger_follows_the_options_of_the_reader(own: Sandbox) -> None:
    reader = own.scenario.reader
    window = (BUSY - timedelta(days=6), BUSY + timedelta(days=1))
    plain = own.scenario.ledger(*window)["scenario_consumption"]
    reader.team_id, reader.cu_price, reader.cu_currency = TEAM_ID, Decimal("0.01"), "eur"
    reader.split_by_project = True
    split = own.scenario.ledger(*window)["scenario_consumption"]
    assert {entry.key[0] for entry in split} == {TEAM_ID} and None not in {entry.key[1] for entry in split}
    assert all(entry.charges["net", "EUR"] == entry.charges["net", "CU"] / 100 for entry in split)
    reader.split_by_project, reader.project_ids = False, ("project_SANDBOXarchived0001",)
    deleted = own.scenario.ledger(*window)["scenario_consumption"]
    whole, listed, behind = (sum(e.charges["net", "CU"] for e in entries) for entries in (plain, split, deleted))
    assert whole == listed + behind and behind != 0


def test_activity_that_never_ends(own: Sandbox) -> None:
    own.scenario.endless_activity = True
    pages = [usages(own, type="activity", activityOffset=100 * n)["activity"] for n in range(3)]
    assert [len(page) for page in pages] == [100] * 3
    assert pages[0] != pages[1] != pages[2]


def test_actions_of_one_instant_change_places_behind_the_first_page(own: Sandbox) -> None:
    own.scenario.restless_activity = True
    first, second = (usages(own, type="activity", activityOffset=n)["activity"] for n in (0, 1))
    assert [row["time"] for row in first[1:]] == [row["time"] for row in second[:99]]
    assert all(row["time"].endswith(":00:00.000Z") for row in first)
    assert first[1:] != second[:99]
