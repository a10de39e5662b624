"""Claude Code as the Admin API reports it: a row per person or key, terminal and kind of customer, and per model."""

from collections.abc import Iterator, Mapping
from typing import Any

from pendulum import UTC, DateTime

from source_unified_usage.core.lookup import mailbox
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.usage import (
    Row,
    Usage,
    charges,
    compact,
    midnight,
    next_midnight,
    quantity,
    usage,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import ORGANIZATION, AdminApi
from source_unified_usage.vendors.claude.inventory import Inventory
from source_unified_usage.vendors.claude.terms import dollars, model_of, product_of, tool_actions, total


class ClaudeCodeUsage(UsageStream):
    """The fan-out: the core row with sessions and code, and a row for each model with tokens and the estimate."""

    name = "claude_code_usage"
    about = (
        "What one person or API key did in Claude Code on one day in one terminal: one row for sessions and code, and "
        "one for each model with its tokens. The charge is the vendor's estimate and no part of the bill."
    )
    step = days(1)
    lookback = days(3)
    open_day = False
    api: AdminApi

    def __init__(self, api: AdminApi, inventory: Inventory, lookback_days: int | None = None) -> None:
        super().__init__(api, lookback_days)
        self.inventory = inventory
        self.people: Mapping[str, Row] = {}
        self.organization: Mapping[str, str] = {}
        self.me: Mapping[str, str] = {}

    def path(self) -> str:
        return f"{ORGANIZATION}/usage_report/claude_code"

    def oldest(self, today: DateTime) -> DateTime:
        return DateTime(2025, 1, 1, tzinfo=UTC)

    def rows(self, window: Window) -> Iterator[Row]:
        answers = self.api.read(self.path(), {"starting_at": window.first_day, "limit": 1000})
        self.organization, self.me = self.inventory.organization(answers[0]), self.inventory.me()
        self.people = {mailbox(user["email"]): user for user in self.inventory.users().values() if user.get("email")}
        for answer in answers:
            yield from answer.rows("data")

    def usages(self, row: Row, window: Window) -> Iterator[Usage]:
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
        key = (
            organization,
            day,
            actor.get("type"),
            person or key_name,
            row.get("terminal_type"),
            row.get("customer_type"),
            row.get("subscription_type"),
            bool(row.get("is_remote")),
        )
        yield usage(id=self.id(*key, None), usage=_core(row), remote_data=row, **common)
        for used in row.get("model_breakdown") or ():
            estimate = {"date": day, "actor": actor, "model": used["model"], **(used.get("estimated_cost") or {})}
            yield usage(
                id=self.id(*key, used["model"]),
                model=model_of(used["model"]),
                charges=charges(
                    (estimate.get("currency") or "USD").upper(), usage_based=dollars(self.name, estimate, "amount")
                ),
                usage=compact(tokens=_tokens(used.get("tokens") or {})),
                remote_data=used,
                **common,
            )


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
