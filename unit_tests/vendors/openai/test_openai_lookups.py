"""Where the OpenAI streams get names from, and how they do without."""

import logging
from typing import Any

import pytest
import requests_mock

from unit_tests.vendors.openai.answers import (
    COMPLETIONS,
    COSTS,
    PLATFORM,
    ROW,
    TWO_DAYS,
    error,
    listing,
    page,
    queries,
    read,
    streams,
)
from unit_tests.vendors.samples import records, window

NAMED = {**ROW, "project_id": "proj_1", "user_id": "user-a", "api_key_id": "key_1"}
PROJECTS = [{"id": "proj_1", "name": "One"}, {"id": "proj_2", "name": None}]


def test_names_are_read_once_after_the_first_answer(server: requests_mock.Mocker) -> None:
    server.get(f"{PLATFORM}/projects", [{"json": listing(*PROJECTS[:1], more=True)}, {"json": listing(PROJECTS[1])}])
    server.get(f"{PLATFORM}/users", json=listing({"id": "user-a", "name": "Ada", "email": "ada@example.com"}))
    server.get(f"{PLATFORM}/projects/proj_1/api_keys", json=listing({"id": "key_1", "name": "web"}))
    server.get(COMPLETIONS, **page(NAMED))
    server.get(COSTS, **page(NAMED))
    offered = streams()
    for name in ("openai_usage_completions", "openai_costs", "openai_usage_completions"):
        (record,) = records(offered[name], window(*TWO_DAYS))
        assert record["resources"] == [{"id": "key_1", "name": "web", "workspace": {"id": "proj_1", "name": "One"}}]
    assert [request.path for request in server.request_history] == [
        "/v1/organization/usage/completions",
        "/v1/organization/projects",
        "/v1/organization/projects",
        "/v1/organization/users",
        "/v1/organization/projects/proj_1/api_keys",
        "/v1/organization/costs",
        "/v1/organization/usage/completions",
    ]
    archived = {"include_archived": ["true"], "limit": ["100"]}
    assert queries(server, f"{PLATFORM}/projects") == [archived, {**archived, "after": ["proj_1"]}]
    assert queries(server, f"{PLATFORM}/projects/proj_1/api_keys") == [
        {"owner_project_access": ["any"], "limit": ["100"]}
    ]


@pytest.mark.parametrize("name", ["lookup_scope_403", "missing_scope_401", "user_not_found"])
def test_the_look_ups_may_be_refused(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture, name: str) -> None:
    caplog.set_level(logging.INFO)
    for what in ("projects", "users"):
        server.get(f"{PLATFORM}/{what}", **error(name))
    server.get(COMPLETIONS, **page(NAMED))
    stream = streams()["openai_usage_completions"]
    for _ in range(2):
        (record,) = records(stream, window(*TWO_DAYS))
        assert record["resources"] == [{"id": "key_1", "workspace": {"id": "proj_1"}}]
        assert record["user"] == {"id": "user-a"}
    assert len([r for r in caplog.records if "records carry ids only" in r.getMessage()]) == 2
    assert len(server.request_history) == 4


@pytest.mark.parametrize("name", ["lookup_scope_403", "rate_limited_no_header"])
def test_refused_key_names_are_not_asked_project_by_project(
    server: requests_mock.Mocker, waits: list[float], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.INFO)
    server.get(f"{PLATFORM}/projects", json=listing(*PROJECTS))
    for project in ("proj_1", "proj_2"):
        server.get(f"{PLATFORM}/projects/{project}/api_keys", **error(name))
    server.get(COMPLETIONS, **page(NAMED, {**NAMED, "project_id": "proj_2"}))
    assert [record["resources"][0]["id"] for record in read()] == ["key_1", "key_1"]
    assert {request.path for request in server.request_history if "api_keys" in request.path} == {
        "/v1/organization/projects/proj_1/api_keys"
    }
    assert len([r for r in caplog.records if "no API key names" in r.getMessage()]) == 1
    assert sum(waits) < 60


@pytest.mark.parametrize("page_again", [listing(*PROJECTS, more=True), {**listing(), "has_more": True}])
def test_of_a_list_that_never_ends_the_names_that_came_are_used(
    server: requests_mock.Mocker, page_again: dict[str, Any]
) -> None:
    server.get(COMPLETIONS, **page(NAMED))
    server.get(f"{PLATFORM}/projects", [{"json": listing(*PROJECTS, more=True)}, {"json": page_again}])
    server.get(f"{PLATFORM}/projects/proj_1/api_keys", json=listing())
    (record,) = read()
    assert record["resources"][0]["workspace"] == {"id": "proj_1", "name": "One"}


def test_an_archived_project_loses_the_names_of_its_own_keys_only(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    projects = [{"id": id, "name": id} for id in ("proj_1", "proj_old", "proj_older", "proj_2")]
    server.get(f"{PLATFORM}/projects", json=listing(*projects))
    archived = {"error": {"message": "Project is archived.", "type": "invalid_request_error"}}
    for project in projects:
        keys = f"{PLATFORM}/projects/{project['id']}/api_keys"
        if project["id"].startswith("proj_old"):
            server.get(keys, status_code=400, json=archived)
        else:
            server.get(keys, json=listing({"id": f"key of {project['id']}", "name": "web"}))
    rows = [{**NAMED, "project_id": p["id"], "api_key_id": f"key of {p['id']}"} for p in projects]
    server.get(COMPLETIONS, **page(*rows))
    named = {record["resources"][0]["id"]: record["resources"][0].get("name") for record in read()}
    assert named == {
        "key of proj_1": "web",
        "key of proj_old": None,
        "key of proj_older": None,
        "key of proj_2": "web",
    }
    (line,) = [text for text in caplog.messages if "API key names" in text]
    assert (
        'some records carry ids only (OpenAI, look-up, /v1/organization/projects/proj_old/api_keys: 400 "Proj' in line
    )
