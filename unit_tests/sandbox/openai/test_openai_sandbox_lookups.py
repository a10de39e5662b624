"""The look-ups of the simulated OpenAI."""

from datetime import timedelta
from typing import Any

from sandbox import Sandbox
from sandbox.vendors.openai import OpenAISandbox
from unit_tests.sandbox.openai.asking import NOW, TODAY, Get, days_ago, usage_rows
from unit_tests.sandbox.serving import fixtures

# more people than a page of users
served, sandbox = fixtures(OpenAISandbox, NOW, people=24)


def test_look_ups_page_with_after(sandbox: Sandbox, get: Get) -> None:
    page = get("organization/users").json()
    assert (len(page["data"]), page["has_more"]) == (20, True)
    assert page["last_id"] == page["data"][-1]["id"]
    everyone = listed(get, "users", limit=100)
    sandbox.openai.page_cap = 3
    assert listed(get, "users", limit=100) == everyone
    for limit in (0, 101):
        assert get("organization/users", limit=limit).status_code == 400


def test_removed_user_is_not_listed_but_used(sandbox: Sandbox, get: Get) -> None:
    member = sandbox.world.people[-1]
    assert member.left
    user = sandbox.openai.directory.user_id(member)
    assert user not in {one["id"] for one in listed(get, "users", limit=100)}
    found = usage_rows(get, "completions", member.left - timedelta(days=14), member.left)
    assert user in {row["user_id"] for row in found}
    service = [u for u in listed(get, "users") if u["is_service_account"]]
    assert [(u["name"], u["email"]) for u in service] == [(None, None)]


def test_archived_projects_on_request_only(sandbox: Sandbox, get: Get) -> None:
    active = listed(get, "projects")
    everything = listed(get, "projects", include_archived="true")
    (archived,) = [project for project in everything if project not in active]
    assert archived["status"] == "archived"
    path = f"organization/projects/{archived['id']}"
    assert get(f"{path}/api_keys").status_code == 200
    sandbox.openai.archived_keys = False
    refused = get(f"{path}/api_keys")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "This project is archived.")


def test_keys_of_owners_without_access_on_request_only(get: Get) -> None:
    def keys(**query: Any) -> list[Any]:
        return [
            key
            for project in listed(get, "projects", include_archived="true")
            for key in listed(get, f"projects/{project['id']}/api_keys", **query)
        ]

    default, everything = keys(), keys(owner_project_access="any")
    assert len(everything) == len(default) + 1
    used = {row["api_key_id"] for row in usage_rows(get, "completions", days_ago(9), TODAY)}
    assert used - {None} <= {key["id"] for key in everything}
    assert {key["owner"]["type"] for key in everything} == {"user", "service_account"}


def listed(get: Get, path: str, **query: Any) -> list[Any]:
    data: list[Any] = []
    while True:
        page = get(f"organization/{path}", **query).json()
        data += page["data"]
        if not page["has_more"]:
            return data
        query["after"] = page["last_id"]
