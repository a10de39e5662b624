"""Where the OpenAI streams get names from, and how they do without."""

import logging
import re
import threading
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.authentication import Credential
from source_unified_usage.vendors.openai import key_names
from source_unified_usage.vendors.openai.api import PlatformApi
from source_unified_usage.vendors.openai.lookups import Lookups
from source_unified_usage.vendors.openai.usage import CACHING, ApiUsage
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
    asked = [request.path for request in server.request_history]
    assert asked[0] == "/v1/organization/usage/completions"
    assert sorted(asked[1:5]) == [  # at the same time
        "/v1/organization/projects",
        "/v1/organization/projects",
        "/v1/organization/projects/proj_1/api_keys",
        "/v1/organization/users",
    ]
    assert asked[5:] == ["/v1/organization/costs", "/v1/organization/usage/completions"]
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
    said = (
        r"some records carry ids only \(OpenAI, look-up, /v1/organization/projects/proj_old(er)?/api_keys: 400 \"Proj"
    )
    assert re.search(said, line)


# --- keys, whose project the costs by user do not name

BY_USER = "openai_costs_by_user"
COST = {"amount": {"value": "0.5", "currency": "usd"}, "line_item": "gpt-6-astra, output"}


def named_keys(server: requests_mock.Mocker, **of_project: list[str]) -> None:
    """A list of projects, and of the keys of each."""
    server.get(f"{PLATFORM}/projects", json=listing(*({"id": project} for project in of_project)))
    for project, keys in of_project.items():
        rows = [{"id": key, "name": f"{key}'s name"} for key in keys]
        server.get(f"{PLATFORM}/projects/{project}/api_keys", json=listing(*rows))


def projects_asked(server: requests_mock.Mocker) -> list[str]:
    return [request.path.split("/")[-2] for request in server.request_history if "api_keys" in request.path]


def costs(server: requests_mock.Mocker, *rows: dict[str, Any]) -> None:
    server.get(COSTS, **page(*({**COST, **row} for row in rows)))


def names_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["resources"][0]["id"]: row["resources"][0].get("name") for row in found}


def test_projects_are_asked_until_every_key_has_a_name(server: requests_mock.Mocker) -> None:
    named_keys(server, proj_1=["key_1"], proj_2=["key_2"], proj_3=["key_3"])
    costs(server, {"api_key_id": "key_2"}, {"api_key_id": "key_1"})
    assert names_of(read(BY_USER)) == {"key_1": "key_1's name", "key_2": "key_2's name"}
    assert projects_asked(server) == ["proj_1", "proj_2"]


def test_a_project_that_other_rows_named_is_not_searched_for(server: requests_mock.Mocker) -> None:
    """The key that is gone belonged to the project that the bill names: no other can have it."""
    named_keys(server, proj_1=["key_1"], proj_2=["key_2"], proj_3=["key_3"])
    offered = streams()
    costs(server, *({"api_key_id": key, "project_id": "proj_2"} for key in ("key_2", "key_gone")))
    assert names_of(records(offered["openai_costs"], window(*TWO_DAYS)))["key_2"] == "key_2's name"
    costs(server, {"api_key_id": "key_2"}, {"api_key_id": "key_gone"})
    named = names_of(records(offered[BY_USER], window(*TWO_DAYS)))
    assert named == {"key_2": "key_2's name", "key_gone": None}
    assert projects_asked(server) == ["proj_2"]


def test_keys_of_users_who_are_not_read_are_not_asked_for(server: requests_mock.Mocker) -> None:
    named_keys(server, proj_1=["key_1"], proj_2=["key_2"])
    server.get(f"{PLATFORM}/users", json=listing())
    costs(server, {"api_key_id": "key_1", "user_id": "user-a"}, {"api_key_id": "key_2", "user_id": "user-b"})
    assert names_of(read(BY_USER, user_ids=["user-a"])) == {"key_1": "key_1's name"}
    assert projects_asked(server) == ["proj_1"]


@pytest.mark.parametrize("name", ["openai_usage_completions", "openai_costs", BY_USER])
def test_without_names_nothing_but_the_rows_is_asked_for(server: requests_mock.Mocker, name: str) -> None:
    server.get(COMPLETIONS, **page(NAMED))
    costs(server, {"api_key_id": "key_1", "user_id": "user-a"})
    (record,) = read(name, include_names=False)
    assert "name" not in record["resources"][0]
    assert record["resources"][0]["id"] == "key_1"
    assert len(server.request_history) == 1


def test_names_that_do_not_come_hold_up_no_row(server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in time for what is read after them."""
    held = threading.Event()

    def late(*_: Any) -> tuple[dict[str, Any], None]:
        assert held.wait(60)
        return {"key_1": {"name": "web"}}, None

    monkeypatch.setattr(key_names, "_PATIENCE", 0)
    monkeypatch.setattr(key_names, "names", late)
    server.get(COMPLETIONS, **page(NAMED))
    for what in ("projects", "users"):
        server.get(f"{PLATFORM}/{what}", json=listing(*PROJECTS))
    stream = streams()["openai_usage_completions"]
    (record,) = records(stream, window(*TWO_DAYS))
    assert record["resources"] == [{"id": "key_1", "workspace": {"id": "proj_1", "name": "One"}}]
    held.set()
    for thread in [thread for thread in threading.enumerate() if thread.name == "key names"]:
        thread.join(60)
    (record,) = records(stream, window(*TWO_DAYS))
    assert record["resources"][0]["name"] == "web"


def test_names_are_asked_for_while_the_next_page_is_read(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = threading.Event()

    def keys(*_: Any) -> tuple[dict[str, Any], None]:
        came.set()
        return {"key_1": {"name": "web"}}, None

    def second(*_: Any) -> Any:
        assert came.wait(60)
        return page()["json"]

    monkeypatch.setattr(key_names, "names", keys)
    lookups = Lookups(PlatformApi("https://api.openai.com", Credential("openai.admin_api_key", {})))
    for what in ("projects", "users"):
        server.get(f"{PLATFORM}/{what}", json=listing(*PROJECTS))
    lookups.names([{"project_id": "proj_1"}])  # the projects are known: the mocked server takes one request at a time
    server.get(COMPLETIONS, [page(NAMED, next="a"), {"json": second}])
    stream = ApiUsage(CACHING[0], PlatformApi("https://api.openai.com", Credential("k", {})), lookups)
    rows = stream.results(window(*TWO_DAYS))
    assert lookups.names(rows).keys == {"key_1": {"name": "web"}}


def test_four_projects_are_asked_at_once_when_the_first_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [f"proj_{number}" for number in range(9)]
    together, asked = threading.Barrier(4), list[str]()

    def keys(_: Any, project: str) -> list[dict[str, Any]]:
        asked.append(project)
        if project != "proj_0":
            together.wait(60)
        return [{f"key of {project}": {"name": project}}]

    monkeypatch.setattr(key_names, "_keys", keys)
    api = PlatformApi("https://api.openai.com", Credential("openai.admin_api_key", {}))
    names = key_names.KeyNames(api, lambda: projects)
    names.expect((f"key of {project}", project) for project in projects)
    found = names.of(f"key of {project}" for project in projects)
    assert found == {f"key of {project}": {"name": project} for project in projects}
    assert asked[0] == "proj_0"
    assert sorted(asked) == projects
