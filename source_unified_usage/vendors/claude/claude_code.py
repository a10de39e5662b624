"""Claude Code as the Admin API reports it: a row per person or key, terminal and kind of customer, and per model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import UTC, DateTime

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.lookup import mailbox
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import (
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    listed,
    nth,
    quantity,
    total,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.console import ConsoleStream
from source_unified_usage.vendors.claude.lookups import Named
from source_unified_usage.vendors.claude.mapping import currency, dollars, model_of, product_of, tool_actions

_FIGURES = ("core_metrics", "tool_actions", "model_breakdown")


class Names(NamedTuple):
    """Whose the rows of a day are: the organization, what it says of itself, and its people by their address."""

    organization: Mapping[str, str]
    me: Mapping[str, str]
    people: Mapping[str, Named]


class Part(NamedTuple):
    """What one record is made of: a row, or one of its models."""

    row: Row
    id: str
    names: Names
    used: Row | None = None


class ClaudeCodeUsage(ConsoleStream):
    """The fan-out: the core row with sessions and code, and a row for each model with tokens and the estimate.

    API keys may share their name (31 of one name were measured in one organization), so rows can agree in their whole
    key. The tokens are counted by claude_api_usage (API customers) and claude_usage (seats), of which they are a part.
    """

    name = "claude_code_usage"
    about = (
        "What one person or API key did in Claude Code on one day in one terminal: one row for sessions and code, and "
        "one for each model with its tokens. The charge is the vendor's estimate and no part of the bill."
    )
    role = "estimate"
    endpoint = "usage_report/claude_code"
    step = days(1)
    lookback = days(3)  # rows come up to an hour late (Claude Code Analytics API), and a margin
    open_day = False

    def earliest_available(self, today: DateTime) -> DateTime:
        return DateTime(2025, 1, 1, tzinfo=UTC)  # Claude Code came out in February 2025

    def rows(self, window: Window) -> Iterator[Part]:
        found = self.api.pile(self.path(), {"starting_at": window.first_day, "limit": 1000})
        people = {mailbox(user["email"]): user for user in self._lookups.users().values() if user.get("email")}
        names = Names(self._lookups.organization(found.first), self._lookups.me(), people)
        for rows in found.rows.groups(lambda row: self._key(row, None)):
            yield from self.parts(rows, names)

    def parts(self, rows: Iterable[Row], names: Names) -> Iterator[Part]:
        """Of rows of one key. Core and models get their ordinals apart, so that ids stay when rows change places."""
        parts: list[Part] = []
        for row in rows:
            with mapping(row):
                parts += [Part(row, self._key(row, used), names, used) for used in (None, *_models(row))]
        for part, ordinal in with_ordinals(parts, lambda part: part.id, _order):
            yield part._replace(id=nth(part.id, ordinal)) if ordinal else part

    def usages(self, item: Part) -> Iterator[Usage]:
        row, used = item.row, item.used
        person, key = _actor(row)
        known = item.names.people.get(mailbox(person or ""), {})
        yield usage(
            id=item.id,
            product=product_of("claude_code"),
            resources=[{"id": key, "name": key}] if key else [],
            organization=_organization(row, item.names),
            user=compact(id=known.get("id"), email=person, name=known.get("name")),
            surface="claude_code",
            remote_data=row if used is None else used,
            **day_period(row["date"]),
            **({"usage": _core(row)} if used is None else self._model_use(row, used)),
        )

    def _model_use(self, row: Row, used: Row) -> dict[str, Any]:
        cost = used.get("estimated_cost") or {}
        # with the day and the actor, which a warning then names
        estimate = {"date": row["date"][:10], "actor": row["actor"], "model": used["model"], **cost}
        return {
            "model": model_of(used["model"]),
            "charges": charges(currency(cost), usage_based=dollars(self.name, estimate, "amount")),
            "usage": compact(tokens=_tokens(used.get("tokens") or {})),
        }

    def _key(self, row: Row, used: Row | None) -> str:
        actor = row["actor"]
        return self.id(
            row.get("organization_id"),
            row["date"][:10],
            actor.get("type"),
            actor.get("email_address") or actor.get("api_key_name"),
            row.get("terminal_type"),
            row.get("customer_type"),
            row.get("subscription_type"),
            bool(row.get("is_remote")),
            None if used is None else used["model"],
        )


def _models(row: Row) -> Sequence[Row]:
    """None where the row has no breakdown. Raises ValueError when that is no list."""
    return listed({"model_breakdown": row.get("model_breakdown")}, "model_breakdown")


def _actor(row: Row) -> tuple[str | None, str | None]:
    """A person's address or an API key's name. Raises ValueError when the row has neither."""
    actor = row["actor"]
    person, key = actor.get("email_address"), actor.get("api_key_name")
    if not person and not key:
        raise ValueError("no actor.email_address and no actor.api_key_name")
    return person, key


def _organization(row: Row, names: Names) -> Mapping[str, str]:
    """The row's own, with its name where it is the key's, or else the key's."""
    id = row.get("organization_id")
    if not id:
        return names.organization
    return compact(id=id, name=names.me.get("name") if names.me.get("id") == id else None)


def _order(part: Part) -> tuple[str, ...]:
    """What a row is before what it counts, which may be restated."""
    facts = {name: value for name, value in part.row.items() if name not in _FIGURES}
    return canonical_json(facts), canonical_json(part.used), canonical_json(part.row)


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
