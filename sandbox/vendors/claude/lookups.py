"""The lists that give names to ids: the organization, its users, workspaces and API keys."""

from typing import Any

from sandbox.kit import Json, list_after
from sandbox.vendors.claude import organizations
from sandbox.vendors.claude.credentials import Key
from sandbox.vendors.claude.organizations import account_id, console_people, members
from sandbox.vendors.claude.query import Query
from sandbox.vendors.claude.refusals import invalid
from sandbox.world import World


class Lookups:
    """Lists paged by `after_id`; `offset` is ignored, the last page has a `last_id` too."""

    def __init__(self, world: World) -> None:
        self._world = world

    def me(self, _query: Query, _key: Key) -> Json:
        return {"id": organizations.CONSOLE_ID, "type": "organization", "name": organizations.CONSOLE_NAME}

    def users(self, query: Query, key: Key) -> Json:
        if key.organization == "console":
            # one of them never gave a name
            people = enumerate(console_people(self._world))
            rows = [_user(account_id(p), p.email, p.name if n != 2 else "", "developer") for n, p in people]
        else:
            seated = (member for member in members(self._world) if member.active_on(query.now.date()))
            rows = [_user(member.user_id, member.email, member.name, "user") for member in seated]
        return _listed(query, rows)

    def workspaces(self, query: Query, _: Key) -> Json:
        archived = query.flag("include_archived")
        rows: list[Json] = [
            {
                "id": id,
                "type": "workspace",
                "name": name,
                "display_color": "#6C5BB9",
                "created_at": "2026-01-10T00:00:00Z",
                "archived_at": archived_at,
                "tags": {},
                "external_key_id": None,
            }
            for id, name, archived_at in organizations.WORKSPACES
            if archived or not archived_at
        ]
        return _listed(query, rows)

    def api_keys(self, query: Query, _: Key) -> Json:
        """The creator of one of them is unknown."""
        owner = next(({"id": account_id(p), "type": "user"} for p in console_people(self._world)), None)
        rows: list[Json] = [
            {
                "id": id,
                "type": "api_key",
                "name": name,
                "partial_key_hint": "sk-ant-api03-Sb...AAAA",
                "status": status,
                "workspace_id": workspace,
                "created_at": "2026-01-11T00:00:00Z",
                "expires_at": None,
                "created_by": None if status == "archived" else owner,
                "principal": None,
            }
            for id, name, workspace, status in organizations.API_KEYS
        ]
        return _listed(query, rows)


def _user(id: str, email: str | None, name: str | None, role: str) -> dict[str, Any]:
    added_at = "2026-02-01T09:00:00.123456Z"
    return {"id": id, "type": "user", "email": email, "name": name, "role": role, "added_at": added_at}


def _listed(query: Query, rows: list[Json]) -> Json:
    page = list_after(rows, query.text("after_id"), query.whole("limit", 20, 1000))
    if page is None:
        raise invalid("after_id: no such object")
    return page
