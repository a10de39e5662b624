"""Engagement by person: the rows of the `users` report, as final and as first published."""

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.times import midnight
from sandbox.vendors.claude.organizations import Member, members, unified_on
from sandbox.world import World

UNIFIED = "chat_cowork_unified"
SURFACES = ("chat", "claude_code", "cowork", "office_agent", "claude_design", "science")
OFFICE = ("excel", "outlook", "powerpoint", "word")
SCIENCE_SINCE = date(2026, 7, 1)
AGGREGATED_AT = timedelta(hours=10)  # of the next day
SETTLED_AFTER = timedelta(days=7)  # from the day's midnight on, every row of it is final
_LIKELY = dict(zip(SURFACES, (0.85, 0.5, 0.35, 0.3, 0.12, 0.08), strict=True))
_TOOL_ACTIONS = ("edit_tool", "multi_edit_tool", "notebook_edit_tool", "write_tool")
_BLOCKS = {
    "chat": "chat_metrics",
    "claude_code": "claude_code_metrics",
    "cowork": "cowork_metrics",
    "office_agent": "office_metrics",
    "claude_design": "design_metrics",
    "science": "science_metrics",
    UNIFIED: "chat_cowork_unified_metrics",
}
Row = dict[str, Any]
Dated = tuple[Row, datetime, bool]  # when it becomes final, and whether it is missing until then


def settled_at(draw: random.Random, day: date) -> tuple[datetime, bool]:
    """When a row of that day becomes final, and whether it is missing until then.

    Most are final when first published; the rest within days, as the vendor says of revisions.
    """
    published = midnight(day + timedelta(days=1)) + AGGREGATED_AT
    luck = draw.random()
    if luck < 0.7:
        return published, False
    return published + timedelta(hours=draw.uniform(12, 120)), luck > 0.94


