"""Answers of Scenario that do not pass its gateway, or pass it without a section."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import (
    BrokenContract,
    Unavailable,
)
from source_unified_usage.core.stream import UsageStream
from unit_tests.vendors.samples import records
from unit_tests.vendors.scenario.answers import (
    DAY,
    GATEWAY,
    NOON,
    SLOW,
    URL,
    asked,
    body,
    model,
    planned,
    point,
    read,
    spent,
)


@pytest.mark.parametrize("trouble", [GATEWAY, SLOW, {"status_code": 502, "text": "<html>Bad Gateway</html>"}])
def test_a_day_that_does_not_pass_is_read_in_halves(server: requests_mock.Mocker, trouble: dict[str, Any]) -> None:
    morning = body(
        consumption=[spent("u", 1.5, 0.5, costDetails={"gate": 0.5}), spent("v", 2)],
        modelUsages=[model(point("2026-08-28T00:00:00Z", cost=1, jobs=2))],
        entities={"users": [{"id": "u", "email": "u@example.com"}]},
    )
    evening = body(
        consumption=[spent("u", -4, 0, costDetails={"gate": 0.25, "extra": 1})],
        modelUsages=[model(point(cost=2.5)), model(point(cost=9), id="model_b")],
    )
    server.get(URL, [trouble, trouble, trouble, morning, evening])
    (consumption, models) = planned(DAY, DAY, "consumption", "model_usage")
    (one, other) = records(consumption, consumption.windows[0])
    assert [request["startdate"][11:13] + request["enddate"][11:13] for request in asked(server)[3:]] == [
        "0011",
        "1223",
    ]
    assert one["id"] == "scenario_consumption/~/~/2026-08-28/u"
    assert one["remote_data"] == {
        "userId": "u",
        "value": -2.5,
        "discount": 0.5,
        "total": -2,
        "costDetails": {"gate": 0.75, "extra": 1},
    }
    assert [(c["type"], c["amount"]) for c in one["charges"]] == [("net", -2.5), ("total", -2), ("discount", 0.5)]
    assert one["user"]["email"] == "u@example.com"
    assert other["remote_data"] == spent("v", 2)
    found = {r["model"]["id"]: (r["usage"]["quantity"], r["usage"]["requests"]["total"]) for r in model_records(models)}
    assert found == {"model_a": (3.5, 3), "model_b": (9, 1)}


def model_records(stream: UsageStream) -> list[dict[str, Any]]:
    return records(stream, stream.windows[0])


def test_the_zero_bucket_behind_a_half_is_no_point_of_the_other(server: requests_mock.Mocker) -> None:
    zero = {name: 0 for name in point() if name != "time"}
    morning, noon = point("2026-08-28T11:00:00Z"), point(NOON)
    halves = body(modelUsages=[model(morning, point(NOON, **zero))]), body(modelUsages=[model(noon)])
    server.get(URL, [GATEWAY, GATEWAY, GATEWAY, *halves])
    (record,) = read("model_usage")
    assert record["remote_data"] == model(morning, noon)


def test_two_such_answers_are_no_reason_to_divide(server: requests_mock.Mocker) -> None:
    server.get(URL, [GATEWAY, SLOW, body(consumption=[spent("u", 1)])])
    assert len(read()) == 1
    assert len({request["enddate"] for request in asked(server)}) == 1
    server.get(URL, [GATEWAY, SLOW, {"status_code": 500}, GATEWAY, SLOW, body()])
    assert read() == []


def test_half_a_figure_is_no_figure(server: requests_mock.Mocker) -> None:
    unknown = {"userId": "u", "value": None, "discount": 0}
    server.get(URL, [GATEWAY, GATEWAY, GATEWAY, body(consumption=[spent("u", 1)]), body(consumption=[unknown])])
    with pytest.raises(ValueError, match="no value"):
        read()


def test_an_hour_is_not_divided(server: requests_mock.Mocker) -> None:
    server.get(URL, **GATEWAY)
    with pytest.raises(Unavailable, match="502 Internal server error"):
        read()
    starts_and_ends = [request["startdate"][11:13] + request["enddate"][11:13] for request in asked(server)]
    assert list(dict.fromkeys(starts_and_ends)) == ["0023", "0011", "0005", "0002", "0000"]
    assert starts_and_ends.count("0002") == 3
    assert starts_and_ends.count("0000") == 6


@pytest.mark.parametrize("answer", [{}, {"entities": {}}, {"consumption": None}, []])
def test_a_missing_section_is_asked_for_again(server: requests_mock.Mocker, waits: list[float], answer: Any) -> None:
    server.get(URL, [{"json": answer}, body(consumption=[spent("u", 1)])])
    assert len(read()) == 1
    assert len(waits) == 1
    server.get(URL, json=answer)
    with pytest.raises(BrokenContract, match=r"stream scenario_consumption, .* no list of objects under 'consumption'"):
        read()
    assert len(asked(server)) == 2 + 6


def test_a_missing_section_stops_only_the_stream_that_needs_it(server: requests_mock.Mocker) -> None:
    server.get(URL, json={"consumption": [spent("u", 1)]})
    consumption, models = planned(DAY, DAY, "consumption", "model_usage")
    assert len(records(consumption, consumption.windows[0])) == 1
    with pytest.raises(BrokenContract, match=r"stream scenario_model_usage, .* under 'modelUsages'"):
        list(models.rows(models.windows[0]))
