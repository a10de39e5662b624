"""The accounting rules of Scenario, held against the simulated vendor whatever granularity it answers in."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any, get_args

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.scenario import ScenarioSandbox
from sandbox.vendors.scenario.credentials import ANALYTICS_KEY, ANALYTICS_SECRET
from sandbox.vendors.scenario.knobs import LADDER, Granularity
from unit_tests.examples import share
from unit_tests.vendors.samples import assert_valid, records, stream_of, window

NOW = datetime(2026, 9, 22, 9, 30, tzinfo=timezone.utc)
FIRST, LAST = "2026-09-16", "2026-09-19"
STREAMS = (
    "consumption",
    "model_usage",
    "asset_usage",
    "usage_by_type",
    "user_model_usage",
    "moderation_usage",
    "activity",
)
ZERO = Decimal(0)
Found = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(days=60, now=NOW, people=8, vendors=(ScenarioSandbox,)) as running:
        running.scenario.limit = Limit(None)
        yield running


def block(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    flags = {"include_activity": True, "include_user_model_usage": True, "include_moderation": True}
    key = {"api_key": ANALYTICS_KEY, "api_secret": ANALYTICS_SECRET, "base_url": sandbox.url("scenario")}
    return {**key, **flags, **options}


def read(sandbox: Sandbox, day: str, streams: Iterable[str] = STREAMS, **options: Any) -> Found:
    """One day's records by stream."""
    end = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    config = block(sandbox, **options)
    found = {name: records(stream_of("scenario", config, f"scenario_{name}"), window(day, end)) for name in streams}
    for rows in found.values():
        assert_valid(rows)
    return found


def whole(sandbox: Sandbox, **query: Any) -> dict[str, Any]:
    """The vendor's own answer over all days at once."""
    params = {"startDate": f"{FIRST}T00:00:00Z", "endDate": f"{LAST}T23:59:59.999Z", **query}
    url, auth = sandbox.url("scenario") + "/v1/usages", (ANALYTICS_KEY, ANALYTICS_SECRET)
    return dict(requests.get(url, params=params, auth=auth, timeout=10).json())


def exact(figure: Any) -> Decimal:
    return Decimal(str(figure))


def charge(record: Mapping[str, Any], kind: str) -> Decimal:
    return sum((exact(c["amount"]) for c in record.get("charges", ()) if c["type"] == kind), ZERO)


def money(rows: Iterable[Mapping[str, Any]]) -> tuple[Decimal, ...]:
    """Net, discount and total."""
    found = [*rows]
    return tuple(sum((charge(record, kind) for record in found), ZERO) for kind in ("net", "discount", "total"))


