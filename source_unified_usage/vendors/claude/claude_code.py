"""Claude Code as the Admin API reports it: a row per person or key, terminal and kind of customer, and per model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import UTC, DateTime

from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.lookup import mailbox
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import midnight, next_midnight
from source_unified_usage.core.usage import (
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    listed,
    nth,
    quantity,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import ORGANIZATION, AdminApi
from source_unified_usage.vendors.claude.inventory import Inventory
from source_unified_usage.vendors.claude.terms import dollars, model_of, product_of, tool_actions, total

_FIGURES = ("core_metrics", "tool_actions", "model_breakdown")


class Part(NamedTuple):
    """What one record is made of: a row, or one of its models; the number among those that agree in their key."""

    row: Row
    used: Row | None = None
    ordinal: int = 0


class ClaudeCodeUsage(UsageStream[AdminApi]):
    """Names of API keys are not unique, so rows can agree in all that tells them apart.

    The fan-out: the core row with sessions and code, and a row for each model with tokens and the estimate.
    """

    name = "claude_code_usage"
    about = (
        "What one person or API key did in Claude Code on one day in one terminal: one row for sessions and code, and "
        "one for each model with its tokens. The charge is the vendor's estimate and no part of the bill."
    )
    step = days(1)
    lookback = days(3)
    open_day = False

    def __init__(self, api: AdminApi, inventory: Inventory) -> None:
        super().__init__(api)
        self.inventory = inventory
        self.people: Mapping[str, Row] = {}
        self.organization: Mapping[str, str] = {}
        self.me: Mapping[str, str] = {}

    def path(self) -> str:
        return f"{ORGANIZATION}/usage_report/claude_code"

    def earliest_available(self, today: DateTime) -> DateTime:
        return DateTime(2025, 1, 1, tzinfo=UTC)

    def rows(self, window: Window) -> Iterator[Part]:
        answers = self.api.read(self.path(), {"starting_at": window.first_day, "limit": 1000})
        self.organization, self.me = self.inventory.organization(answers[0]), self.inventory.me()
        self.people = {mailbox(user["email"]): user for user in self.inventory.users().values() if user.get("email")}
        yield from self.parts(row for answer in answers for row in answer.rows("data"))

    def parts(self, rows: Iterable[Row]) -> Iterator[Part]:
        """Core and models are numbered apart, so that the ids of twins stay when the twins change places."""
        parts = [Part(row, used) for row in rows for used in (None, *_models(row))]
        for part, ordinal in with_ordinals(parts, self._key, _order):
            yield part._replace(ordinal=ordinal)

    def usages(self, part: Part, window: Window) -> Iterator[Usage]:
        row, used = part.row, part.used
        day = row["date"][:10]
        actor, organization = row["actor"], row.get("organization_id")
        person, key_name = actor.get("email_address"), actor.get("api_key_name")
        if not person and not key_name:
            raise ValueError("no actor.email_address and no actor.api_key_name")
        known = self.people.get(mailbox(person or ""), {})
        name = self.me.get("name") if self.me.get("id") == organization else None
        common: dict[str, Any] = {
            "product": product_of("claude_code"),
            "resources": [{"id": key_name, "name": key_name}] if key_name else [],
            "organization": compact(id=organization, name=name) if organization else self.organization,
            "user": compact(id=known.get("id"), email=person, name=known.get("name")),
            "start_date": midnight(day),
            "end_date": next_midnight(day),
            "surface": "claude_code",
        }
        common["id"] = nth(self._key(part), part.ordinal)
        if used is None:
            yield usage(usage=_core(row), remote_data=row, **common)
            return
        estimate = {"date": day, "actor": actor, "model": used["model"], **(used.get("estimated_cost") or {})}
        yield usage(
            model=model_of(used["model"]),
            charges=charges(
                (estimate.get("currency") or "USD").upper(), usage_based=dollars(self.name, estimate, "amount")
            ),
            usage=compact(tokens=_tokens(used.get("tokens") or {})),
            remote_data=used,
            **common,
        )

    def _key(self, part: Part) -> str:
        row, actor = part.row, part.row["actor"]
        return self.id(
            row.get("organization_id"),
            row["date"][:10],
            actor.get("type"),
            actor.get("email_address") or actor.get("api_key_name"),
            row.get("terminal_type"),
            row.get("customer_type"),
            row.get("subscription_type"),
            bool(row.get("is_remote")),
            None if part.used is None else part.used["model"],
        )


def _models(row: Row) -> Sequence[Row]:
    """Raises Unmappable when the row does not hold what it should."""
    try:
        return listed({"model_breakdown": row.get("model_breakdown")}, "model_breakdown")
    except ValueError as error:
        raise Unmappable(row, error) from error


def _order(part: Part) -> tuple[str, ...]:
    """What a row is before what it counts, which may be restated."""
    told = {name: value for name, value in part.row.items() if name not in _FIGURES}
    return canonical_json(told), canonical_json(part.used), canonical_json(part.row)


def _core(row: Row) -> dict[str, Any]:
    core = row.get("core_metrics") or {}
    lines = core.get("lines_of_code") or {}
    return compact(
        sessions=compact(distinct=quantity(core.get("num_sessions"))),
        code=compact(
            lines_added=quantity(lines.get("added")),
            lines_removed=quantity(lines.get("removed")),
            commits=quantity(core.get("commits_by_claude_code")),
            pull_requests=quantity(core.get("pull_requests_by_claude_code")),
            **tool_actions(row, "accepted", "rejected"),
        ),
    )


def _tokens(row: Row) -> dict[str, Any]:
    counts = {
        "input": quantity(row.get("input")),
        "cache_read": quantity(row.get("cache_read")),
        "cache_write": quantity(row.get("cache_creation")),
        "output": quantity(row.get("output")),
    }
    return compact(**counts, total=total(*counts.values()))
