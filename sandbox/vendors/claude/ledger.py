"""The ledger: what a faultless reader emits, from the vendor's facts and not its answers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ledger import Entry, Ledger
from sandbox.times import DAY, day_stamp, days_between
from sandbox.vendors.claude.activity import any_count
from sandbox.vendors.claude.admin import Admin
from sandbox.vendors.claude.claude_code import ClaudeCode, estimated_cents
from sandbox.vendors.claude.engagement import Engagement
from sandbox.vendors.claude.figures import Figures, surface_figures, thing_figures, token_figures, unified_figures
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.metering import Group, group
from sandbox.vendors.claude.organizations import CONSOLE_ID, ENTERPRISE_ID, FIRST_ANALYTICS_DAY
from sandbox.vendors.claude.reports import Reports
from sandbox.vendors.claude.spend import Line, SpendReports, identity
from sandbox.vendors.claude.spend_limits import SpendLimits

_MESSAGES = ("account_id", "api_key_id", "workspace_id", "model", "service_tier")
# the tables that follow are independent on purpose of the source's
_RENAMED = {"claude-in-slack": "claude_tag", "claude-tag": "claude_tag"}
# stream: endpoint, natural key, main figure
_THINGS = {
    "claude_chat_projects": ("apps/chat/projects", ("project_id",), "distinct_user_count"),
    "claude_skills": ("skills", ("skill_name",), "distinct_user_count"),
    "claude_connectors": ("connectors", ("connector_name",), "distinct_user_count"),
    "claude_plugins": ("plugins", ("plugin_name", "plugin_id"), "invocation_count"),
    "claude_artifacts": ("artifacts", ("artifact_type", "is_shared"), "artifacts_created_count"),
}
_BLOCKS = {
    "chat": "chat_metrics",
    "claude_code": "claude_code_metrics",
    "cowork": "cowork_metrics",
    "claude_design": "design_metrics",
    "science": "science_metrics",
}

Entries = Callable[[date, datetime], Iterator[Entry]]


@dataclass
class ClaudeLedger:
    """Entries as of a moment, from what the parts of the vendor know."""

    knobs: Knobs
    engagement: Engagement
    reports: Reports
    admin: Admin
    claude_code: ClaudeCode
    spend: SpendReports
    spend_limits: SpendLimits

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        """By stream, the entries of the days [start, end); a refused stream has none."""
        today = now.date()
        oldest = max(FIRST_ANALYTICS_DAY, today - timedelta(days=364))
        reported = days_between(max(start, oldest), min(end, today + DAY))
        open_days = days_between(start, min(end, today + DAY))
        closed_days = days_between(start, min(end, today))
        exported = [] if self.knobs.no_export else reported
        users, summaries = (self._published(name, start, end, now) for name in ("users", "summaries"))
        streams: dict[str, tuple[str, list[date], Entries]] = {
            "claude_user_activity": ("analytics/users", users, self._activity),
            "claude_activity_summary": ("analytics/summaries", summaries, self._summary),
            "claude_user_usage": ("analytics/user_usage_report", exported, self._reported(by_user=True, cost=False)),
            "claude_user_cost": ("analytics/user_cost_report", exported, self._reported(by_user=True, cost=True)),
            "claude_usage": ("analytics/usage_report", exported, self._reported(by_user=False, cost=False)),
            "claude_cost": ("analytics/cost_report", exported, self._reported(by_user=False, cost=True)),
            "claude_api_usage": ("usage_report/messages", open_days, self._api_usage),
            "claude_api_cost": ("cost_report", closed_days, self._api_cost),
            "claude_code_usage": ("usage_report/claude_code", closed_days, self._code),
            "claude_spend": ("analytics/cost", reported, self._spent),
            "claude_tokens": ("analytics/usage", reported, self._counted),
            "claude_spend_limits": ("spend_limits", [today], self._limits),
        }
        for stream, (endpoint, _, _) in _THINGS.items():
            days = self._published(endpoint, start, end, now)
            streams[stream] = (f"analytics/{endpoint}", days, self._things(stream))
        closed = self.knobs.denied | self.knobs.absent
        return {
            stream: [
                entry
                for day in ([] if path in closed or self._off(path) else days)
                for entry in _numbered(entries(day, now))
            ]
            for stream, (path, days, entries) in streams.items()
        }

    def _off(self, path: str) -> bool:
        return self.knobs.analytics_off and path.startswith("analytics/")

    def _published(self, endpoint: str, start: date, end: date, now: datetime) -> list[date]:
        latest = self.engagement.latest(endpoint, now)
        return days_between(max(start, self.engagement.oldest(now)), min(end, latest + DAY, now.date()))

    def _activity(self, day: date, now: datetime) -> Iterator[Entry]:
        for row in self.engagement.rows("users", day, now):
            who = (day.isoformat(), row["user"]["id"])
            searches = row.get("web_search_count")
            figures = {} if searches is None else {"tools.web_search_count": Decimal(searches)}
            yield Entry((*who, None, None), day_stamp(day), usage=figures)
            for surface, name in _BLOCKS.items():
                if any_count(row.get(name)):
                    figures = surface_figures(row[name], surface)
                    yield Entry((*who, surface, None), day_stamp(day), usage=figures)
            for app, block in (row.get("office_metrics") or {}).items():
                if any_count(block):
                    figures = surface_figures(block, "office_agent")
                    yield Entry((*who, "office_agent", app), day_stamp(day), usage=figures)
            if any_count(both := row.get("chat_cowork_unified_metrics") or {}):
                figures = unified_figures(both["chat"], both["sessions"])
                yield Entry((*who, "chat_cowork_unified", None), day_stamp(day), usage=figures)

    def _summary(self, day: date, now: datetime) -> Iterator[Entry]:
        figures = [pair for row in self.engagement.summaries([day], now) for pair in row.items()]
        for name, value in figures:
            if value is not None and name not in ("starting_at", "ending_at"):
                usage = {"quantity": Decimal(str(value))}
                yield Entry((day.isoformat(), name), day_stamp(day), usage=usage)

    def _things(self, stream: str) -> Entries:
        endpoint, identity, quantity = _THINGS[stream]

        def entries(day: date, now: datetime) -> Iterator[Entry]:
            for row in self.engagement.rows(endpoint, day, now):
                key = (day.isoformat(), *(row[name] for name in identity))
                figures = {"quantity": Decimal(row[quantity]), **thing_figures(endpoint, row)}
                spend = row.get("estimated_overage_spend")
                charges = {("on_demand", "USD"): Decimal(spend) / 100} if spend else {}
                yield Entry(key, day_stamp(day), charges, figures)

        return entries

    def _reported(self, *, by_user: bool, cost: bool) -> Entries:
        def entries(day: date, now: datetime) -> Iterator[Entry]:
            by = ("product", "model")
            if by_user:
                rows = group((e for e in self.reports.events(day, now) if e.member), by, day, per_actor=True)
            else:
                rows = self.reports.bucket(day, by, now, cost=cost)
            for row in rows:
                charges, usage = (_priced(row), _requests(row)) if cost else ({}, _metered(row))
                yield Entry(_row_key(row), day_stamp(day), charges, usage)

        return entries

    def _api_usage(self, day: date, now: datetime) -> Iterator[Entry]:
        at = day_stamp(day)
        for key, (tokens, searches) in self.admin.usage(day, now, _MESSAGES):
            figures = {"tools.web_search_count": Decimal(searches), **token_figures(tokens)}
            yield Entry((at, *key), at, usage=figures)

    def _api_cost(self, day: date, now: datetime) -> Iterator[Entry]:
        at = day_stamp(day)
        for key, amount in self.admin.costs(day, now, True, True):
            usd = Decimal(amount).scaleb(-8)
            yield Entry((at, *key), at, {("net", "USD"): usd, ("total", "USD"): usd})

    def _lines(self, day: date, now: datetime, *, cost: bool) -> Iterator[tuple[tuple[Any, ...], Line]]:
        """Of both organizations, but those that are refused; what nothing tells apart by amount, the greatest first."""
        for kind in ("enterprise", "console"):
            if kind in self.knobs.spend_refused:
                continue
            lines = self.spend.lines(kind, day, now, cost=cost)
            for line in sorted(lines, key=lambda line: -(line.amount if cost else line.total_tokens)):
                where = (line.api_key_id, line.workspace_id, line.model, line.product)
                yield (kind, day_stamp(day), *identity(line.actor), *where), line

    def _spent(self, day: date, now: datetime) -> Iterator[Entry]:
        for key, line in self._lines(day, now, cost=True):
            charges = {**_priced(line), ("usage_based", "USD"): Decimal(line.amount).scaleb(-8)}
            yield Entry(key, day_stamp(day), charges, _requests(line))

    def _counted(self, day: date, now: datetime) -> Iterator[Entry]:
        for key, line in self._lines(day, now, cost=False):
            yield Entry(key, day_stamp(day), usage=_metered(line))

    def _limits(self, day: date, now: datetime) -> Iterator[Entry]:
        for row in [*self.spend_limits.limits("enterprise"), *self.spend_limits.limits("console")]:
            yield Entry((row["id"],), day_stamp(day), _usd(committed=row["amount"]))
        for row in (row for rows in self.spend_limits.effective(now) for row in rows):
            actor = row["actor"].get("user_id") or row["actor"]["scoped_api_key_id"]
            charges = _usd(committed=row["amount"], usage_based=row["period_to_date_spend"])
            yield Entry((actor, row["period"]), day_stamp(day), charges)

    def _code(self, day: date, now: datetime) -> Iterator[Entry]:
        at = day_stamp(day)
        for key, row in self.claude_code.rows(day, now):
            who = (CONSOLE_ID, day.isoformat(), *key)
            figures = {
                "sessions.distinct": row.sessions,
                "code.lines_added": row.added,
                "code.lines_removed": row.removed,
                "code.commits": row.commits,
                "code.pull_requests": row.pull_requests,
            }
            if row.tools:
                figures["code.accepts"] = sum(accepted for accepted, _ in row.tools.values())
                figures["code.rejects"] = sum(rejected for _, rejected in row.tools.values())
            core = {path: Decimal(value) for path, value in figures.items()}
            yield Entry((*who, None), at, usage=core)
            for model, tokens in row.models.items():
                cost = Decimal(estimated_cents(model, tokens)).scaleb(-2)
                used = token_figures(tokens)
                # The two cache writes come as one figure here.
                del used["tokens.cache_write_ephemeral_5m"], used["tokens.cache_write_ephemeral_1h"]
                yield Entry((*who, model), at, {("usage_based", "USD"): cost}, used)


def _row_key(row: Group) -> tuple[Any, ...]:
    product = row.dimensions["product"]
    who = (row.member.user_id,) if row.member else ()
    named = _RENAMED.get(product or "", product)
    return (ENTERPRISE_ID, day_stamp(row.day), *who, named, row.dimensions["model"])


def _usd(**cents: str | None) -> dict[tuple[str, str], Decimal]:
    return {(kind, "USD"): Decimal(amount).scaleb(-2) for kind, amount in cents.items() if amount is not None}


def _requests(row: Group | Line) -> Figures:
    return {} if row.requests is None else {"requests.total": Decimal(row.requests)}


def _metered(row: Group | Line) -> Figures:
    searches = {"tools.web_search_count": Decimal(row.searches)}
    return {**token_figures(row.tokens), **searches, **_requests(row)}


def _priced(row: Group | Line) -> dict[tuple[str, str], Decimal]:
    net, total = (Decimal(amount).scaleb(-8) for amount in (row.amount, row.list_amount))
    charges = {("net", "USD"): net, ("total", "USD"): total}
    return {**charges, ("discount", "USD"): total - net} if total != net else charges


def _numbered(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Keys with a number from the second row of a key on; the rows come in the documented order."""
    seen: Counter[tuple[Any, ...]] = Counter()
    for entry in entries:
        number = seen[entry.key]
        seen[entry.key] += 1
        yield replace(entry, key=(*entry.key, number)) if number else entry
