"""Which organizations a config asks for, and whose a row is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.datadog.api import flag


@dataclass(frozen=True)
class Organizations:
    """`view`: "sub-org" has an entry for each organization, "summary" one for all. `connected`: the accounts of a
    partner's customers too. `descendants`: hourly usage and attribution of the child organizations too.
    """

    view: str
    connected: bool
    descendants: bool

    def own_account(self, rows: Iterable[Row]) -> str | None:
        """The account that cost or quantities are of; None where customers' accounts may be among them."""
        return None if self.connected else _only(rows, "account_public_id")

    def own_organization(self, rows: Iterable[Row]) -> str | None:
        """The organization that hours or shares are of; None where others may be among them."""
        return None if self.connected or self.descendants else _only(rows, "public_id")

    @property
    def cost_scope(self) -> Mapping[str, Any]:
        """The options that narrow a stream of cost, for its state."""
        return {"datadog.view": self.view, "datadog.include_connected_accounts": self.connected}

    @property
    def cost_query(self) -> Mapping[str, str]:
        """What every request for cost asks for."""
        return {"view": self.view, "include_connected_accounts": flag(self.connected)}


def key_of(row: Row) -> str:
    """What tells organizations apart: the public id, or the name where an entry has no id. Raises ValueError."""
    key = row.get("public_id") or row.get("org_name")
    if not key:
        raise ValueError("neither public_id nor org_name")
    return str(key)


def account_of(row: Row) -> str | None:
    """The account that an organization belongs to; None where the row does not name it."""
    account: str | None = row.get("account_public_id") or row.get("account_name")
    return account


def organization(row: Row) -> dict[str, Any]:
    """The record's organization; empty without an id."""
    return compact(id=row["public_id"], name=row.get("org_name")) if row.get("public_id") else {}


def _only(rows: Iterable[Row], field: str) -> str | None:
    """The one value that the rows have in this field; None when they have several or none."""
    found = {str(row[field]) for row in rows if row.get(field)}
    return found.pop() if len(found) == 1 else None
