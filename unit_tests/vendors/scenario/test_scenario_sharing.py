"""How the Scenario streams share one request a day."""

from datetime import date

import pytest
import requests_mock
from pendulum import datetime

from source_unified_usage.core.errors import (
    Unavailable,
)
from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered
from unit_tests.vendors.scenario.answers import (
    DAY,
    URL,
    asked,
    body,
    model,
    planned,
    point,
    read,
    spent,
)


def test_the_bounds_of_a_request(server: requests_mock.Mocker) -> None:
    server.get(URL, **body())
    read(team_id="team_a", project_ids=["p1", "p2"])
    assert asked(server) == [
        {
            "startdate": "2026-08-28t00:00:00.000z",
            "enddate": "2026-08-28t23:59:59.999z",
            "type": "consumption",
            "dropzeropoints": "true",
            "teamid": "team_a",
            "projectids": "p1,p2",
        }
    ]


def test_streams_share_one_request_a_day(server: requests_mock.Mocker) -> None:
    server.get(URL, **body(consumption=[spent("u", 1)], modelUsages=[model(point())]))
    names = ["consumption", "model_usage", "asset_usage", "usage_by_type"]
    streams = planned(DAY, "2026-08-30", *names, include_moderation=True)
    for day in streams[0].windows:
        for stream in streams:
            list(stream.rows(day))
    types = "consumption,model-usages,asset-usages,usages"
    assert [request["type"] for request in asked(server)] == [types] * 3
    assert len(asked(server, "/v1/teams")) == len(asked(server, "/v1/projects")) == 1


def test_who_has_other_days_to_read_is_not_asked_for(server: requests_mock.Mocker) -> None:
    server.get(URL, **body())
    early, late = planned(DAY, "2026-08-30", "consumption", "model_usage")
    late.plan(Range(date(2026, 8, 30), date(2026, 8, 30), False, datetime(2026, 9, 22)), Covered())
    for day in early.windows:
        list(early.rows(day))
    list(late.rows(late.windows[0]))
    assert [request["type"] for request in asked(server)] == ["consumption", "consumption", "consumption,model-usages"]


def test_a_failure_is_shared_in_each_streams_own_name(server: requests_mock.Mocker) -> None:
    server.get(URL, status_code=503, json={})
    first, second = planned(DAY, DAY, "consumption", "model_usage")
    for stream in (first, second):
        with pytest.raises(Unavailable, match=rf"^Scenario, stream {stream.name}, /v1/usages: .* 503 "):
            list(stream.rows(stream.windows[0]))
        tries = len(asked(server))
    assert tries == 6


def test_for_a_stream_that_has_stopped_nothing_is_asked(server: requests_mock.Mocker) -> None:
    server.get(URL, **body())
    going, stopped = planned(DAY, "2026-08-30", "consumption", "model_usage")
    first, second, third = going.windows
    for day, streams in ((first, [going, stopped]), (second, [going]), (third, [going])):
        for stream in streams:
            list(stream.rows(day))
    types = [request["type"] for request in asked(server)]
    assert types == ["consumption,model-usages", "consumption,model-usages", "consumption"]