def figures(rows: Iterable[Mapping[str, Any]], *path: str) -> dict[Any, tuple[Decimal, ...]]:
    """Net, discount, quantity and jobs by the value at `path`, without what is zero throughout."""
    sums: dict[Any, list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    for record in rows:
        key: Any = record
        for name in path:
            key = key[name]
        usage = record.get("usage", {})
        jobs = usage.get("requests", {}).get("total", 0)
        added = (charge(record, "net"), charge(record, "discount"), exact(usage.get("quantity", 0)), exact(jobs))
        sums[key] = [a + b for a, b in zip(sums[key], added, strict=True)]
    return {key: tuple(found) for key, found in sums.items() if any(found)}


days = st.sampled_from(["2026-09-06", "2026-09-13", "2026-09-16", "2026-09-17"])
granularities = st.sampled_from(get_args(Granularity))
times = st.sampled_from(["milliseconds", "seconds", "date"])
free_costs = st.sampled_from(["absent", "zero", "mixed"])
few = settings(max_examples=share(20), suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(day=days, chosen=granularities, spelled=times, free=free_costs, idle=st.booleans())
@few
def test_the_sums_of_a_day_agree(sandbox: Sandbox, day: str, chosen: Any, spelled: Any, free: Any, idle: bool) -> None:
    knobs = sandbox.scenario
    knobs.ladder, knobs.times, knobs.free_cost, knobs.idle_parents = ((timedelta.max, chosen),), spelled, free, idle
    found = read(sandbox, day)
    consumption = money(found["consumption"])
    assert consumption[2] == consumption[0] + consumption[1]
    for record in (*found["consumption"], *found["model_usage"], *found["user_model_usage"], *found["activity"]):
        assert charge(record, "total") == charge(record, "net") + charge(record, "discount")
        assert exact(record.get("usage", {}).get("quantity", 0)) == charge(record, "net")

    models, types = figures(found["model_usage"], "model", "id"), figures(found["usage_by_type"], "metric_name")
    add_ons = sum(
        (exact(amount) for r in found["consumption"] for amount in r["remote_data"].get("costDetails", {}).values()),
        ZERO,
    )
    beside = sum((types[name][0] for name in ("background-removal", "vectorization", "refunds") if name in types), ZERO)
    assert consumption[0] == sum((row[0] for row in models.values()), ZERO) + beside + add_ons
    assert consumption[0] == sum((charge(record, "net") for record in found["activity"]), ZERO) + add_ons

    by_user = figures(found["user_model_usage"], "model", "id")
    assert {id: row[:2] for id, row in by_user.items() if any(row[:2])} == {
        id: row[:2] for id, row in models.items() if any(row[:2])
    }
    assert all(row[3] <= models[id][3] for id, row in by_user.items())

    start = datetime.fromisoformat(day).date()
    expected = knobs.ledger(start, start + timedelta(days=1))
    assert {f"scenario_{name}": len(rows) for name, rows in found.items()} == {n: len(e) for n, e in expected.items()}


def bare(sandbox: Sandbox, day: str) -> dict[str, list[dict[str, Any]]]:
    """One day's records without the vendor's rows, of the streams whose figures are the same however a day is cut.

    The quality gate counts the distinct assets of each bucket.
    """
    streams = [name for name in STREAMS if name not in ("moderation_usage", "user_model_usage")]
    return {
        name: sorted(({k: v for k, v in r.items() if k != "remote_data"} for r in rows), key=lambda r: r["id"])
        for name, rows in read(sandbox, day, streams).items()
    }


@pytest.fixture(scope="module")
def plain(sandbox: Sandbox) -> Callable[[str], Any]:
    """A day as the vendor serves it by default; asked for once."""

    @cache
    def of(day: str) -> Any:
        by_default(sandbox.scenario)
        return bare(sandbox, day)

    return of


def by_default(knobs: ScenarioSandbox) -> None:
    knobs.ladder, knobs.times, knobs.free_cost, knobs.idle_parents = LADDER, "milliseconds", "mixed", True


@given(day=days, chosen=granularities, spelled=times)
@few
def test_granularity_changes_no_record(
    sandbox: Sandbox, plain: Callable[[str], Any], day: str, chosen: Any, spelled: Any
) -> None:
    expected = plain(day)
    knobs = sandbox.scenario
    by_default(knobs)
    knobs.ladder, knobs.times = ((timedelta.max, chosen),), spelled
    assert bare(sandbox, day) == expected


@given(day=days, chosen=granularities)
@settings(few, max_examples=share(6))
def test_projects_add_up_to_the_team(sandbox: Sandbox, day: str, chosen: Any) -> None:
    sandbox.scenario.ladder = ((timedelta.max, chosen),)
    streams = ["consumption", "model_usage", "asset_usage", "usage_by_type"]
    projects = [project.id for team in sandbox.scenario.estate.teams.values() for project in team.projects]
    own = [id for id in projects if "labs" not in id]
    together = read(sandbox, day, streams)
    split = read(sandbox, day, streams, split_by_project=True, project_ids=own)
    assert figures(split["consumption"], "user", "id") == figures(together["consumption"], "user", "id")
    assert figures(split["model_usage"], "model", "id") == figures(together["model_usage"], "model", "id")
    for name in ("asset_usage", "usage_by_type"):
        assert figures(split[name], "metric_name") == figures(together[name], "metric_name")
    ids = [record["id"] for rows in (*together.values(), *split.values()) for record in rows]
    assert len(ids) == len(set(ids))


@given(day=days, limit=st.sampled_from([12, 6, 3, 1]))
@settings(few, max_examples=share(8))
def test_a_divided_day_makes_the_same_records(
    sandbox: Sandbox, plain: Callable[[str], Any], day: str, limit: int
) -> None:
    expected = plain(day)
    knobs = sandbox.scenario
    by_default(knobs)
    knobs.slow_window = timedelta(hours=limit)
    try:
        assert bare(sandbox, day) == expected
    finally:
        knobs.slow_window = None


# --- every section of the answer of the vendor's own usage tool, from our records


@pytest.fixture(scope="module")
def found(sandbox: Sandbox) -> Found:
    """All records of the four days."""
    by_default(sandbox.scenario)
    first, last = (datetime.fromisoformat(day) for day in (FIRST, LAST))
    daily = [read(sandbox, f"{first + timedelta(days=n):%Y-%m-%d}") for n in range((last - first).days + 1)]
    return {name: [record for day in daily for record in day[name]] for name in STREAMS}


@pytest.fixture(scope="module")
def answered(sandbox: Sandbox, found: Found) -> dict[str, Any]:
    """The vendor's answer over the same four days and with the same knobs, its feed whole."""
    answer = whole(sandbox, dropZeroPoints="true")
    page = answer["activity"]
    while len(page) == 100:
        page = whole(sandbox, type="activity", activityOffset=len(answer["activity"]))["activity"]
        answer["activity"] += page
    return answer


def totals(found: Found) -> Any:
    return money(found["consumption"])


def consumption(found: Found) -> Any:
    return {id: row[:2] for id, row in figures(found["consumption"], "user", "id").items()}


def model_usages(found: Found) -> Any:
    return {
        id: (net, discount, jobs)
        for id, (net, discount, _, jobs) in figures(found["model_usage"], "model", "id").items()
    }


def model_usages_daily(found: Found) -> Any:
    return {
        (record["model"]["id"], record["start_date"][:10]): (
            charge(record, "net"),
            record["usage"]["requests"]["total"],
        )
        for record in found["model_usage"]
    }


def asset_usages(found: Found) -> Any:
    return {name.removeprefix("assets."): row[2] for name, row in figures(found["asset_usage"], "metric_name").items()}


def usages(found: Found) -> Any:
    """The two synthesis types are the sums of consumption."""
    rows = {name: (row[2], row[0], row[1]) for name, row in figures(found["usage_by_type"], "metric_name").items()}
    net, discount, _ = money(found["consumption"])
    return {**rows, "creative-unit-cost": (net, net, ZERO), "creative-unit-discount": (discount, ZERO, discount)}


def usages_daily(found: Found) -> Any:
    return {
        (record["metric_name"], record["start_date"][:10]): (exact(record["usage"]["quantity"]), charge(record, "net"))
        for record in found["usage_by_type"]
    }


def nsfw_usages(found: Found) -> Any:
    rows = figures(found["moderation_usage"], "metric_name")
    return {name.removeprefix("nsfw."): row[2] for name, row in rows.items() if name.startswith("nsfw.")}


def activity(found: Found) -> Any:
    return sorted((record["remote_data"] for record in found["activity"]), key=repr)


def entities(found: Found) -> Any:
    people = {r["user"]["id"]: (r["user"].get("email"), r.get("surface") == "api") for r in found["consumption"]}
    models = {thing["id"]: thing.get("name") for r in found["model_usage"] for thing in r["resources"]}
    return people, models


def points(rows: Iterable[Mapping[str, Any]], key: str, *names: str) -> dict[str, tuple[Decimal, ...]]:
    """The vendor's series summed, without what is zero throughout."""
    sums = {
        row[key]: tuple(sum((exact(point.get(name, 0)) for point in row["points"]), ZERO) for name in names)
        for row in rows
    }
    return {name: found for name, found in sums.items() if any(found)}


def by_day(rows: Iterable[Mapping[str, Any]], key: str, *names: str) -> dict[tuple[str, str], tuple[Decimal, ...]]:
    """The vendor's series by day; its points are not zero."""
    sums: dict[tuple[str, str], tuple[Decimal, ...]] = {}
    for row in rows:
        for point in row["points"]:
            at = row[key], point["time"][:10]
            before, added = sums.get(at, (ZERO,) * len(names)), (exact(point.get(name, 0)) for name in names)
            sums[at] = tuple(a + b for a, b in zip(before, added, strict=True))
    return sums


def described(body: dict[str, Any]) -> Any:
    """What the vendor says of the users and models in its answer."""
    users: dict[str, Any] = {user["id"]: user for user in body["entities"]["users"]}
    models = {model["id"]: model["name"] for model in body["entities"]["models"]}
    people = {
        id: (users.get(id, {}).get("email"), users.get(id, {}).get("isApiKey", False))
        for id in (row["userId"] for row in body["consumption"])
    }
    return people, {row["modelId"]: models.get(row["modelId"]) for row in body["modelUsages"]}


PARITY: dict[str, tuple[Callable[[Found], Any], Callable[[dict[str, Any]], Any]]] = {
    "totals": (
        totals,
        lambda b: tuple(sum((exact(r[n]) for r in b["consumption"]), ZERO) for n in ("value", "discount", "total")),
    ),
    "consumption": (
        consumption,
        lambda b: {r["userId"]: (exact(r["value"]), exact(r["discount"])) for r in b["consumption"]},
    ),
    "modelUsages": (model_usages, lambda b: points(b["modelUsages"], "modelId", "cost", "discount", "jobs")),
    "modelUsages.daily": (model_usages_daily, lambda b: by_day(b["modelUsages"], "modelId", "cost", "jobs")),
    "assetUsages": (asset_usages, lambda b: {k: v[0] for k, v in points(b["assetUsages"], "kind", "count").items()}),
    "usages": (usages, lambda b: points(b["usages"], "usageName", "value", "cost", "discount")),
    "usages.daily": (
        usages_daily,
        lambda b: {
            at: row for at, row in by_day(b["usages"], "usageName", "value", "cost").items() if "creative" not in at[0]
        },
    ),
    "nsfwUsages": (nsfw_usages, lambda b: {k: v[0] for k, v in points(b["nsfwUsages"], "label", "count").items()}),
    "activity": (activity, lambda b: sorted(b["activity"], key=repr)),
    "entities": (
        entities,
        described,
    ),
}


@pytest.mark.parametrize("section", PARITY)
def test_every_section_of_the_vendors_tool_can_be_rebuilt(found: Found, answered: dict[str, Any], section: str) -> None:
    rebuilt, of_vendor = PARITY[section]
    expected = of_vendor(answered)
    assert expected
    assert rebuilt(found) == expected
