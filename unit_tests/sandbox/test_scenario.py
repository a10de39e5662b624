"""The simulated Scenario keeps the rules of the real one."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.scenario import (
    ANALYTICS_KEY,
    ANALYTICS_SECRET,
    MULTI_TEAM_KEY,
    MULTI_TEAM_SECRET,
    OTHER_TEAM_ID,
    PROJECT_ID,
    PROJECT_KEY,
    PROJECT_SECRET,
    TEAM_ID,
    TEAM_KEY,
    TEAM_KEY_WITHOUT_USAGE,
    TEAM_SECRET,
    TEAM_SECRET_WITHOUT_USAGE,
    ScenarioSandbox,
)

NOW = datetime(2026, 9, 22, 9, 30, tzinfo=timezone.utc)
BUSY = date(2026, 9, 16)
YESTERDAY = date(2026, 9, 21)
CREDENTIALS = {
    ANALYTICS_KEY: ANALYTICS_SECRET,
    PROJECT_KEY: PROJECT_SECRET,
    TEAM_KEY: TEAM_SECRET,
    TEAM_KEY_WITHOUT_USAGE: TEAM_SECRET_WITHOUT_USAGE,
    MULTI_TEAM_KEY: MULTI_TEAM_SECRET,
}
SYNTHESIS = ("creative-unit-cost", "creative-unit-discount")
MEMBERS = ["activity", "assetUsages", "consumption", "modelUsages", "nsfwUsages", "qualityGateUsages", "usages"]


def start() -> Sandbox:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.server.VENDORS", (ScenarioSandbox,))
        return Sandbox(days=60, now=NOW)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Shared by the tests that change nothing."""
    with start() as running:
        running.scenario.limit = Limit(None)
        yield running


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """For one test, to change its knobs and its clock."""
    with start() as running:
        yield running


def ask(sandbox: Sandbox, path: str = "/v1/usages", key: str = ANALYTICS_KEY, **query: Any) -> requests.Response:
    auth = (key, CREDENTIALS.get(key, "wrong"))
    return requests.get(sandbox.url("scenario") + path, params=query, auth=auth, timeout=10)


def bounds(day: date, last: date | None = None) -> dict[str, str]:
    return {"startDate": f"{day}T00:00:00.000Z", "endDate": f"{last or day}T23:59:59.999Z"}


