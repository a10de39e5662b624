"""Teams, projects and users of Scenario."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import (
    BrokenContract,
    ConfigError,
)
from unit_tests.vendors.scenario.answers import (
    ADDRESS,
    DAY,
    URL,
    asked,
    body,
    fails,
    model,
    planned,
    point,
    read,
    spent,
)


def test_the_look_ups_may_be_refused(server: requests_mock.Mocker) -> None:
    for what in ("teams", "projects"):
        server.get(f"{ADDRESS}/v1/{what}", **fails("error_403_protected", 403))
    server.get(URL, **body(consumption=[spent("u", 1)]))
    (record,) = read()
    assert "organization" not in record
    (record,) = read(team_id="team_a")
    assert record["organization"] == {"id": "team_a"}
    assert record["id"] == "scenario_consumption/team_a/~/2026-08-28/u"


def test_the_team_is_the_configured_or_the_only_one(server: requests_mock.Mocker) -> None:
    teams = [{"id": "team_a", "name": "A"}, {"id": "team_b", "name": "B"}]
    server.get(URL, **body(consumption=[spent("u", 1)]))
    server.get(f"{ADDRESS}/v1/teams", json={"teams": teams})
    assert "organization" not in read()[0]
    assert read(team_id="team_b")[0]["organization"] == teams[1]
    server.get(f"{ADDRESS}/v1/teams", json={"teams": teams[:1]})
    (record,) = read()
    assert record["organization"] == teams[0]
    assert record["id"] == "scenario_consumption/~/~/2026-08-28/u"


def test_look_ups_come_after_the_first_answer(server: requests_mock.Mocker) -> None:
    server.get(URL, **fails("error_403_protected", 403))
    with pytest.raises(ConfigError):
        read()
    assert [request.path for request in server.request_history] == ["/v1/usages"]


def listing(server: requests_mock.Mocker, *pages: Mapping[str, Any]) -> None:
    server.get(f"{ADDRESS}/v1/projects", [{"json": page} for page in pages])


def test_projects_are_read_one_by_one(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    listing(
        server,
        {"projects": [{"id": "p1", "name": "One"}], "nextPaginationToken": "2"},
        {"projects": [{"id": "p2", "name": "Two", "keys": [{"id": "apiu_1", "name": "robot"}]}]},
    )
    one, two, whole = (body(consumption=[spent(*row)]) for row in (("apiu_1", 1), ("apiu_1", 2), ("apiu_1", 5.5)))
    server.get(URL, [one, two, whole])
    with caplog.at_level(logging.WARNING, "airbyte"):
        found = read(split_by_project=True)
    assert [request.get("projectids") for request in asked(server)] == ["p1", "p2", None]
    assert asked(server, "/v1/projects") == [{"pagesize": "100"}, {"pagesize": "100", "paginationtoken": "2"}]
    assert [(r["id"].split("/")[2], r["resources"], r["user"]["name"]) for r in found] == [
        (id, [{"id": id, "name": name, "workspace": {"id": id, "name": name}}], "robot")
        for id, name in (("p1", "One"), ("p2", "Two"))
    ]
    (warning,) = caplog.messages
    assert "2026-08-28: 2.5 CU belong to projects that are not listed" in warning


def test_configured_projects_are_all_that_is_asked_for(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    listing(server, {"projects": [{"id": "p1"}]})
    server.get(URL, **body(consumption=[spent("u", 1)]))
    found = read(split_by_project=True, project_ids=["p9", "p1", "p9"])
    assert [request["projectids"] for request in asked(server)] == ["p9", "p1"]
    assert [r["resources"] for r in found] == [[{"id": id, "workspace": {"id": id}}] for id in ("p9", "p1")]
    assert caplog.messages == []


def test_projects_that_cannot_be_listed_are_an_error(server: requests_mock.Mocker) -> None:
    server.get(URL, **body(consumption=[spent("u", 1)]))
    server.get(f"{ADDRESS}/v1/projects", **fails("error_403_protected", 403))
    with pytest.raises(ConfigError, match=r"list the projects \(403 .*list them in scenario.project_ids"):
        read(split_by_project=True)
    for stream in planned(DAY, DAY, "consumption", "model_usage", split_by_project=True):
        with pytest.raises(ConfigError, match=rf"^Scenario, stream {stream.name}, /v1/projects: "):
            list(stream.rows(stream.windows[0]))
    assert len(asked(server, "/v1/projects")) == 2
    server.get(f"{ADDRESS}/v1/projects", **fails("error_404_team", 404))
    with pytest.raises(ConfigError, match=r'/v1/projects: 404 "Team not found"\. Check scenario\.team_id'):
        read(split_by_project=True)
    listing(server, {"projects": []})
    with pytest.raises(ConfigError, match=r"no project is listed.*scenario.project_ids"):
        read(split_by_project=True)
    listing(server, {"projects": [{"id": "p"}], "nextPaginationToken": "t"})
    with pytest.raises(BrokenContract, match="the cursor 't' came twice"):
        read(split_by_project=True)
    listing(server, *({"projects": [], "nextPaginationToken": str(number)} for number in range(51)))
    with pytest.raises(BrokenContract, match="50 empty pages one after another"):
        read(split_by_project=True)
    assert asked(server) == []


def test_models_by_user_ask_once_for_each_consumer(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    whole = body(
        consumption=[spent("u", 3), spent("v", 1)],
        modelUsages=[model(point(cost=4, jobs=5)), model(point(cost=0, jobs=2), id="free"), model(point(), id="same")],
    )
    of_u = body(modelUsages=[model(point(cost=3, jobs=4)), model(point(), id="same")])
    of_v = body(modelUsages=[model(point(cost=1, jobs=1))])
    server.get(URL, [whole, of_u, of_v])
    with caplog.at_level(logging.WARNING, "airbyte"):
        found = read("user_model_usage", project_ids=["p"])
    assert [(r["type"], r.get("userids"), r["projectids"]) for r in asked(server)] == [
        ("consumption,model-usages", None, "p"),
        ("model-usages", "u", "p"),
        ("model-usages", "v", "p"),
    ]
    assert [r["id"].removeprefix("scenario_user_model_usage/~/~/2026-08-28/") for r in found] == [
        "u/model_a",
        "u/same",
        "v/model_a",
    ]
    (warning,) = caplog.messages
    assert "do not account for all of 1 models: free 0 CU and 2 jobs." in warning


def test_models_by_user_and_project_name_the_project_that_differs(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    whole = body(consumption=[spent("u", 1)], modelUsages=[model(point())])
    of_u = body(modelUsages=[model(point()), model(id="idle")])
    server.get(URL, [whole, body(consumption=[spent("u", 1)]), of_u, of_u])
    with caplog.at_level(logging.WARNING, "airbyte"):
        read("user_model_usage", split_by_project=True, project_ids=["p", "q"])
    (warning,) = caplog.messages
    assert "2026-08-28, project q: the users" in warning
    assert "of 1 models: model_a -1 CU and -1 jobs." in warning
