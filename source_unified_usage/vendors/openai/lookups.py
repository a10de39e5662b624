"""Names for the ids in platform rows: projects, users, API keys. Removed users and deleted keys have none."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from source_unified_usage.core.lookup import Lookup, names, say_missing, texts
from source_unified_usage.core.paths import path
from source_unified_usage.core.usage import Row, compact, text
from source_unified_usage.vendors.openai.api import PlatformApi

# An archived project refuses to list its service accounts (OpenAI API reference: Project service accounts), so its keys
# too; the next project may list them
_OF_ONE_PROJECT = (400, 404)

Named = Mapping[str, str]


class Names(NamedTuple):
    """Projects and API keys by id with their `name`, users with `name` and `email`."""

    projects: Mapping[str, Named] = {}
    users: Mapping[str, Named] = {}
    keys: Mapping[str, Named] = {}

    def resources(self, row: Row) -> list[dict[str, Any]]:
        """The key in its project, or the project alone; then the vector store, where the row has one."""
        project, key, store = (text(row.get(name)) for name in ("project_id", "api_key_id", "vector_store_id"))
        workspace = compact(id=project, name=_name(self.projects, project))
        found = [compact(id=key, name=_name(self.keys, key), workspace=workspace)]
        if store:
            found.append(compact(id=store, workspace=workspace))
        return [resource for resource in found if resource]

    def user(self, row: Row) -> dict[str, Any]:
        id = text(row.get("user_id"))
        user = self.users.get(id, {}) if id else {}
        return compact(id=id, email=user.get("email"), name=user.get("name")) if id else {}


class Lookups:
    """The organization's names, each list read once per sync and only when a row needs it."""

    def __init__(self, api: PlatformApi) -> None:
        self._api = api
        self._projects = Lookup(api, "project names", _projects)
        self._users = Lookup(api, "user names", _users)
        self._keys: dict[str, Mapping[str, Named]] = {}
        self._keys_refused = self._missing_said = False
        self._lock = threading.Lock()

    def names(self, rows: Iterable[Row], *, by_project: bool = True) -> Names:
        """The names for these rows; API keys are listed by project.

        `by_project`: the rows name their projects, so that only the keys of those are asked for; else those of all are.
        """
        rows = list(rows)
        keyed = [row for row in rows if row.get("api_key_id")]
        projects = self._projects() if any(row.get("project_id") for row in rows) or (keyed and not by_project) else {}
        users = self._users() if any(row.get("user_id") for row in rows) else {}
        used = (
            {row["project_id"] for row in keyed if row.get("project_id") in projects} if by_project else set(projects)
        )
        keys = {id: key for project in sorted(used) for id, key in self._keys_of(project).items()}
        return Names(projects, users, keys)

    def _keys_of(self, project: str) -> Mapping[str, Named]:
        with self._lock:
            if project not in self._keys:
                self._keys[project] = {} if self._keys_refused else self._listed_keys(project)
            return self._keys[project]

    def _listed_keys(self, project: str) -> Mapping[str, Named]:
        found, failure = names(self._api, lambda api: _keys(api, project))
        if failure:
            self._keys_refused = failure.status not in _OF_ONE_PROJECT
            if not self._missing_said:
                say_missing(self._api, "API key names", failure, some=bool(found or not self._keys_refused))
            self._missing_said = True
        return found


def _projects(api: PlatformApi) -> Iterator[Mapping[str, Named]]:
    # archived projects are left out unless asked for (OpenAI API reference: List projects)
    return (texts(rows, "name") for rows in api.listing("/v1/organization/projects", {"include_archived": "true"}))


def _users(api: PlatformApi) -> Iterator[Mapping[str, Named]]:
    return (texts(rows, "email", "name") for rows in api.listing("/v1/organization/users", {}))


def _keys(api: PlatformApi, project: str) -> Iterator[Mapping[str, Named]]:
    # without "any", keys whose owner lost access are hidden (OpenAI API reference: List project API keys)
    query = {"owner_project_access": "any"}
    keys = path("v1", "organization", "projects", project, "api_keys")
    return (texts(rows, "name") for rows in api.listing(keys, query))


def _name(rows: Mapping[str, Named], id: str | None) -> str | None:
    return rows.get(id, {}).get("name") if id else None
