"""Names for ids: users of both kinds of organization; workspaces, API keys and the Console organization itself."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.lookup import Lookup, texts, texts_of
from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.claude.api import ORGANIZATION, AdminApi, ClaudeApi, organization_id

Named = Mapping[str, str]


class Names(NamedTuple):
    """Whose the rows of one answer are, the names of what they belong to, and when they were refreshed."""

    organization: Mapping[str, str]
    workspaces: Mapping[str, Named] = {}
    people: Mapping[str, Named] = {}
    keys: Mapping[str, Named] = {}
    refreshed: str | None = None


class Line(NamedTuple):
    """A row, its id, and the names for it."""

    row: Row
    id: str
    names: Names


def users(api: ClaudeApi) -> Iterator[Mapping[str, Named]]:
    """The organization's users by id; both kinds of key may list them (reference: users)."""
    return (texts(rows, "id", "email", "name") for rows in api.listing(f"{ORGANIZATION}/users"))


class Lookups:
    """The lists of the Claude Console. Each is read when the first answer needs it, once per sync."""

    def __init__(self, api: AdminApi) -> None:
        self.users = Lookup(api, "user names", users)
        self.workspaces = Lookup(api, "workspace names", _workspaces)
        self.api_keys = Lookup(api, "API key names", _api_keys)
        self.me = Lookup(api, "organization name", _me)

    def organization(self, answer: Answer) -> dict[str, str]:
        """The key's organization as a record carries it. The header goes first: `/me` may be refused tomorrow."""
        me = self.me()
        return compact(id=organization_id(answer) or me.get("id"), name=me.get("name"))


def _workspaces(api: AdminApi) -> Iterator[Mapping[str, Named]]:
    return (texts(rows, "name") for rows in api.listing(f"{ORGANIZATION}/workspaces", {"include_archived": "true"}))


def _api_keys(api: AdminApi) -> Iterator[Mapping[str, Named]]:
    return (texts(rows, "name") for rows in api.listing(f"{ORGANIZATION}/api_keys"))


def _me(api: AdminApi) -> Iterator[Named]:
    yield texts_of(api.get(f"{ORGANIZATION}/me").body, "id", "name")
