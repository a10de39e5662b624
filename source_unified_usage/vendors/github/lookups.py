"""What an account has beside its figures: cost centers and seats. Each list is read once per sync."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.usage import Row, nested, text
from source_unified_usage.vendors.github.api import GitHubApi

_DELETED = "deleted"


class Center(NamedTuple):
    """A cost center of an enterprise."""

    id: str
    name: str | None = None
    deleted: bool = False


class Lookups:
    """Lists that rows depend on: the bill is asked for by cost center, the credits of people by login."""

    def __init__(self, api: GitHubApi) -> None:
        self.cost_centers = Lookup(api, "cost centers", _cost_centers)
        self.logins = Lookup(api, "seats", _logins)


def _cost_centers(api: GitHubApi) -> Iterator[Mapping[str, Center]]:
    """Of both states: usage stays with a center that was deleted later. An organization has none.

    "Cost centers" names no pages; if there are any, a center that is not asked for is money that is lost.
    """
    for state in ("active", _DELETED) if api.of.enterprise else ():
        for rows in api.pages(api.of.billing("cost-centers"), "costCenters", {"state": state}, whole=True):
            yield {center.id: center for center in map(_center, rows)}


def _center(row: Row) -> Center:
    """Raises ValueError for one without an id: its usage could not be asked for."""
    id = text(row.get("id"))
    if id is None:
        raise ValueError("a cost center without an id")
    return Center(id, text(row.get("name")), row.get("state") == _DELETED)


def _logins(api: GitHubApi) -> Iterator[Mapping[str, str]]:
    """Of everybody with a seat, by the login in lower case: one person may have several seats."""
    for rows in seats(api):
        found = (text(nested(seat, "assignee").get("login")) for seat in rows)
        yield {login.lower(): login for login in found if login}


def seats(api: GitHubApi) -> Iterator[list[Row]]:
    return api.pages(api.of.copilot("billing", "seats"), "seats", {})
