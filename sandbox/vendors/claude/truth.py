"""The ledger: what a faultless reader emits, from the vendor's facts and not its answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ledger import Entry, Ledger
from sandbox.vendors.claude.activity import OFFICE, any_count
from sandbox.vendors.claude.admin import Admin
from sandbox.vendors.claude.claude_code import ClaudeCode, estimated_cents
from sandbox.vendors.claude.engagement import Engagement
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.metering import Group, group
from sandbox.vendors.claude.organizations import (
    CONSOLE_ID,
    ENTERPRISE_ID,
    FIRST_ANALYTICS_DAY,
    Tokens,
    days_between,
    midnight,
    stamp,
)
from sandbox.vendors.claude.reports import Reports
from sandbox.vendors.claude.twins import numbered

_DAY = timedelta(days=1)
_MESSAGES = ("account_id", "api_key_id", "workspace_id", "model", "service_tier")
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
_COUNTS = {
    "distinct_conversation_count": "conversations.distinct",
    "distinct_session_count": "sessions.distinct",
    "dispatch_turn_count": "sessions.dispatch_turns",
    "message_count": "conversations.message_count",
    "thinking_message_count": "conversations.thinking_message_count",
    "shared_conversations_viewed_count": "conversations.shared_viewed_count",
    "action_count": "tools.action_count",
    "skills_used_count": "tools.skills_used_count",
    "distinct_skills_used_count": "tools.distinct_skills_used_count",
    "connectors_used_count": "tools.connectors_used_count",
    "distinct_connectors_used_count": "tools.distinct_connectors_used_count",
    "commit_count": "code.commits",
    "pull_request_count": "code.pull_requests",
}
Figures = dict[str, Decimal]


class Truth:
    """Entries as of a moment, from what the parts of the vendor know."""

    def __init__(
        self,
        knobs: Knobs,
        engagement: Engagement,
        reports: Reports,
        admin: Admin,
        claude_code: ClaudeCode,
    ) -> None:
        self._knobs = knobs
        self._engagement, self._reports = engagement, reports
        self._admin, self._claude_code = admin, claude_code

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        """By stream, the entries of the days [start, end); a refused stream has none."""
        today = now.date()
        oldest = max(FIRST_ANALYTICS_DAY, today - timedelta(days=364))
        reported = days_between(max(start, oldest), min(end, today + _DAY))
        open_days = days_between(start, min(end, today + _DAY))
        closed_days = days_between(start, min(end, today))
        exported = [] if self._knobs.no_export else reported
        streams: dict[str, tuple[str, list[date], Callable[[date, datetime], Iterator[Entry]]]] = {
            "claude_user_activity": (
                "analytics/users",
                self._published("users", start, end, now),
                self._activity,
            ),
            "claude_activity_summary": (
                "analytics/summaries",
                self._published("summaries", start, end, now),
                self._summary,
            ),
            "claude_user_usage": ("analytics/user_usage_report", exported, self._user_usage),
            "claude_user_cost": ("analytics/user_cost_report", exported, self._user_cost),
            "claude_usage": ("analytics/usage_report", exported, self._usage),
            "claude_cost": ("analytics/cost_report", exported, self._cost),
            "claude_api_usage": ("usage_report/messages", open_days, self._api_usage),
            "claude_api_cost": ("cost_report", closed_days, self._api_cost),
            "claude_code_usage": ("usage_report/claude_code", closed_days, self._code),
        }
        for stream, (endpoint, _, _) in _THINGS.items():
            days = self._published(endpoint, start, end, now)
            streams[stream] = (f"analytics/{endpoint}", days, self._things(stream))
        closed = self._knobs.denied | self._knobs.absent
        return {
            stream: [
                replace(entry, key=key)
                for day in ([] if path in closed or self._off(path) else days)
                for key, entry in numbered((entry.key, entry) for entry in entries(day, now))
            ]
            for stream, (path, days, entries) in streams.items()
        }

    def _off(self, path: str) -> bool:
        return self._knobs.analytics_off and path.startswith("analytics/")

    def _published(self, endpoint: str, start: date, end: date, now: datetime) -> list[date]:
        latest = self._engagement.latest(endpoint, now)
        return days_between(max(start, self._engagement.oldest(now)), min(end, latest + _DAY, now.date()))

    def _activity(self, day: date, now: datetime) -> Iterator[Entry]:
        for row in self._engagement.rows("users", day, now):
            who = (day.isoformat(), row["user"]["id"])
            searches = row.get("web_search_count")
            figures = {} if searches is None else {"tools.web_search_count": Decimal(searches)}
            yield Entry((*who, None, None), stamp(midnight(day)), usage=figures)
            for surface, name in _BLOCKS.items():
                if any_count(row.get(name)):
                    figures = _surface_figures(row[name], surface)
                    yield Entry((*who, surface, None), stamp(midnight(day)), usage=figures)
            for app, block in (row.get("office_metrics") or {}).items():
                if any_count(block):
                    figures = _surface_figures(block, "office_agent")
                    yield Entry((*who, "office_agent", app), stamp(midnight(day)), usage=figures)
            if any_count(both := row.get("chat_cowork_unified_metrics") or {}):
                figures = _unified_figures(both["chat"], both["sessions"])
                yield Entry((*who, "chat_cowork_unified", None), stamp(midnight(day)), usage=figures)

    def _summary(self, day: date, now: datetime) -> Iterator[Entry]:
        figures = [pair for row in self._engagement.summaries([day], now) for pair in row.items()]
        for name, value in figures:
            if value is not None and name not in ("starting_at", "ending_at"):
                usage = {"quantity": Decimal(str(value))}
                yield Entry((day.isoformat(), name), stamp(midnight(day)), usage=usage)

    def _things(self, stream: str) -> Callable[[date, datetime], Iterator[Entry]]:
        endpoint, identity, quantity = _THINGS[stream]

        def entries(day: date, now: datetime) -> Iterator[Entry]:
            for row in self._engagement.rows(endpoint, day, now):
                key = (day.isoformat(), *(row[name] for name in identity))
                figures = {"quantity": Decimal(row[quantity]), **_thing_figures(endpoint, row)}
                spend = row.get("estimated_overage_spend")
                charges = {("on_demand", "USD"): Decimal(spend) / 100} if spend else {}
                yield Entry(key, stamp(midnight(day)), charges, figures)

        return entries

    def _user_rows(self, day: date, now: datetime) -> Iterator[tuple[tuple[Any, ...], Group]]:
        events = self._reports.events(midnight(day), midnight(day) + _DAY, now)
        seated = [event for event in events if event.member]
        for row in group(seated, ("product", "model"), _DAY, per_actor=True):
            assert row.member
            yield (_row_key(day, row.member.user_id, row), row)

    def _org_rows(self, day: date, now: datetime, cost: bool) -> Iterator[tuple[tuple[Any, ...], Group]]:
        events = self._reports.events(midnight(day), midnight(day) + _DAY, now)
        buckets = self._reports.buckets(events, ("product", "model"), _DAY, cost)
        for row in buckets.get(midnight(day), ()):
            yield (_row_key(day, None, row), row)

    def _user_usage(self, day: date, now: datetime) -> Iterator[Entry]:
        for key, row in self._user_rows(day, now):
            yield Entry(key, stamp(midnight(day)), usage=_metered(row))

    def _user_cost(self, day: date, now: datetime) -> Iterator[Entry]:
        for key, row in self._user_rows(day, now):
            yield Entry(key, stamp(midnight(day)), _priced(row), _requests(row))

    def _usage(self, day: date, now: datetime) -> Iterator[Entry]:
        for key, row in self._org_rows(day, now, cost=False):
            yield Entry(key, stamp(midnight(day)), usage=_metered(row))

    def _cost(self, day: date, now: datetime) -> Iterator[Entry]:
        for key, row in self._org_rows(day, now, cost=True):
            yield Entry(key, stamp(midnight(day)), _priced(row), _requests(row))

    def _api_usage(self, day: date, now: datetime) -> Iterator[Entry]:
        at = midnight(day)
        sums = self._admin.messages(at, at + _DAY, now, _MESSAGES)
        for key, (tokens, searches) in sums:
            figures = {"tools.web_search_count": Decimal(searches), **_tokens(tokens)}
            yield Entry((stamp(at), *key), stamp(at), usage=figures)

    def _api_cost(self, day: date, now: datetime) -> Iterator[Entry]:
        at = stamp(midnight(day))
        for key, amount in self._admin.costs(day, now, True, True):
            usd = Decimal(amount).scaleb(-8)
            yield Entry((at, *key), at, {("net", "USD"): usd, ("total", "USD"): usd})

    def _code(self, day: date, now: datetime) -> Iterator[Entry]:
        at = stamp(midnight(day))
        for key, row in self._claude_code.rows(day, now):
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
                used = _tokens(tokens)
                # The two cache writes come as one figure here.
                del used["tokens.cache_write_ephemeral_5m"], used["tokens.cache_write_ephemeral_1h"]
                yield Entry((*who, model), at, {("usage_based", "USD"): cost}, used)


def _row_key(day: date, user_id: str | None, row: Group) -> tuple[Any, ...]:
    product = row.dimensions["product"]
    who = () if user_id is None else (user_id,)
    named = _RENAMED.get(product or "", product)
    return (ENTERPRISE_ID, stamp(midnight(day)), *who, named, row.dimensions["model"])


def _requests(row: Group) -> Figures:
    return {} if row.requests is None else {"requests.total": Decimal(row.requests)}


def _metered(row: Group) -> Figures:
    searches = {"tools.web_search_count": Decimal(row.searches)}
    return {**_tokens(row.tokens), **searches, **_requests(row)}


def _priced(row: Group) -> dict[tuple[str, str], Decimal]:
    net, total = (Decimal(amount).scaleb(-8) for amount in (row.amount, row.list_amount))
    charges = {("net", "USD"): net, ("total", "USD"): total}
    return {**charges, ("discount", "USD"): total - net} if total != net else charges


def _tokens(tokens: Tokens) -> Figures:
    return {
        "tokens.input": Decimal(tokens.uncached),
        "tokens.cache_read": Decimal(tokens.cache_read),
        "tokens.cache_write_ephemeral_5m": Decimal(tokens.write_5m),
        "tokens.cache_write_ephemeral_1h": Decimal(tokens.write_1h),
        "tokens.cache_write": Decimal(tokens.write_5m + tokens.write_1h),
        "tokens.output": Decimal(tokens.output),
        "tokens.total": Decimal(sum(tokens)),
    }


def _surface_figures(block: Mapping[str, Any], surface: str) -> Figures:
    """The figures of a surface that have a place of their own; design and science report few."""
    if surface != "claude_code":
        skipped = {"chat": ("skills_used_count",)}.get(surface, ())
        return {
            path: Decimal(block[name])
            for name, path in _COUNTS.items()
            if name not in skipped and block.get(name) is not None
        }
    core = block["core_metrics"]
    lines, actions = core["lines_of_code"], block["tool_actions"].values()
    figures = {path: Decimal(core[name]) for name, path in _COUNTS.items() if name in core}
    figures["code.lines_added"] = Decimal(lines["added_count"])
    figures["code.lines_removed"] = Decimal(lines["removed_count"])
    figures["code.accepts"] = Decimal(sum(action["accepted_count"] for action in actions))
    figures["code.rejects"] = Decimal(sum(action["rejected_count"] for action in actions))
    return figures


def _unified_figures(chat: Mapping[str, Any], sessions: Mapping[str, Any]) -> Figures:
    """Both parts in one row; how many distinct things two parts used nobody can tell."""
    one, other = _surface_figures(chat, "chat"), _surface_figures(sessions, "cowork")
    return {
        path: one.get(path, Decimal(0)) + other.get(path, Decimal(0))
        for path in {**one, **other}
        if "tools.distinct" not in path or not (one.get(path) and other.get(path))
    }


def _thing_figures(endpoint: str, row: Mapping[str, Any]) -> Figures:
    """The figures of a project, skill, connector or plugin row besides its quantity."""
    if endpoint == "artifacts":
        return {}
    if endpoint == "apps/chat/projects":
        found = {_COUNTS[n]: row[n] for n in ("distinct_conversation_count", "message_count")}
        return {path: Decimal(value) for path, value in found.items() if value is not None}
    what = {"skills": "skill", "connectors": "connector", "plugins": "plugin"}[endpoint]
    sessions = f"distinct_session_{what}_used_count"
    blocks = [row["claude_code_metrics"], row["cowork_metrics"]]
    blocks += [row["office_metrics"][app] for app in OFFICE] if "office_metrics" in row else []
    both = row.get("chat_cowork_unified_metrics", {"chat": {}, "sessions": {}})
    blocks.append(both["sessions"])
    figures = {"sessions.distinct": Decimal(sum(block.get(sessions, 0) for block in blocks))}
    if endpoint == "plugins":
        return figures
    chats = f"distinct_conversation_{what}_used_count"
    figures["conversations.distinct"] = Decimal(row["chat_metrics"][chats] + both["chat"].get(chats, 0))
    if endpoint == "skills":
        used = row["invocation_count"]
    else:
        calls = [row[f"{kind}_call_count"] for kind in ("read", "write", "unclassified")]
        used = None if None in calls else sum(calls)
    name = "tools.skills_used_count" if endpoint == "skills" else "tools.connectors_used_count"
    return figures if used is None else {**figures, name: Decimal(used)}
