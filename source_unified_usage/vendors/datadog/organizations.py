"""Which organizations a config asks for, and whose a row is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from source_unified_usage.core.usage import Row, compact
from source_unified_usage.vendors.datadog.api import flag


@dataclass(frozen=True)
class Scope:
    """`view`: "sub-org" has an entry per organization, "summary" one for all; `connected`: a partner's customers too;
    `descendants`: hourly usage and attribution of the child organizations too."""

    view: str = "sub-org"
    connected: bool = False
    descendants: bool = False

    def account(self, rows: Iterable[Row]) -> str | None:
        """Whose cost or quantities these are: the account's, unless customers' accounts are among them."""
        return None if self.connected else only(rows, "account_public_id")

    def own(self, rows: Iterable[Row]) -> str | None:
        """Whose hours or shares these are: the organization's of the keys, unless others are among them."""
        return None if self.connected or self.descendants else only(rows, "public_id")

    @property
    def cost_options(self) -> Mapping[str, Any]:
        """What narrows a stream of cost, for its state."""
        return {"datadog.view": self.view, "datadog.include_connected_accounts": self.connected}

    @property
    def of_cost(self) -> Mapping[str, str]:
        """The query of the cost endpoints."""
        return {"view": self.view, "include_connected_accounts": flag(self.connected)}


def key_of(row: Row) -> str:
    """What tells organizations apart: the public id, or the name where an entry has no id. Raises ValueError."""
    key = row.get("public_id") or row.get("org_name")
    if not key:
        raise ValueError("neither public_id nor org_name")
    return str(key)


def account_of(row: Row) -> str | None:
    """The account that an organization belongs to; None where a row does not tell."""
    account: str | None = row.get("account_public_id") or row.get("account_name")
    return account


def only(rows: Iterable[Row], field: str) -> str | None:
    """What the rows that tell it all tell alike; None when they name several or none."""
    told = {str(row[field]) for row in rows if row.get(field)}
    return told.pop() if len(told) == 1 else None


def organization(row: Row) -> dict[str, Any]:
    """The record's organization; empty without an id."""
    return compact(id=row["public_id"], name=row.get("org_name")) if row.get("public_id") else {}
