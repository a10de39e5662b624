"""The figures that a reader makes of the vendor's rows; independent on purpose of the source's mapping."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.vendors.claude.activity import OFFICE
from sandbox.vendors.claude.organizations import Tokens

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


def token_figures(tokens: Tokens) -> Figures:
    return {
        "tokens.input": Decimal(tokens.uncached),
        "tokens.cache_read": Decimal(tokens.cache_read),
        "tokens.cache_write_ephemeral_5m": Decimal(tokens.write_5m),
        "tokens.cache_write_ephemeral_1h": Decimal(tokens.write_1h),
        "tokens.cache_write": Decimal(tokens.write_5m + tokens.write_1h),
        "tokens.output": Decimal(tokens.output),
        "tokens.total": Decimal(sum(tokens)),
    }


def surface_figures(block: Mapping[str, Any], surface: str) -> Figures:
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


def unified_figures(chat: Mapping[str, Any], sessions: Mapping[str, Any]) -> Figures:
    """Both parts in one row; distinct counts of two parts do not add up."""
    one, other = surface_figures(chat, "chat"), surface_figures(sessions, "cowork")
    return {
        path: one.get(path, Decimal(0)) + other.get(path, Decimal(0))
        for path in {**one, **other}
        if "tools.distinct" not in path or not (one.get(path) and other.get(path))
    }


def thing_figures(endpoint: str, row: Mapping[str, Any]) -> Figures:
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
