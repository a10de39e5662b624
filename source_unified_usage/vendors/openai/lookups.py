"""Names for the ids in platform rows: projects, users, API keys. Removed users and deleted keys have none."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from source_unified_usage.core.lookup import Lookup, named, texts
from source_unified_usage.core.usage import Row, compact, text
from source_unified_usage.vendors.openai.api import PlatformApi
from source_unified_usage.vendors.openai.key_names import KeyNames, Named


class Names(NamedTuple):
    """Projects and API keys by id with their `name`, users with `name` and `email`."""

    projects: Mapping[str, Named] = {}
    users: Mapping[str, Named] = {}
    keys: Mapping[str, Named] = {}

    def resources(self, row: Row) -> list[dict[str, Any]]:
        """The key in its project, or the project alone; then the vector store, where the row has one."""
        project, key, store = (text(row.get(name)) for name in ("project_id", "api_key_id", "vector_store_id"))
        workspace = named(project, self.projects)
        found = [named(key, self.keys, workspace=workspace)]
        if store:
            found.append(compact(id=store, workspace=workspace))
        return [resource for resource in found if resource]

    def user(self, row: Row) -> dict[str, Any]:
        id = text(row.get("user_id"))
        user = self.users.get(id, {}) if id else {}
        return compact(id=id, email=user.get("email"), name=user.get("name")) if id else {}


class Lookups:
    """The organization's names, each list read once per sync and only when a row needs it.

    `wanted`: whether names are asked for at all.
    """

    def __init__(self, api: PlatformApi, *, wanted: bool = True) -> None:
        self._wanted = wanted
        self._projects = Lookup(api, "project names", _projects)
        self._users = Lookup(api, "user names", _users)
        self._keys = KeyNames(api, self._projects)

    def expect(self, rows: Iterable[Row]) -> None:
        """The rows will need names: those of their API keys, which take longest, are asked for meanwhile."""
        if self._wanted:
            self._keys.expect(filter(None, map(_key_of, rows)))

    def names(self, rows: Iterable[Row]) -> Names:
        """The names for these rows, which were all expected."""
        rows = list(rows)
        if not self._wanted:
            return Names()
        projects = self._projects() if any(row.get("project_id") for row in rows) else {}
        users = self._users() if any(row.get("user_id") for row in rows) else {}
        return Names(projects, users, self._keys.of(key for key, _ in filter(None, map(_key_of, rows))))


def _key_of(row: Row) -> tuple[str, str | None] | None:
    """The API key of a row and its project; None without a key, or where the mapping will refuse the row."""
    try:
        key, project = text(row.get("api_key_id")), text(row.get("project_id"))
    except ValueError:
        return None
    return (key, project) if key else None


def _projects(api: PlatformApi) -> Iterator[Mapping[str, Named]]:
    # archived projects are left out unless asked for (OpenAI API reference: List projects)
    return (texts(rows, "name") for rows in api.listing("/v1/organization/projects", {"include_archived": "true"}))


def _users(api: PlatformApi) -> Iterator[Mapping[str, Named]]:
    return (texts(rows, "email", "name") for rows in api.listing("/v1/organization/users", {}))
