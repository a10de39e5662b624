"""Names for the ids of the Claude Console: its organization, users, workspaces and API keys."""

from collections.abc import Mapping

from source_unified_usage.core.lookup import Lookup, by_id
from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.claude.api import ORGANIZATION, AdminApi, ClaudeApi


def users(api: ClaudeApi) -> Mapping[str, Row]:
    """The organization's users by id; both kinds of key may list them."""
    return by_id(api.listing(f"{ORGANIZATION}/users"))


class Inventory:
    """Each list is read when the first answer needs it, once per sync."""

    def __init__(self, api: AdminApi) -> None:
        self.users = Lookup(api, "user names", users)
        self.workspaces = Lookup(api, "workspace names", _workspaces)
        self.api_keys = Lookup(api, "API key names", _api_keys)
        self._me = Lookup(api, "organization name", _me)

    def organization(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The key's organization as a record carries it; the header knows its id where `/me` is refused."""
        me = self._me()
        return compact(id=me.get("id") or headers.get("anthropic-organization-id"), name=me.get("name"))


def _workspaces(api: AdminApi) -> Mapping[str, Row]:
    return by_id(api.listing(f"{ORGANIZATION}/workspaces", {"include_archived": "true"}))


def _api_keys(api: AdminApi) -> Mapping[str, Row]:
    return by_id(api.listing(f"{ORGANIZATION}/api_keys"))


def _me(api: AdminApi) -> Mapping[str, str]:
    me: Mapping[str, str] = api.get(f"{ORGANIZATION}/me").body
    return me
