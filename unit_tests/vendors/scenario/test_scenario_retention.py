"""How far back Scenario is asked."""

from collections.abc import Callable
from typing import Any

import pytest
import requests_mock
from pendulum import DateTime

from source_unified_usage.core.errors import (
    ConfigError,
)
from source_unified_usage.core.stream import RetentionStart
from unit_tests.vendors.scenario.answers import (
    DAY,
    URL,
    asked,
    body,
    planned,
    read,
    spent,
)


def keeping(oldest: str) -> Callable[[Any, Any], Any]:
    def answer(request: Any, context: Any) -> Any:
        if request.qs["startdate"][0][:10] >= oldest:
            return body(consumption=[spent("u", 1)])["json"]
        context.status_code = 400
        return {"reason": "too old"}

    return answer


@pytest.mark.parametrize("oldest", ["2025-05-01", "2026-08-24", "2026-09-21", "2026-09-20"])
def test_the_oldest_day_is_found_by_halving(server: requests_mock.Mocker, today: DateTime, oldest: str) -> None:
    server.get(URL, json=keeping(oldest))
    streams = planned("2025-04-30", "2026-09-21", "consumption", "model_usage", "activity", include_activity=True)
    for stream in streams:
        with pytest.raises(RetentionStart) as raised:
            list(stream.rows(stream.windows[0]))
        assert raised.value.day.to_date_string() == oldest
    assert len(asked(server)) <= 1 + 10
    count = len(asked(server))
    served = [day for day in streams[0].windows if day.first_day >= oldest]
    list(streams[0].rows(served[0]))
    assert [request["type"] for request in asked(server)[count:]] == ["consumption,model-usages"]


def test_nine_requests_find_the_oldest_of_500_days(server: requests_mock.Mocker, today: DateTime) -> None:
    server.get(URL, json=keeping("2026-08-24"))
    (stream,) = planned("2025-05-10", "2026-09-21", "consumption")
    with pytest.raises(RetentionStart):
        list(stream.rows(stream.windows[0]))
    assert len(asked(server)) == 1 + 9


def test_a_400_that_yesterday_gets_too_is_a_config_error(server: requests_mock.Mocker, today: DateTime) -> None:
    server.get(URL, status_code=400, json={"reason": "projectIds is invalid"})
    with pytest.raises(ConfigError, match=r'400 "projectIds is invalid"\. Check scenario.team_id'):
        read()
    assert len(asked(server)) < 10
    with pytest.raises(ConfigError, match="projectIds is invalid"):
        read(day="2026-09-21")


@pytest.mark.parametrize(
    ("stream", "refused"),
    [
        ("user_model_usage", lambda query: "userids" in query),
        ("moderation_usage", lambda query: "quality-gate-usages" in query["type"][0]),
        ("consumption", lambda query: query["startdate"][0].startswith("2026-08-30")),
    ],
    ids=["one user", "one section", "one day amid others"],
)
def test_a_400_for_another_reason_than_age_is_a_config_error(
    server: requests_mock.Mocker, today: DateTime, stream: str, refused: Callable[[Any], bool]
) -> None:
    def answer(request: Any, context: Any) -> Any:
        if refused(request.qs):
            context.status_code = 400
            return {"reason": "it is invalid"}
        return body(consumption=[spent("u", 1)])["json"]

    server.get(URL, json=answer)
    flags = {"include_user_model_usage": True, "include_moderation": True}
    (reader,) = planned(DAY, "2026-09-21", stream, **flags)
    with pytest.raises(ConfigError, match='400 "it is invalid"'):
        [line for day in reader.windows for line in reader.rows(day)]
