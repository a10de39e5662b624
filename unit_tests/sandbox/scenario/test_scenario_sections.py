"""The sections of an answer of the simulated Scenario."""

from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sandbox import Sandbox
from sandbox.vendors.scenario.credentials import (
    MULTI_TEAM_KEY,
    OTHER_TEAM_ID,
    PROJECT_ID,
    PROJECT_KEY,
    TEAM_ID,
    TEAM_KEY,
)
from unit_tests.sandbox.scenario.asking import BUSY, SYNTHESIS, activity, ask, exact, sums, usages

MEMBERS = ["activity", "assetUsages", "consumption", "modelUsages", "nsfwUsages", "qualityGateUsages", "usages"]


@pytest.mark.parametrize(
    ("asked", "members"),
    [
        ("consumption", ["consumption"]),
        ("consumption,model-usages", ["consumption", "modelUsages"]),
        ("", MEMBERS),
        ("consumption,dreams", MEMBERS),
        (None, MEMBERS),
    ],
)
def test_sections(sandbox: Sandbox, asked: str | None, members: list[str]) -> None:
    assert list(usages(sandbox, type=asked)) == [*members, "entities"]


@pytest.mark.parametrize(
    ("flag", "zeros"),
    [("", False), ("YES", False), ("1", False), ("false", True), ("0", True), ("maybe", True), (None, True)],
)
def test_drop_zero_points(sandbox: Sandbox, flag: str | None, zeros: bool) -> None:
    rows = usages(sandbox, type="usages", dropZeroPoints=flag)["usages"]
    idle = next(row for row in rows if row["usageName"] == "repaint")
    assert len(idle["points"]) == (24 if zeros else 0)
    assert len(rows[0]["points"]) <= 24
    assert {row["granularity"] for row in rows} == {"1h"}


@pytest.mark.parametrize(
    ("hours", "granularity", "points"),
    [(1, "1m", 60), (2, "1h", 2), (24, "1h", 24), (7 * 24, "1h", 168), (8 * 24, "1d", 8), (40 * 24, "7d", 6)],
)
def test_the_window_chooses_the_granularity(sandbox: Sandbox, hours: int, granularity: str, points: int) -> None:
    start = datetime(2026, 8, 10, tzinfo=timezone.utc)
    end = start + timedelta(hours=hours, milliseconds=-1)
    window = {"startDate": start.isoformat(), "endDate": end.isoformat(), "type": "usages"}
    row = ask(sandbox, **window).json()["usages"][0]
    times = [point["time"] for point in row["points"]]
    assert (row["granularity"], len(times), len(set(times))) == (granularity, points, points)
    assert times[0] == "2026-08-10T00:00:00.000Z"


def test_the_end_is_inclusive_and_a_bare_date_is_its_midnight(sandbox: Sandbox) -> None:
    whole = activity(sandbox, BUSY)
    assert whole[0]["time"] == f"{BUSY}T23:59:59.999Z"
    assert whole[-1]["time"] == f"{BUSY}T00:00:00.000Z"
    midnight = ask(sandbox, startDate=str(BUSY), endDate=str(BUSY), type="activity").json()["activity"]
    assert [row["time"] for row in midnight] == [f"{BUSY}T00:00:00.000Z"]


def test_the_last_day_counts_back_from_now_and_dates_override_it(sandbox: Sandbox) -> None:
    def value(**query: str) -> Decimal:
        rows = ask(sandbox, type="consumption", **query).json()["consumption"]
        return sum((exact(row["value"]) for row in rows), Decimal(0))

    explicit = {"startDate": "2026-09-21T09:30:00.000Z", "endDate": "2026-09-22T09:29:59.999Z"}
    assert value(timeRange="last-day") == value(**explicit) == value(**explicit, timeRange="last-hour") > 0


def test_a_bad_activity_offset_counts_as_none(sandbox: Sandbox) -> None:
    first = usages(sandbox, type="activity")
    assert usages(sandbox, type="activity", activityOffset="-3") == first
    assert usages(sandbox, type="activity", activityOffset="many") == first
    assert usages(sandbox, type="activity", activityOffset="9999") == {"activity": [], "entities": {"collections": []}}


def test_activity_is_newest_first_in_pages_of_100_also_when_they_come_out_even(sandbox: Sandbox) -> None:
    counts = []
    for number in range(30):
        rows = activity(sandbox, BUSY - timedelta(days=number))
        assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)
        counts.append(len(rows))
    assert max(counts) > 100 and any(count and count % 100 == 0 for count in counts)


def test_the_sums_of_one_day_agree(sandbox: Sandbox) -> None:
    body = usages(sandbox)
    consumption = body["consumption"]
    assert [row["value"] for row in consumption] == sorted((row["value"] for row in consumption), reverse=True)
    assert all(exact(row["total"]) == exact(row["value"]) + exact(row["discount"]) for row in consumption)
    by_type = sums([row for row in body["usages"] if row["usageName"] in SYNTHESIS], "usageName", "value")
    value, discount = (sum((exact(row[name]) for row in consumption), Decimal(0)) for name in ("value", "discount"))
    assert by_type == {"creative-unit-cost": (value,), "creative-unit-discount": (discount,)}

    modelled = sum(cost for (cost,) in sums(body["modelUsages"], "modelId", "cost").values())
    add_ons = sum(exact(row["costDetails"]["quality-gate"]) for row in consumption if "costDetails" in row)
    others = ("background-removal", "vectorization", "refunds")
    beside = sums([row for row in body["usages"] if row["usageName"] in others], "usageName", "cost")
    assert value == modelled + add_ons + sum(cost for (cost,) in beside.values())
    assert add_ons > 0 > beside["refunds"][0]


