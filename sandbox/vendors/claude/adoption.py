"""Engagement by thing: projects, skills, connectors, plugins, artifacts, and the daily summary."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sandbox.times import midnight, stamp
from sandbox.vendors.claude import activity
from sandbox.vendors.claude.activity import SURFACES, UNIFIED, Activity, Row
from sandbox.world import World

T = TypeVar("T", bound=tuple[object, ...])

CALLS_CLASSIFIED_SINCE = date(2026, 5, 29)
AUTHORIZATION_SINCE = date(2026, 7, 1)
PLUGINS_SINCE = date(2026, 7, 1)
_WINDOWS = {"daily": 1, "weekly": 7, "monthly": 30}
_UNIFIED_DAYS = 28  # the month of this surface
_PROJECTS = (("Roadmap", 0), ("Launch", 1), ("Handbook", 2), ("Incident reviews", 3), ("Pricing", 4), ("Untitled", 5))
_SKILLS = (
    # name, display name, share status
    ("docx", None, None),
    ("pdf", None, None),
    ("pptx", None, None),
    ("skill_01SandboxRelease", "Release notes", "organization"),
    ("skill_01SandboxReview", "Review checklist", "private"),
    ("unknown", "Unknown skill", None),
    ("xlsx", None, None),
)
_CONNECTORS = (
    ("5d0f7c2a-sandbox-opaque", "Internal wiki"),
    ("atlassian", None),
    ("github", None),
    ("google drive", None),
    ("slack", "Slack"),
)
_PLUGINS = (
    # Two plugins share a name and differ in their id alone.
    ("formatter", "formatter@acme-marketplace"),
    ("formatter", "formatter@claude-plugins-official"),
    ("serena", "serena@claude-plugins-official"),
    ("third-party", None),
)
_ARTIFACTS = ("other", "text/html", "text/markdown")


class Adoption:
    """The rows of one day by endpoint, pure per day."""

    def __init__(self, world: World, activity: Activity) -> None:
        self._world, self._activity = world, activity
        self._active: dict[date, dict[str, set[str]]] = {}

    def rows(self, endpoint: str, day: date, now: datetime) -> list[Row]:
        if day < self._world.first_day:
            return []
        if endpoint in ("plugins", "artifacts") and day < PLUGINS_SINCE:
            return []
        make = {
            "apps/chat/projects": self._projects,
            "skills": self._skills,
            "connectors": self._connectors,
            "plugins": self._plugins,
            "artifacts": self._artifacts,
        }[endpoint]
        made = enumerate(make(day, self._busy(day)))
        draws = ((row, self._draw("settled", endpoint, day, number)) for number, row in made)
        return activity.shown_at(now, ((row, *activity.settled_at(draw, day)) for row, draw in draws))

    def summary(self, day: date, now: datetime) -> Row:
        """Active users of the last 1, 7 and 30 days; a rate is null until its window is full."""
        seats = sum(member.active_on(day) for member in self._activity.members)
        draw = self._draw("summary", day)
        row: Row = {
            "starting_at": stamp(midnight(day)),
            "ending_at": stamp(midnight(day + timedelta(days=1))),
            "assigned_seat_count": seats,
            "pending_invite_count": draw.randint(0, 4),
        }
        active = self._active_counts(day, now)
        for period in _WINDOWS:
            row[f"{period}_active_user_count"] = active["any", period]
        known = (day - self._world.first_day).days + 1
        for period, length in _WINDOWS.items():
            rate = round(100 * active["any", period] / seats, 4) if seats else None
            row[f"{period}_adoption_rate"] = rate if known >= length else None
        for surface in _summed_surfaces(day, whole=draw.random() < 0.85):
            for period in _WINDOWS:
                row[f"{surface}_{period}_active_user_count"] = active[surface, period]
            if surface == "science":
                row["science_entitled_user_count"] = 4
        for period in _WINDOWS if active[UNIFIED, "monthly"] else ():
            row[f"{UNIFIED}_{period}_active_user_count"] = active[UNIFIED, period]
        return row

    def _active_counts(self, day: date, now: datetime) -> dict[tuple[str, str], int]:
        """How many were active, by surface and period."""
        active: dict[tuple[str, str], set[str]] = {}
        for period, length in _WINDOWS.items():
            for back in range(length):
                for surface, users in self._users(day - timedelta(days=back), now).items():
                    if surface != UNIFIED or back < _UNIFIED_DAYS:
                        active.setdefault((surface, period), set()).update(users)
        return {of: len(users) for of, users in active.items()}

    def _users(self, day: date, now: datetime) -> dict[str, set[str]]:
        """By surface, and for any of them, who was active."""
        if day in self._active:
            return self._active[day]
        users: dict[str, set[str]] = {surface: set() for surface in ("any", *SURFACES, UNIFIED)}
        for row in self._activity.rows(day, now):
            surfaces = activity.active_surfaces(row)
            for surface in (*surfaces, "any") if surfaces else ():
                users[surface].add(row["user"]["id"])
        if now >= midnight(day) + activity.SETTLED_AFTER:
            self._active[day] = users
        return users

    def _draw(self, *key: object) -> random.Random:
        return self._world.random("claude", "adoption", *key)

    def _busy(self, day: date) -> float:
        return len(self._world.people) * self._world.rhythm(day) / 24

    def _used(
        self, what: str, day: date, busy: float, things: Iterable[T], size: int = 3, parts: int = 1
    ) -> Iterator[tuple[T, random.Random, int]]:
        """The things in use that day, with a draw by their first `parts` and with how many use them."""
        for thing in things:
            draw = self._draw(what, day, *thing[:parts])
            if draw.random() <= 0.4 + busy / 2:
                yield thing, draw, 1 + int(draw.expovariate(1 / (size * busy)))

    def _projects(self, day: date, busy: float) -> Iterator[Row]:
        for (name, number), draw, users in self._used("projects", day, busy, _PROJECTS):
            owner = self._activity.members[number % len(self._activity.members)]
            gone = name == "Untitled"
            creator = {"id": owner.user_id, "email_address": owner.email, "type": "user"}
            yield {
                "project_id": f"claude_proj_01Sandbox{number:02d}",
                "project_name": name,
                "distinct_user_count": users,
                "distinct_conversation_count": None if gone else users * draw.randint(1, 5),
                "message_count": users * draw.randint(3, 40),
                "created_at": None if gone else "2026-04-01T10:00:00Z",
                "created_by": None if gone else creator,
            }

    def _skills(self, day: date, busy: float) -> Iterator[Row]:
        for (name, display_name, share_status), draw, users in self._used("skills", day, busy, _SKILLS):
            known = name != "unknown"
            spend = draw.choice(("0", f"{users * draw.randint(1, 900) / 2:.1f}"))
            listed = f"{users * draw.randint(100, 9000) / 100:.2f}"
            yield {
                "skill_name": name,
                "distinct_user_count": users,
                **_by_surface(draw, "skill", users),
                "invocation_count": users * draw.randint(1, 4) if known else None,
                "enable_count": draw.choice((None, draw.randint(0, 3))),
                "estimated_overage_spend": spend if known else None,
                "attributed_list_price": listed if known else None,
                "currency": "USD" if known else None,
                "share_status": share_status,
                "skill_display_name": display_name,
            }

    def _connectors(self, day: date, busy: float) -> Iterator[Row]:
        for (name, display_name), draw, users in self._used("connectors", day, busy, _CONNECTORS, size=4):
            calls: list[int | None] = [users * draw.randint(0, 9) for _ in range(3)]
            classified = day >= CALLS_CLASSIFIED_SINCE
            kinds = ("read_call_count", "write_call_count", "unclassified_call_count")
            known = day >= AUTHORIZATION_SINCE and draw.random() < 0.8
            yield {
                "connector_name": name,
                "connector_display_name": display_name,
                "distinct_user_count": users,
                **_by_surface(draw, "connector", users),
                **dict(zip(kinds, calls if classified else [None] * 3, strict=True)),
                "managed_auth_distinct_user_count": users // 3 if known else None,
                "individual_auth_distinct_user_count": users - users // 3 if known else None,
            }

    def _plugins(self, day: date, busy: float) -> Iterator[Row]:
        for (name, id), draw, users in self._used("plugins", day, busy, _PLUGINS, size=2, parts=2):
            both = {"chat": {}, "sessions": {"distinct_session_plugin_used_count": draw.randint(1, 5)}}
            yield {
                "plugin_name": name,
                "plugin_id": id,
                "distinct_user_count": users,
                "install_count": draw.randint(0, 2) if id else None,
                "invocation_count": users * draw.randint(1, 9),
                "claude_code_metrics": {"distinct_session_plugin_used_count": users * 2},
                "cowork_metrics": {"distinct_session_plugin_used_count": users // 2},
                **({"chat_cowork_unified_metrics": both} if draw.random() < 0.2 else {}),
            }

    def _artifacts(self, day: date, busy: float) -> Iterator[Row]:
        for kind in _ARTIFACTS:
            for shared in (False, True):
                draw = self._draw("artifacts", day, kind, shared)
                created = int(draw.expovariate(1 / (6 * busy)))
                yield {
                    "artifact_type": kind,
                    "is_shared": shared,
                    "artifacts_created_count": created,
                    "distinct_user_count": min(created, 1 + created // 2),
                    "published_artifacts_created_count": created // 3 if shared else 0,
                }


def _summed_surfaces(day: date, *, whole: bool) -> Sequence[str]:
    """Those that a summary has; where it is not `whole`, Cowork alone."""
    others = [name for name in SURFACES if name != "cowork" and (name != "science" or day >= activity.SCIENCE_SINCE)]
    return "cowork", *(others if whole else ())


def _by_surface(draw: random.Random, what: str, users: int) -> dict[str, Any]:
    """The metric blocks that skills and connectors share."""
    in_chat, in_sessions = f"distinct_conversation_{what}_used_count", f"distinct_session_{what}_used_count"
    blocks: dict[str, Any] = {
        "chat_metrics": {in_chat: users * draw.randint(0, 2)},
        "claude_code_metrics": {in_sessions: users * draw.randint(0, 1)},
        "cowork_metrics": {in_sessions: users * draw.randint(0, 1)},
        "office_metrics": {app: {in_sessions: draw.randint(0, 2)} for app in activity.OFFICE},
    }
    if draw.random() < 0.2:
        both = {"chat": {in_chat: draw.randint(1, 5)}, "sessions": {in_sessions: draw.randint(1, 5)}}
        blocks["chat_cowork_unified_metrics"] = both
    return blocks
