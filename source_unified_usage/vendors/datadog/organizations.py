"""Which organizations a config asks for, and whose a row is."""

from collections.abc import Mapping
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


def organization(row: Row) -> dict[str, Any]:
    """The record's organization; empty without an id."""
    return compact(id=row["public_id"], name=row.get("org_name")) if row.get("public_id") else {}