def test_queries_by_project_and_by_user_add_up(sandbox: Sandbox) -> None:
    whole = usages(sandbox, type="consumption,model-usages")
    models = sums(whole["modelUsages"], "modelId", "cost", "discount", "jobs")
    projects = [project.id for project in sandbox.scenario.estate.teams[TEAM_ID].projects]
    users = [member.id for member in sandbox.scenario.estate.members.values()]
    for name, ids in (("projectIds", projects), ("userIds", users)):
        added: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        value = Decimal(0)
        for id in ids:
            part = usages(sandbox, type="consumption,model-usages", **{name: id})
            value += sum((exact(row["value"]) for row in part["consumption"]), Decimal(0))
            for model, figures in sums(part["modelUsages"], "modelId", "cost", "discount", "jobs").items():
                added[model] = [a + b for a, b in zip(added[model], figures, strict=True)]
        assert {model: tuple(figures) for model, figures in added.items()} == models
        assert value == sum(exact(row["value"]) for row in whole["consumption"])
    assert usages(sandbox, type="consumption", userIds=",".join(users)) == usages(sandbox, type="consumption")


def test_a_key_sees_its_projects_and_teams(sandbox: Sandbox) -> None:
    own = usages(sandbox, key=PROJECT_KEY, type="consumption")
    assert own == usages(sandbox, projectIds=PROJECT_ID, type="consumption")
    assert own != usages(sandbox, type="consumption") == usages(sandbox, key=TEAM_KEY, type="consumption")
    other = usages(sandbox, key=MULTI_TEAM_KEY, teamId=OTHER_TEAM_ID, type="consumption")
    assert other["consumption"] and other != usages(sandbox, key=MULTI_TEAM_KEY, type="consumption")
    listed = ask(sandbox, "/v1/teams", MULTI_TEAM_KEY).json()["teams"]
    assert [team["id"] for team in listed] == [TEAM_ID, OTHER_TEAM_ID]


def test_the_oddities_are_there_by_default(sandbox: Sandbox) -> None:
    days = [BUSY - timedelta(days=number) for number in range(50)]
    bodies = [usages(sandbox, day) for day in days]
    values = [row for body in bodies for row in body["consumption"]]
    assert any(row["value"] < 0 for row in values)
    points = [point for body in bodies for row in body["modelUsages"] for point in row["points"]]
    assert any(not point["cost"] and point["discount"] for point in points)
    assert any(not point["cost"] and not point["discount"] and point["jobs"] for point in points)
    assert any(not body["consumption"] and not body["activity"] for body in bodies)
    consumers, workers = ({r["userId"] for b in bodies for r in b[name]} for name in ("consumption", "activity"))
    assert workers - consumers
    users = {user["id"]: user for body in bodies for user in body["entities"].get("users", ())}
    assert consumers - set(users)
    assert any(not user["isApiKey"] and "email" not in user for user in users.values())
    assert {user["apiKeyStatus"] for user in users.values() if user["isApiKey"]} == {"active", "inactive", "deleted"}
    models = {row["modelId"] for body in bodies for row in body["modelUsages"]}
    assert models - {model["id"] for body in bodies for model in body["entities"].get("models", ())}
    names = {row["usageName"] for body in bodies for row in body["usages"] if row["points"]}
    assert "lip-sync" in names
    costs = {row["usageName"]: "cost" in row["points"][0] for b in bodies for row in b["usages"] if row["points"]}
    assert (costs["captioning"], costs["detection"], costs["custom"]) == (False, True, True)
    twins = [row for row in activity(sandbox, BUSY) if row["action"] == "tag-asset" and not row["data"]]
    assert max(twins.count(twin) for twin in twins) == 3


def test_an_empty_day_keeps_its_parents(own: Sandbox) -> None:
    body = usages(own, date(2026, 6, 1))
    assert body["consumption"] == body["modelUsages"] == body["nsfwUsages"] == body["activity"] == []
    assert len(body["usages"]) == 22 and not any(row["points"] for row in body["usages"])
    assert [row["verdict"] for row in body["qualityGateUsages"]] == ["total", "pass", "warn", "fail"]
    assert body["entities"] == {"collections": []}
    own.scenario.idle_parents = False
    assert usages(own, date(2026, 6, 1), type="usages,asset-usages") == {
        "assetUsages": [],
        "usages": [],
        "entities": {},
    }


def test_knobs_of_times_buckets_and_costs(own: Sandbox) -> None:
    own.scenario.times, own.scenario.zero_bucket_outside = "date", True
    points = usages(own, type="usages", dropZeroPoints=None)["usages"][0]["points"]
    assert [points[n]["time"] for n in (0, 1, 24)] == [f"{BUSY}", f"{BUSY}T01:00:00Z", f"{BUSY + timedelta(days=1)}"]
    assert (points[24]["value"], points[24]["cost"]) == ("0", 0)
    for knob, shown in (("zero", {True}), ("absent", {False})):
        own.scenario.free_cost = knob
        rows = usages(own, type="usages", dropZeroPoints=None)["usages"]
        free = [row for row in rows if row["usageName"] in ("captioning", "detection", "ip-detection")]
        assert {"cost" in point for row in free for point in row["points"]} == shown
    own.scenario.describe_entities = False
    assert usages(own, type="consumption,model-usages")["entities"] == {}
