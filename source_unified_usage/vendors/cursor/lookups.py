"""The members of a team or an organization, for the names and ids of users."""

from collections.abc import Iterable, Iterator

from source_unified_usage.core.lookup import Lookup, mailbox, texts_of
from source_unified_usage.core.usage import Row
from source_unified_usage.vendors.cursor.api import CursorApi
from source_unified_usage.vendors.cursor.mapping import Scope


def members(api: CursorApi, scope: Scope) -> Lookup[Row]:
    """Those who are listed now, by lower-cased e-mail."""
    return Lookup(api, "member names", lambda api: _pages(api, scope))


def _pages(api: CursorApi, scope: Scope) -> Iterator[dict[str, Row]]:
    if not scope.organization:
        yield _by_email(api.get("/teams/members").rows("teamMembers"))
        return
    query = {"organizationId": scope.organization}
    # pages of 200 at most (Organization Admin API)
    for page in api.pages("GET", "/organizations/members", "members", query, 200):
        yield _by_email(page.rows("members"))


def _by_email(rows: Iterable[Row]) -> dict[str, Row]:
    """Ids are numbers or texts; whatever else a member's fields hold would break the records that it names."""
    found: dict[str, Row] = {}
    for row in rows:
        if texts := texts_of(row, "email", "name"):
            ids = {name: row[name] for name in ("id", "userId") if type(row.get(name)) in (int, str)}
            found[mailbox(texts.get("email", ""))] = {**texts, **ids}
    found.pop("", None)
    return found
