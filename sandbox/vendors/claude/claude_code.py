"""Claude Code per user and day, of the Admin API."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.kit import Json
from sandbox.times import midnight, stamp
from sandbox.vendors.claude.console import Console, Session
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.organizations import CONSOLE_ID, FIRST_CLAUDE_CODE_DAY, MODELS, Tokens
from sandbox.vendors.claude.query import Query, page_end
from sandbox.vendors.claude.refusals import invalid

SESSION_DELAY = timedelta(hours=1)
_PRICES = {model.id: model.prices for model in MODELS}
# actor type, e-mail or key name, terminal, customer type, subscription type, remote
CodeKey = tuple[str, str, str | None, str, str | None, bool]


@dataclass
class CodeRow:
    """The sessions of one key, summed; `number` is the person's or 0."""

    number: int
    sessions: int = 0
    added: int = 0
    removed: int = 0
    commits: int = 0
    pull_requests: int = 0
    tools: dict[str, tuple[int, int]] = field(default_factory=dict)
    models: dict[str, Tokens] = field(default_factory=dict)

    def add(self, session: Session) -> None:
        self.sessions += 1
        self.added += session.added
        self.removed += session.removed
        self.commits += session.commits
        self.pull_requests += session.pull_requests
        for tool, (accepted, rejected) in session.tools.items():
            before = self.tools.get(tool, (0, 0))
            self.tools[tool] = (before[0] + accepted, before[1] + rejected)
        for model, tokens in session.models.items():
            self.models[model] = self.models.get(model, Tokens()).plus(tokens)


class ClaudeCode:
    """Answers of `usage_report/claude_code`."""

    def __init__(self, console: Console, knobs: Knobs) -> None:
        self._console, self._knobs = console, knobs

    def rows(self, day: date, now: datetime) -> list[tuple[CodeKey, CodeRow]]:
        """What is older than an hour at `now`."""
        rows: dict[CodeKey, CodeRow] = {}
        for session in self._console.sessions(day) if day >= FIRST_CLAUDE_CODE_DAY else ():
            if session.at > now - SESSION_DELAY or session.arrives > now:
                continue
            person = session.person
            actor = ("user_actor", person.email) if person else ("api_actor", "ci-bot")
            plan = (session.customer_type, session.subscription_type)
            key = (*actor, session.terminal, *plan, session.remote)
            row = rows.setdefault(key, CodeRow(person.number if person else 0))
            row.add(session)
        found = [(key, rows[key]) for key in sorted(rows, key=repr)]
        if found and self._knobs.twins:
            key, row = found[0]
            found.insert(0, (key, CodeRow(row.number, models=row.models)))
        return found

    def answer(self, query: Query) -> Json:
        query.resume()
        day = query.day("starting_at")
        if day is None:
            raise invalid("starting_at: Field required")
        limit = query.whole("limit", 20, 1000)
        page, next_page = query.cut(self.rows(day, query.now), limit)
        return {
            "data": [self._shown(day, key, row) for key, row in page],
            "has_more": next_page is not None,
            **page_end(next_page, self._knobs.end_of_pages),
        }

    def _shown(self, day: date, key: CodeKey, row: CodeRow) -> dict[str, Any]:
        kind, name, terminal, customer_type, subscription_type, remote = key
        label = "email_address" if kind == "user_actor" else "api_key_name"
        shown: dict[str, Any] = {
            "date": day.isoformat() if self._knobs.plain_dates else stamp(midnight(day)),
            "actor": {"type": kind, label: name},
            "organization_id": CONSOLE_ID,
            "customer_type": customer_type,
        }
        # No subscription is null or left out; a local session is false, null or left out.
        if subscription_type or row.number % 3 != 1:
            shown["subscription_type"] = subscription_type
        if terminal:
            shown["terminal_type"] = terminal
        if remote or row.number % 3 == 0:
            shown["is_remote"] = remote
        elif row.number % 3 == 1:
            shown["is_remote"] = None
        return {
            **shown,
            "core_metrics": {
                "num_sessions": row.sessions,
                "lines_of_code": {"added": row.added, "removed": row.removed},
                "commits_by_claude_code": row.commits,
                "pull_requests_by_claude_code": row.pull_requests,
            },
            "tool_actions": {
                tool: {"accepted": accepted, "rejected": rejected}
                for tool, (accepted, rejected) in sorted(row.tools.items())
            },
            "model_breakdown": [_model_row(model, tokens) for model, tokens in sorted(row.models.items())],
        }


def estimated_cents(model: str, tokens: Tokens) -> int:
    prices = _PRICES[model]
    return sum(count * price for count, price in zip(tokens, prices, strict=True)) // 1_000_000


def _model_row(model: str, tokens: Tokens) -> dict[str, Any]:
    return {
        "model": model,
        "tokens": {
            "input": tokens.uncached,
            "output": tokens.output,
            "cache_read": tokens.cache_read,
            "cache_creation": tokens.write_5m + tokens.write_1h,
        },
        "estimated_cost": {"amount": estimated_cents(model, tokens), "currency": "USD"},
    }
