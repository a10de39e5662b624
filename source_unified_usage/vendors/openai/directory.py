"""Names for the ids in platform rows: projects, users, API keys. Removed users and deleted keys have none."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from source_unified_usage.core.errors import SourceError
from source_unified_usage.core.lookup import Lookup, by_id
from source_unified_usage.core.paths import path
from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.openai.api import PlatformApi

_TOLERATED = (401, 403, 404)


class Names(NamedTuple):
    """What the look-ups told: projects and keys by id, users with `name` and `email`."""

    projects: Mapping[str, Row] = {}
    users: Mapping[str, Row] = {}
    keys: Mapping[str, Row] = {}

    def resources(self, row: Row) -> list[dict[str, Any]]:
        """The key in its project, or the project alone; then the vector store, where the row has one."""
        project, key, store = row.get("project_id"), row.get("api_key_id"), row.get("vector_store_id")
        workspace = compact(id=project, name=_name(self.projects, project))
        found = [compact(id=key, name=_name(self.keys, key), workspace=workspace)]
        if store:
            found.append(compact(id=store, workspace=workspace))
        return [resource for resource in found if resource]

    def user(self, row: Row) -> dict[str, Any]:
        id = row.get("user_id")
        user = self.users.get(id, {}) if id else {}
        return compact(id=id, email=user.get("email"), name=user.get("name")) if id else {}


class Directory:
    """The organization's names, each list read once per sync and only when a row needs it."""

    def __init__(self, api: PlatformApi) -> None:
        self._api = api
        self._projects = Lookup(api, "project names", _projects, _TOLERATED)
        self._users = Lookup(api, "user names", _users, _TOLERATED)
        self._keys: dict[str, Lookup] = {}
        self._keys_refused = False
        self._lock = threading.Lock()

    def names(self, rows: Iterable[Row]) -> Names:
        """The names for these rows; API keys are listed by project, so only those of projects in `rows` are asked."""
        rows = list(rows)
        projects = self._projects() if any(row.get("project_id") for row in rows) else {}
        users = self._users() if any(row.get("user_id") for row in rows) else {}
        used = {row["project_id"] for row in rows if row.get("api_key_id") and row.get("project_id") in projects}
        keys = {id: key for project in sorted(used) for id, key in self._keys_of(project)().items()}
        return Names(projects, users, keys)

    def _keys_of(self, project: str) -> Lookup:
        def read(api: PlatformApi) -> Mapping[str, Row]:
            if self._keys_refused:
                return {}
            # without "any" the keys of owners who lost access are hidden
            query = {"owner_project_access": "any"}
            try:
                return by_id(api.listing(path("v1", "organization", "projects", project, "api_keys"), query))
            except SourceError as error:
                self._keys_refused |= error.status in (401, 403, 429)
                raise

        with self._lock:
            if project not in self._keys:
                self._keys[project] = Lookup(self._api, "API key names", read, _TOLERATED)
            return self._keys[project]


def _projects(api: PlatformApi) -> Mapping[str, Row]:
    return by_id(api.listing("/v1/organization/projects", {"include_archived": "true"}))


def _users(api: PlatformApi) -> Mapping[str, Row]:
    return by_id(api.listing("/v1/organization/users", {}))


def _name(rows: Mapping[str, Row], id: str | None) -> Any:
    return rows.get(id, {}).get("name") if id else None
