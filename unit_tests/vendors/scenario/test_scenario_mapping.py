"""What the Scenario streams make of sample answers."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests_mock

from unit_tests.vendors.samples import HERE, Case, assert_mapped, mock_answers, records, sample, stream_of, window

CONFIG = {"api_key": "api_EXAMPLE", "api_secret": "not-a-real-secret"}
USAGES = "GET /v1/usages"
NAMES = {"GET /v1/teams": ["teams"], "GET /v1/projects": ["projects_page1", "projects_page2"]}
DAY, REFUNDS = "usages_2026-08-28_all_dropzero_1h", "usages_2026-08-30_refund_negative"
EMPTY, ZERO_FILLED = "usages_2026-08-29_empty_day", "usages_2026-08-28_consumption_models_zerofilled_1h"
MIA, FOUR_DAYS = "usages_2026-08-28_user_mia_model_usages", "usages_2026-08-28_to_31_1d"
ONE_PROJECT = "usages_2026-08-28_model_usages_project_mobile_rpg"
FEED = ["activity_2026-08-31_offset0", "activity_2026-08-31_offset100"]
NO_MODELS: dict[str, Any] = {"modelUsages": []}
FLAGS = {"include_activity": True, "include_user_model_usage": True, "include_moderation": True}

# Read by no stream, with the reason; the errors are in the other tests
NOT_USAGE = {
    "team_limits": "a snapshot of the billing period, not usage by day",
    "oscu_prices": "a list price whose unit is not documented",
    "mcp_usage_seed_example": "matches neither the tool nor the API",
}


def case(stream: str, *answers: Any, day: str = "2026-08-28", name: str = "", **config: Any) -> Case:
    end = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    return Case(f"scenario_{stream}", {USAGES: answers, **NAMES}, day, end, {**FLAGS, **config}, name)


CASES = [
    case("consumption", DAY),
    case("consumption", REFUNDS, day="2026-08-30", name="scenario_consumption.refunds"),
    case("consumption", DAY, cu_price=0.01, cu_currency="eur", name="scenario_consumption.priced"),
    case("model_usage", DAY),
    case("model_usage", REFUNDS, day="2026-08-30", name="scenario_model_usage.refunds"),
    case(
        "model_usage",
        ONE_PROJECT,
        team_id="team_EXAMPLEstudio0000000001",
        project_ids=["project_EXAMPLEmobilerpg000001"],
        split_by_project=True,
        name="scenario_model_usage.project",
    ),
    case("asset_usage", DAY),
    case("usage_by_type", DAY),
    case("usage_by_type", REFUNDS, day="2026-08-30", name="scenario_usage_by_type.refunds"),
    case("moderation_usage", DAY),
    case("user_model_usage", DAY, NO_MODELS, MIA, NO_MODELS, NO_MODELS, NO_MODELS),
    case("activity", DAY),
    case("activity", *FEED, day="2026-08-31", name="scenario_activity.pages"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records(case: Case) -> None:
    assert_mapped("scenario", case, CONFIG)


@pytest.mark.parametrize(
    "stream",
    ["consumption", "model_usage", "asset_usage", "usage_by_type", "moderation_usage", "user_model_usage", "activity"],
)
def test_an_empty_day_has_no_records(stream: str) -> None:
    assert mapped(case(stream, EMPTY, day="2026-08-29")) == []


def test_behind_the_last_page_of_activity_is_nothing() -> None:
    assert mapped(case("activity", "activity_2026-08-31_offset200_past_end", day="2026-08-31")) == []
    first = sample("scenario", FEED[0])
    whole = mapped(case("activity", first, "activity_2026-08-31_offset200_past_end", day="2026-08-31"))
    assert len(whole) == len(first["activity"]) == 100


@pytest.mark.parametrize("stream", ["consumption", "model_usage"])
def test_zero_points_say_nothing(stream: str) -> None:
    dropped, filled = (mapped(case(stream, answer)) for answer in (DAY, ZERO_FILLED))
    assert without_remote(filled) == without_remote(dropped)


@pytest.mark.parametrize("stream", ["consumption", "model_usage", "usage_by_type"])
def test_the_sum_of_net_is_the_vendors_own(stream: str) -> None:
    body = sample("scenario", DAY)
    spent = {
        "consumption": [row["value"] for row in body["consumption"]],
        "model_usage": [point["cost"] for row in body["modelUsages"] for point in row["points"]],
        "usage_by_type": [
            point["cost"]
            for row in body["usages"]
            for point in row["points"]
            if row["usageName"] not in ("creative-unit-cost", "creative-unit-discount")
        ],
    }[stream]
    assert net(mapped(case(stream, DAY))) == sum(Decimal(repr(amount)) for amount in spent)


def test_one_user_and_one_project_are_parts_of_the_whole() -> None:
    whole = by_model(mapped(case("model_usage", DAY)))
    mia = by_model(mapped(case("user_model_usage", DAY, NO_MODELS, MIA, NO_MODELS, NO_MODELS, NO_MODELS)))
    project = by_model(mapped(case("model_usage", ONE_PROJECT)))
    for part in (mia, project):
        assert part
        assert all(
            0 <= figure <= whole[model][n] for model, figures in part.items() for n, figure in enumerate(figures)
        )
    assert mia["model_EXAMPLEheroLora0000001"] == whole["model_EXAMPLEheroLora0000001"]


@pytest.mark.parametrize(
    ("stream", "day", "hourly"),
    [
        ("model_usage", "2026-08-28", DAY),
        ("asset_usage", "2026-08-28", DAY),
        ("usage_by_type", "2026-08-28", DAY),
        ("model_usage", "2026-08-29", EMPTY),
        ("asset_usage", "2026-08-29", EMPTY),
        ("usage_by_type", "2026-08-29", EMPTY),
        ("model_usage", "2026-08-30", REFUNDS),
        ("usage_by_type", "2026-08-30", REFUNDS),
    ],
)
def test_daily_points_make_the_records_of_hourly_ones(stream: str, day: str, hourly: str) -> None:
    by_hour = mapped(case(stream, hourly, day=day))
    by_day = mapped(case(stream, day_of(FOUR_DAYS, day), day=day))
    assert without_remote(by_day) == without_remote(by_hour)


def test_the_vendors_own_tool_says_the_same_of_four_days() -> None:
    """31 August has no sample of its own: it is what the other days leave of the four."""
    summary = sample("scenario", "mcp_usage_default_summary")
    daily = {day: day_of(FOUR_DAYS, f"2026-08-{day}") for day in range(28, 32)}
    spent = {28: users(DAY), 29: users(EMPTY), 30: users(REFUNDS), 31: users(FOUR_DAYS)}
    for day in (28, 29, 30):
        spent[31] = {user: subtracted(rest, spent[day].get(user, {})) for user, rest in spent[31].items()}
    for day, body in daily.items():
        body["consumption"] = [{"userId": user, **row} for user, row in spent[day].items()]
    streams = ("consumption", "model_usage", "asset_usage")
    found = {
        stream: [r for day, body in daily.items() for r in mapped(case(stream, body, day=f"2026-08-{day}"))]
        for stream in streams
    }
    consumption = charged(found["consumption"], "user")
    totals = summary["totals"]
    assert tuple(map(sum, zip(*consumption.values(), strict=True))) == (
        totals["totalCU"],
        totals["totalDiscountCU"],
        totals["totalBeforeDiscountCU"],
    )
    assert consumption == {r["userId"]: (r["value"], r["discount"], r["total"]) for r in summary["consumption"]}
    models = {
        row["modelId"]: (Decimal(repr(row["totalCU"])), Decimal(row["totalJobs"])) for row in summary["modelUsages"]
    }
    assert {model: figures[:2] for model, figures in by_model(found["model_usage"]).items()} == models
    assets: Counter[str] = Counter()
    for record in found["asset_usage"]:
        assets[record["metric_name"].removeprefix("assets.")] += record["usage"]["quantity"]
    assert assets == {row["kind"]: row["totalCount"] for row in summary["assetUsages"]}


def test_every_sample_is_used() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    names = {path.stem for path in (HERE / "scenario" / "samples").glob("*.json")}
    assert names
    assert [name for name in sorted(names) if name not in text and name not in NAMES and name not in NOT_USAGE] == []


def mapped(case: Case) -> list[dict[str, Any]]:
    with requests_mock.Mocker() as server:
        mock_answers(server, "scenario", case.answers)
        return records(stream_of("scenario", {**CONFIG, **case.config}, case.stream), window(case.start, case.end))


def day_of(name: str, day: str) -> dict[str, Any]:
    """An answer over several days, with the points of one of them."""
    body = dict(sample("scenario", name))
    for member in ("modelUsages", "assetUsages", "usages"):
        body[member] = [
            {**row, "points": [point for point in row["points"] if point["time"].startswith(day)]}
            for row in body[member]
        ]
    return body


def users(name: str) -> dict[str, Any]:
    rows = sample("scenario", name)["consumption"]
    return {row["userId"]: {k: row[k] for k in ("value", "discount", "total")} for row in rows}


def subtracted(row: Mapping[str, float], part: Mapping[str, float]) -> dict[str, float]:
    return {name: value - part.get(name, 0) for name, value in row.items()}


def without_remote(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    bare = [{name: value for name, value in record.items() if name != "remote_data"} for record in found]
    return sorted(bare, key=lambda record: record["id"])


def amounts(record: Mapping[str, Any], currency: str = "CU") -> dict[str, Decimal]:
    return {c["type"]: Decimal(repr(c["amount"])) for c in record.get("charges", ()) if c["currency"] == currency}


def net(found: list[dict[str, Any]]) -> Decimal:
    return sum((amounts(record).get("net", Decimal(0)) for record in found), Decimal(0))


def charged(found: list[dict[str, Any]], who: str) -> dict[str, tuple[Decimal, ...]]:
    """Net, discount and total by the id of `who`."""
    sums: dict[str, tuple[Decimal, ...]] = {}
    for record in found:
        views = amounts(record)
        figures = tuple(views.get(kind, Decimal(0)) for kind in ("net", "discount", "total"))
        before = sums.get(record[who]["id"], (Decimal(0),) * 3)
        sums[record[who]["id"]] = tuple(a + b for a, b in zip(before, figures, strict=True))
    return sums


def by_model(found: list[dict[str, Any]]) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Net, jobs and discount by model."""
    jobs: dict[str, Decimal] = {}
    for record in found:
        model = record["model"]["id"]
        jobs[model] = jobs.get(model, Decimal(0)) + Decimal(repr(record["usage"]["requests"]["total"]))
    spent = charged(found, "model")
    return {model: (spent[model][0], jobs[model], spent[model][1]) for model in jobs}
