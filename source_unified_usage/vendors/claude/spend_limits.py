"""Spend limits as they stand: what is set for organizations, groups and people, and how far each person has come."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import mapping
from source_unified_usage.core.lookup import named
from source_unified_usage.core.times import midnight, rfc3339
from source_unified_usage.core.usage import Row, Usage, charges, compact, nested, nth, text, usage, with_ordinals_once
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.claude.api import SPEND_LIMITS, organization_id
from source_unified_usage.vendors.claude.lookups import Named
from source_unified_usage.vendors.claude.mapping import CLAUDE, currency, dollars, moment, order
from source_unified_usage.vendors.claude.organizations import OrganizationsStream, Reader

_HEADERS = {"anthropic-beta": "spend-limit-reads-2026-09-26"}
_LIMIT = 100  # rows in an answer; 20 come by default, and the most is not documented (anthropic SDK: spend_limits)
# The member of a scope, or of an actor, that says which (anthropic SDK: types/beta/organization/beta_spend_limit)
_SCOPES = {"seat_tier": "seat_tier", "rbac_group": "rbac_group_id", "organization_service": "service"}
_ACTORS = {"user_actor": "user_id", "scoped_api_key_actor": "scoped_api_key_id"}


class Read(NamedTuple):
    """What all rows of one organization share."""

    at: str
    organization: Mapping[str, str]
    workspaces: Mapping[str, Named]


class Limit(NamedTuple):
    """A limit that is set."""

    row: Row
    id: str
    read: Read


class Member(NamedTuple):
    """A person or key, and what it has spent in the running period of a limit."""

    row: Row
    id: str
    read: Read


class SpendLimits(OrganizationsStream):
    """No bill: limits are no money that was spent, and the periods of one person overlap."""

    name = "claude_spend_limits"
    about = (
        "One spend limit, or one person's limit and spend so far in its running period: never added up. Each sync "
        "overwrites it."
    )
    role = "estimate"
    grain = "snapshot"

    def path(self) -> str:
        return SPEND_LIMITS

    def first(self, reader: Reader, window: Window) -> list[Answer]:
        return reader.api.read(SPEND_LIMITS, {"limit": _LIMIT}, _HEADERS)

    def items(self, reader: Reader, window: Window, first: Sequence[Answer]) -> Iterator[Limit | Member]:
        workspaces = reader.lookups.workspaces() if reader.lookups else {}
        read = Read(rfc3339(window.start), compact(id=organization_id(first[0])), workspaces)
        found: list[Limit | Member] = []
        for row in (row for answer in first for row in answer.rows("data")):
            with mapping(row):
                found.append(Limit(row, self.id(_required(row, "id")), read))
        if reader.kind == "enterprise":  # a Console organization is refused (anthropic SDK: effective)
            for answer in reader.api.read(f"{SPEND_LIMITS}/effective", {"limit": _LIMIT}):
                for row in answer.rows("data"):
                    with mapping(row):
                        found.append(Member(row, self.id(_actor_id(row), _required(row, "period")), read))
        for item, ordinal in with_ordinals_once(found, lambda item: item.id, lambda item: order(item.row)):
            yield item._replace(id=nth(item.id, ordinal)) if ordinal else item

    def usages(self, item: Limit | Member) -> Iterator[Usage]:
        row, read = item.row, item.read
        facts = _limit(row, read) if isinstance(item, Limit) else _member(row, read)
        yield usage(
            id=item.id,
            product=CLAUDE,
            organization=read.organization,
            charges=charges(
                currency(row),
                committed=dollars(self.name, row, "amount"),
                usage_based=dollars(self.name, row, "period_to_date_spend"),
            ),
            start_date=midnight(read.at),
            end_date=read.at,
            remote_data=row,
            **facts,
        )


def _limit(row: Row, read: Read) -> dict[str, Any]:
    scope = nested(row, "scope")
    place = named(text(scope.get("workspace_id")), read.workspaces)
    within = text(scope.get(_SCOPES.get(text(scope.get("type")) or "", "")))
    return {
        "metric_name": "spend_limit",
        "resources": [compact(id=text(row["id"]), workspace=place), *([{"id": within}] if within else [])],
        "user": compact(id=text(scope.get("user_id"))),
        "created_at": _time(row, "created_at"),
        "updated_at": _time(row, "updated_at"),
    }


def _member(row: Row, read: Read) -> dict[str, Any]:
    actor = nested(row, "actor")
    ids = (text(actor.get("scoped_api_key_id")), text(row.get("spend_limit_id")))
    return {
        "metric_name": "period_to_date_spend",
        "resources": [{"id": id} for id in ids if id],
        "user": compact(
            id=text(actor.get("user_id")), email=text(actor.get("email_address")), name=text(actor.get("name"))
        ),
        "updated_at": read.at,
    }


def _actor_id(row: Row) -> str | None:
    """None for an actor of a type that is not known here."""
    actor = nested(row, "actor")
    member = _ACTORS.get(text(actor.get("type")) or "")
    return _required(actor, member) if member else None


def _required(row: Row, name: str) -> str:
    found = text(row.get(name))
    if not found:
        raise ValueError(f"no {name}")
    return found


def _time(row: Row, name: str) -> str | None:
    return moment(row[name]) if row.get(name) else None