def provisional(value: Any) -> Any:
    """A row some per cent short: every count a little lower, everything else as it will stay."""
    if isinstance(value, dict):
        return {name: provisional(part) for name, part in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return value - (value + 19) // 20
    return value


def shown_at(now: datetime, rows: Iterable[Dated]) -> list[Row]:
    """Those that are final as they are, the others provisional."""
    seen = ((row, now >= settled) for row, settled, missing in rows if now >= settled or not missing)
    return [row if final else provisional(row) for row, final in seen]


class Activity:
    """Who did what on each day, pure per day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.members = members(world)
        self._made = world.by_day(self._of)

    def rows(self, day: date, now: datetime) -> list[Row]:
        """The rows of that day as the report has them at `now`, sorted by e-mail."""
        return shown_at(now, self._made(day))

    def _of(self, day: date) -> list[Dated]:
        rows = (self._row(day, member) for member in self.members if member.active_on(day))
        return sorted(rows, key=lambda item: str(item[0]["user"]["email_address"]))

    def _row(self, day: date, member: Member) -> Dated:
        draw = self._world.random("claude", "activity", day, member.user_id)
        assert member.person
        busy = member.person.intensity * self._world.rhythm(day)
        at_work = draw.random() < min(0.97, 0.3 + busy) if busy else False
        level = {surface: busy if at_work and draw.random() < likely else 0.0 for surface, likely in _LIKELY.items()}
        row: Row = {
            "chat_metrics": _chat(draw, level["chat"]),
            "claude_code_metrics": _claude_code(draw, level["claude_code"]),
            "cowork_metrics": _cowork(draw, level["cowork"]),
            "design_metrics": _design(draw, level["claude_design"]),
            "office_metrics": {app: _office(draw, level["office_agent"]) for app in OFFICE},
        }
        if day >= SCIENCE_SINCE:
            row["science_metrics"] = _science(draw, level["science"])
        row["web_search_count"] = _count(draw, level["chat"] * 3)
        if draw.random() < 0.03:
            row[draw.choice(list(row))] = None
        row["distinct_user_count"] = None
        row["last_activity_date"] = day.isoformat() if any(level.values()) else None
        row["user"] = {"id": member.user_id, "email_address": member.email, "type": "user"}
        if unified_on(self._world, member, day):
            # instead of the plain blocks
            row["chat_cowork_unified_metrics"] = {"chat": _chat(draw, 0.5), "sessions": _cowork(draw, 0.5)}
            row["chat_metrics"], row["cowork_metrics"] = _chat(draw, 0.0), _cowork(draw, 0.0)
            row["last_activity_date"] = day.isoformat()
        return row, *settled_at(draw, day)


def older(row: Row) -> Row:
    """The row as it was before July 2026: two Office apps, no design, no science, fewer fields."""
    kept = ("chat_metrics", "claude_code_metrics", "cowork_metrics", "web_search_count")
    office = row.get("office_metrics")
    apps = ("excel", "powerpoint")
    return {
        **{name: row[name] for name in kept if name in row},
        "office_metrics": office and {app: office[app] for app in apps},
        "user": {name: row["user"][name] for name in ("id", "email_address")},
    }


def active_surfaces(row: Row) -> set[str]:
    """The surfaces with any use that day."""
    return {surface for surface, block in _BLOCKS.items() if any_count(row.get(block))}


def any_count(block: Any) -> bool:
    if isinstance(block, dict):
        return any(any_count(part) for part in block.values())
    return bool(block)


def _count(draw: random.Random, mean: float) -> int:
    return round(draw.expovariate(1 / mean)) if mean > 0 else 0


def _chat(draw: random.Random, busy: float) -> Row:
    conversations = 1 + _count(draw, busy * 5) if busy else 0
    connectors, uploads = _count(draw, busy * 3), _count(draw, busy * 2)
    return {
        "connectors_used_count": connectors,
        "distinct_artifacts_created_count": _count(draw, busy),
        "distinct_connectors_used_count": min(connectors, 3),
        "distinct_conversation_count": conversations,
        "distinct_files_uploaded_count": uploads,
        "distinct_projects_created_count": _count(draw, busy * 0.1),
        "distinct_projects_used_count": _count(draw, busy * 0.6),
        "distinct_shared_artifacts_viewed_count": _count(draw, busy * 0.2),
        "distinct_skills_used_count": _count(draw, busy * 0.7),
        "message_count": conversations * draw.randint(2, 9),
        "shared_conversations_viewed_count": _count(draw, busy * 0.3),
        "thinking_message_count": conversations * draw.randint(0, 2),
    }


def _claude_code(draw: random.Random, busy: float) -> Row:
    sessions = 1 + _count(draw, busy * 4) if busy else 0
    added = sessions * draw.randint(10, 400)
    return {
        "core_metrics": {
            "artifacts_created_count": 0,
            "commit_count": sessions * draw.randint(0, 2),
            "distinct_session_count": sessions,
            "lines_of_code": {"added_count": added, "removed_count": added // 4},
            "pull_request_count": sessions // 3,
        },
        "tool_actions": {
            tool: {"accepted_count": sessions * draw.randint(0, 9), "rejected_count": sessions * draw.randint(0, 2)}
            for tool in _TOOL_ACTIONS
        },
    }


def _cowork(draw: random.Random, busy: float) -> Row:
    sessions = 1 + _count(draw, busy * 2) if busy else 0
    connectors, skills = _count(draw, busy * 4), _count(draw, busy * 3)
    edits = _count(draw, busy * 4)
    tracked = draw.random() < 0.7
    return {
        "action_count": sessions * draw.randint(4, 30),
        "artifacts_created_count": _count(draw, busy * 0.3),
        "connectors_used_count": connectors,
        "dispatch_turn_count": sessions * draw.randint(0, 4),
        "distinct_connectors_used_count": min(connectors, 3),
        "distinct_session_count": sessions,
        "distinct_skills_used_count": min(skills, 2),
        "message_count": sessions * draw.randint(2, 8),
        "skills_used_count": skills,
        "distinct_plugins_used_count": None,
        "edit_tool_count": edits if tracked else None,
        "file_edit_count": edits if tracked else None,
        "multi_edit_tool_count": 0 if tracked else None,
        "notebook_edit_tool_count": 0 if tracked else None,
        "plugins_used_count": None,
        "sessions_with_file_edits_count": min(edits, sessions) if tracked else None,
        "write_tool_count": 0 if tracked else None,
    }


def _office(draw: random.Random, busy: float) -> Row:
    sessions = _count(draw, busy * 0.8)
    connectors, skills = sessions * draw.randint(0, 2), sessions * draw.randint(0, 1)
    return {
        "connectors_used_count": connectors,
        "distinct_connectors_used_count": min(connectors, 2),
        "distinct_session_count": sessions,
        "distinct_skills_used_count": min(skills, 1),
        "message_count": sessions * draw.randint(1, 6),
        "skills_used_count": skills,
    }


def _design(draw: random.Random, busy: float) -> Row:
    sessions = 1 + _count(draw, busy) if busy else 0
    return {
        "distinct_projects_created_count": min(sessions, draw.randint(0, 1)),
        "distinct_projects_used_count": min(sessions, 2),
        "distinct_session_count": sessions,
        "message_count": sessions * draw.randint(3, 15),
    }


def _science(draw: random.Random, busy: float) -> Row:
    sessions = 1 + _count(draw, busy) if busy else 0
    return {
        "delegation_count": sessions * draw.randint(0, 2),
        "distinct_session_count": sessions,
        "message_count": sessions * draw.randint(2, 9),
        "remote_compute_job_count": 0,
        "skills_used_count": sessions * draw.randint(0, 2),
    }
