"""What becomes of single rows of Scenario."""

import logging
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import (
    BrokenContract,
    Unmappable,
)
from unit_tests.vendors.scenario.answers import (
    NOON,
    URL,
    action,
    body,
    mapped,
    model,
    point,
    read,
    spent,
)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([point(), point("2026-08-28T12:00:00Z")], "a time comes twice"),
        ([point("2026-08-29T00:00:00.000Z")], "is outside of"),
        ([point("2026-08-27")], "is outside of"),
        ([{"time": NOON, "cost": 1, "discount": 0}], "jobs"),
        ([point(cost="much")], "is not a number"),
        ([point(cost=None)], "no cost"),
    ],
)
def test_points_that_cannot_be_mapped(points: Any, reason: str) -> None:
    with pytest.raises((ValueError, KeyError), match=reason):
        mapped("model_usage", model(*points))


def test_points_that_say_nothing() -> None:
    zero: dict[str, Any] = {"cost": 0, "jobs": 0}
    inside, outside = point("2026-08-28"), point("2026-08-29T00:00:00.000Z", **zero)
    rows = model(inside, outside), model(point(**zero), id="idle"), model(id="none")
    (record,) = mapped("model_usage", *rows)
    assert record["remote_data"] == model(inside)


def test_a_text_under_a_new_name_is_no_figure() -> None:
    zero: dict[str, Any] = {"cost": 0, "jobs": 0, "endTime": "2026-08-28T12:59:59.999Z"}
    series = [model(point(**zero)), model(point(**{**zero, "newFigure": 1}), id="odd")]
    assert [r["model"]["id"] for r in mapped("model_usage", *series)] == ["odd"]


def test_rows_that_are_not_all_zero_are_kept() -> None:
    zero: dict[str, Any] = {"cost": 0, "jobs": 0}
    series = [
        model(point(cost=0), id="free"),
        model(point(**zero, discount=5), id="discounted"),
        model(point(cost=-3), id="refunded"),
        model(point(cost=5), point("2026-08-28T13:00:00Z", cost=-5), id="balanced"),
        model(point(**zero, apiKeyDiscount=1), id="odd"),
    ]
    names = ["free", "discounted", "refunded", "balanced", "odd"]
    assert [r["model"]["id"] for r in mapped("model_usage", *series)] == names
    assert [r["usage"]["quantity"] for r in mapped("consumption", spent("u", 0))] == [0]


@pytest.mark.parametrize("stream", ["model_usage", "consumption", "asset_usage"])
def test_a_row_that_comes_twice_breaks_the_contract(server: requests_mock.Mocker, stream: str) -> None:
    twice = {
        "modelUsages": [model(), model()],
        "consumption": [spent("u", 1), spent("u", 2)],
        "assetUsages": [{"kind": "image", "points": []}] * 2,
    }
    server.get(URL, **body(**twice))
    with pytest.raises(BrokenContract, match="comes twice under"):
        read(stream)


@pytest.mark.parametrize("key", [[], [None], [""]], ids=str)
@pytest.mark.parametrize(
    ("member", "name", "streams"),
    [
        ("consumption", "userId", ["consumption", "user_model_usage"]),
        ("modelUsages", "modelId", ["model_usage"]),
        ("assetUsages", "kind", ["asset_usage"]),
        ("usages", "usageName", ["usage_by_type"]),
        ("nsfwUsages", "label", ["moderation_usage"]),
        ("qualityGateUsages", "verdict", ["moderation_usage"]),
    ],
)
def test_a_row_without_its_key_cannot_be_mapped(
    server: requests_mock.Mocker, member: str, name: str, streams: list[str], key: list[Any]
) -> None:
    row = {"value": 1, "discount": 0, "points": [point(value="1", count=1)], **dict(zip([name], key, strict=False))}
    server.get(URL, **body(**{member: [row]}))
    for stream in streams:
        with pytest.raises(Unmappable) as raised:
            read(stream)
        assert repr(raised.value.reason) == f"KeyError('{name}')"


def test_types_count_texts_and_may_be_free(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    def typed(name: str, *points: dict[str, Any]) -> dict[str, Any]:
        times = (f"2026-08-28T{n:02}:00:00Z" for n in range(24))
        return {"usageName": name, "granularity": "1h", "points": [{"time": next(times), **p} for p in points]}

    rows = [
        typed("captioning", {"value": "2", "apiKey": "0"}, {"value": "3", "apiKey": "1"}),
        typed("detection", {"value": "2", "apiKey": "0", "cost": 0, "discount": 0}),
        typed("custom", {"value": "2", "cost": 1.5}, {"value": "many", "cost": 2, "discount": 0.5}),
        typed("patch", {"value": None, "cost": 1}),
        typed("new-thing", {"value": "0.125", "apiKey": "0"}),
        typed("models-training", {"value": "1", "apiKey": "0", "discount": 150}),
        typed("repaint", {"value": "0", "apiKey": "0"}),
        typed("creative-unit-cost", {"value": "7", "cost": 7}),
        typed("creative-unit-discount", {"value": "1", "discount": 1}),
    ]
    server.get(URL, **body(usages=rows))
    with caplog.at_level(logging.WARNING, "airbyte"):
        found = {r["metric_name"]: r for r in read("usage_by_type")}
    charges = {name: {c["type"]: c["amount"] for c in r.get("charges", ())} for name, r in found.items()}
    assert charges == {
        "captioning": {},
        "detection": {"net": 0, "total": 0},
        "custom": {"net": 3.5, "total": 4, "discount": 0.5},
        "patch": {"net": 1, "total": 1},
        "new-thing": {},
        "models-training": {"net": 0, "total": 150, "discount": 150},
    }
    assert {name: r.get("usage", {}).get("quantity") for name, r in found.items()} == {
        "captioning": 5,
        "detection": 2,
        "custom": None,
        "patch": None,
        "new-thing": 0.125,
        "models-training": 1,
    }
    (warning,) = caplog.messages
    assert "custom: Scenario sent 'many' as a value, which is no number" in warning


def test_nothing_of_the_entities_gets_into_the_records(server: requests_mock.Mocker) -> None:
    user = {"id": "u", "isApiKey": False, "avatar": {"url": "https://cdn.example.invalid/a.png?Signature=x"}}
    entities = {"users": [user], "jobs": [{"id": "job_1", "metadata": {"input": {"prompt": "a knight"}}}]}
    server.get(URL, **body(consumption=[spent("u", 1)], activity=[action(data={"jobId": "job_1"})], entities=entities))
    text = str([*read(), *read("activity")])
    assert "Signature" not in text and "knight" not in text


NO_TEXTS = {
    "users": [{"id": "u", "email": 5, "fullName": {"first": "U"}}],
    "models": [{"id": "model_a", "name": 7}],
    "assets": [{"id": "asset_1", "name": ["A"]}],
}


@pytest.mark.parametrize("entities", [None, [], {}, {"users": None, "models": [None, {}]}, NO_TEXTS])
def test_ids_need_not_be_described(server: requests_mock.Mocker, entities: Any) -> None:
    done = [action(userId="u", data={"assetId": "asset_1"})]
    server.get(URL, **body(consumption=[spent("u", 1)], modelUsages=[model(point())], activity=done, entities=entities))
    assert [r["user"] for r in read()] == [{"id": "u"}]
    assert [r["resources"] for r in read("model_usage")] == [[{"id": "model_a"}]]
    assert [r["resources"][-1].get("name") for r in read("activity")] == [None]