def usages(sandbox: Sandbox, day: date = BUSY, key: str = ANALYTICS_KEY, **query: Any) -> dict[str, Any]:
    answer = ask(sandbox, key=key, **{**bounds(day), "dropZeroPoints": "true", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def exact(figure: Any) -> Decimal:
    return Decimal(str(figure))


def sums(rows: list[dict[str, Any]], name: str, *figures: str) -> dict[str, tuple[Decimal, ...]]:
    """By parent, its figures summed over the points; parents without points are left out."""
    return {
        row[name]: tuple(sum((exact(point[figure]) for point in row["points"]), Decimal(0)) for figure in figures)
        for row in rows
        if row["points"]
    }


def activity(sandbox: Sandbox, day: date, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = usages(sandbox, day, type="activity", activityOffset=len(rows), **query)["activity"]
        rows += page
        if len(page) < 100:
            return rows


@pytest.mark.parametrize(
    ("path", "key", "query", "status", "wording"),
    [
        ("/v1/usages", "api_wrong", {}, 401, '{"message":"Unauthorized"}'),
        ("/v1/usages", TEAM_KEY_WITHOUT_USAGE, {}, 403, '"API Keys cannot access protected resources"'),
        ("/v1/projects", TEAM_KEY, {}, 403, '"API Keys cannot access protected resources"'),
        ("/v1/usage", ANALYTICS_KEY, {}, 403, '{"message":"Missing Authentication Token"}'),
        ("/usages", "api_wrong", {}, 403, "Missing Authentication Token"),
        ("/v1/usages", ANALYTICS_KEY, {"endDate": "2026-09-01"}, 400, "startDate is required when endDate"),
        ("/v1/usages", ANALYTICS_KEY, {"startDate": "2026-09-01"}, 400, "endDate is required when startDate"),
        ("/v1/usages", ANALYTICS_KEY, {"startDate": "soon", "endDate": "2026-09-01"}, 400, "valid ISO 8601"),
        ("/v1/usages", ANALYTICS_KEY, {"startDate": "2026-09-02", "endDate": "2026-09-01"}, 400, "after startDate"),
        ("/v1/usages", ANALYTICS_KEY, bounds(date(2026, 1, 1), date(2026, 5, 1)), 400, "must not exceed 120 days"),
        ("/v1/usages", ANALYTICS_KEY, {"timeRange": "last-year"}, 400, "timeRange must be one of"),
        ("/v1/usages", ANALYTICS_KEY, {"teamId": "team_nobody"}, 404, "Team not found"),
        ("/v1/usages", ANALYTICS_KEY, {"teamId": OTHER_TEAM_ID}, 404, "Team not found"),
        (
            "/v1/usages",
            ANALYTICS_KEY,
            {"projectIds": "project_x", **bounds(BUSY)},
            403,
            "do not have access to project project_x",
        ),
        (
            "/v1/usages",
            PROJECT_KEY,
            {"projectIds": "project_SANDBOXdefault00001", **bounds(BUSY)},
            403,
            "do not have access",
        ),
        ("/v1/projects", ANALYTICS_KEY, {"pageSize": "101"}, 400, "pageSize must be between 1 and 100"),
        ("/v1/projects", ANALYTICS_KEY, {"paginationToken": "x"}, 400, "paginationToken is invalid"),
        ("/v1/usages", ANALYTICS_KEY, {}, 400, "timeRange must be one of"),
        (f"/v1/teams/{OTHER_TEAM_ID}/limits", ANALYTICS_KEY, {}, 403, "Missing Authentication Token"),
    ],
)
def test_refusals(sandbox: Sandbox, path: str, key: str, query: dict[str, str], status: int, wording: str) -> None:
    answer = ask(sandbox, path, key, **query)
    assert (answer.status_code, wording in answer.text) == (status, True), answer.text
    assert ("trace_id" in answer.json()) == ("reason" in answer.json())


def test_only_basic_with_the_right_secret_opens(sandbox: Sandbox) -> None:
    url = sandbox.url("scenario") + "/v1/teams"
    assert requests.get(url, auth=(ANALYTICS_KEY, ANALYTICS_SECRET), timeout=10).status_code == 200
    assert requests.get(url, auth=(ANALYTICS_KEY, PROJECT_SECRET), timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": f"Bearer {ANALYTICS_KEY}"}, timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": "Basic %%%"}, timeout=10).status_code == 401
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.post(url, auth=(ANALYTICS_KEY, ANALYTICS_SECRET), timeout=10).status_code == 403


def test_120_days_are_served_and_older_than_kept_is_not(own: Sandbox) -> None:
    assert ask(own, **bounds(YESTERDAY - timedelta(days=119), YESTERDAY), type="consumption").status_code == 200
    own.scenario.retention = timedelta(days=30)
    answer = ask(own, **bounds(date(2026, 8, 1)))
    assert (answer.status_code, answer.json()["reason"]) == (400, "startDate must not be older than 30 days")
    assert ask(own, **bounds(date(2026, 8, 24))).status_code == 200
    entries = own.scenario.ledger(date(2026, 8, 1), date(2026, 9, 1))["scenario_consumption"]
    assert min(entry.start for entry in entries) == "2026-08-24T00:00:00Z"


@pytest.mark.parametrize(
    ("form", "headers", "body"),
    [
        ("cooldown", {}, {"reason": "cooldown", "remainingSeconds": 60}),
        ("retry-after", {"retry-after": "60"}, {"message": "Too Many Requests"}),
        ("retry-after-ms", {"retry-after-ms": "60000"}, {"message": "Too Many Requests"}),
        ("bare", {}, {"message": "Too Many Requests"}),
    ],
)
def test_the_limit_is_per_key_and_names_the_wait(
    own: Sandbox, form: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    own.scenario.limit, own.scenario.throttle_form = Limit(2, 60), form
    answers = [ask(own, "/v1/teams") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == body
    assert {name: answers[2].headers[name] for name in answers[2].headers if name.startswith("retry")} == headers
    assert ask(own, "/v1/teams", TEAM_KEY).status_code == 200
    own.clock.advance(seconds=60)
    assert ask(own, "/v1/teams").status_code == 200


def test_troubles_hit_one_answer_each(own: Sandbox) -> None:
    own.scenario.troubles = ["cooldown", "retry-after", "bare", "502", "504", "html", "truncated", "empty"]
    answers = [ask(own, type="consumption", timeRange="last-day") for _ in range(9)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 502, 504, 502, 200, 200, 200]
    assert answers[0].json() == {"reason": "cooldown", "remainingSeconds": 12}
    assert answers[3].json() == {"message": "Internal server error"}
    assert answers[4].json() == {"message": "Endpoint request timed out"}
    assert answers[5].headers["content-type"].startswith("text/html")
    assert answers[8].content.startswith(answers[6].content) and answers[6].content != answers[8].content
    assert answers[7].json() == {}


def test_wide_and_large_answers_fail_at_the_gateway(own: Sandbox) -> None:
    size = len(ask(own, **bounds(BUSY)).content)
    own.scenario.payload_limit = size - 1
    assert ask(own, **bounds(BUSY)).status_code == 502
    assert ask(own, **bounds(BUSY), dropZeroPoints="").status_code == 200
    own.scenario.slow_window = timedelta(hours=12)
    assert ask(own, **bounds(BUSY), type="consumption").status_code == 504
    noon = {"startDate": f"{BUSY}T12:00:00.000Z", "endDate": f"{BUSY}T23:59:59.999Z"}
    assert ask(own, **noon, type="consumption").status_code == 200


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


def test_projects_come_in_pages_without_the_deleted(own: Sandbox) -> None:
    first = ask(own, "/v1/projects", teamId=TEAM_ID).json()
    second = ask(own, "/v1/projects", paginationToken=first["nextPaginationToken"]).json()
    assert (len(first["projects"]), len(second["projects"]), "nextPaginationToken" in second) == (10, 1, False)
    everything = ask(own, "/v1/projects", pageSize=100).json()
    assert everything == {"projects": first["projects"] + second["projects"]}
    own.scenario.project_page_cap = 4
    assert len(ask(own, "/v1/projects", pageSize=100).json()["projects"]) == 4
    listed = {project["id"] for project in everything["projects"]}
    used = {row["projectId"] for day in range(7) for row in activity(own, BUSY - timedelta(days=day))}
    assert (used - listed, bool(listed - used)) == ({"project_SANDBOXarchived0001"}, True)
    names = {key["id"]: key["name"] for project in everything["projects"] for key in project["keys"]}
    assert names == {"apiu_SANDBOXrenderpipeline": "render-pipeline", "apiu_SANDBOXcithumbnails": "ci-thumbnails"}


def test_consumption_of_a_project_is_that_of_the_billing_period(own: Sandbox) -> None:
    projects = ask(own, "/v1/projects", pageSize=100).json()["projects"]
    deleted = {"projectIds": "project_SANDBOXarchived0001"}
    window = {"startDate": "2026-09-15T00:00:00Z", "endDate": "2026-09-22T09:30:00Z", "type": "consumption"}
    every, gone = (ask(own, **window, **more).json()["consumption"] for more in ({}, deleted))
    listed = sum(exact(project["consumption"]) for project in projects)
    assert listed == sum(exact(row["value"]) for row in every) - sum(exact(row["value"]) for row in gone) > 0


def test_look_ups_can_be_denied(own: Sandbox) -> None:
    own.scenario.denied = {"teams", "projects"}
    assert [ask(own, path).status_code for path in ("/v1/teams", "/v1/projects")] == [403, 403]
    assert ask(own, timeRange="last-day").status_code == 200


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
