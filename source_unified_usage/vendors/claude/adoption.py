"""What the organization uses Claude with: projects, skills, connectors, plugins, artifacts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from source_unified_usage.core.usage import Row, Usage, charges, compact, quantity, usage
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.claude.engagement import Engagement, Part
from source_unified_usage.vendors.claude.terms import CLAUDE, dollars, total, unified


class ChatProjects(Engagement):
    """`created_by` is who made the project, not who used it, and stays in remote_data."""

    name = "claude_chat_projects"
    about = "How many people, conversations and messages one chat project had on one day."
    endpoint = "apps/chat/projects"

    def natural_key(self, row: Row) -> Sequence[Any]:
        return (named(row, "project_id"),)

    def usages(self, part: Part, window: Window) -> Iterator[Usage]:
        row = part.row
        yield usage(
            id=part.id,
            product={"id": "claude_chat", "name": "Claude Chat"},
            resources=[compact(id=row["project_id"], name=row.get("project_name"))],
            organization=self.organization,
            usage=compact(
                **people(row),
                conversations=compact(
                    distinct=quantity(row.get("distinct_conversation_count")),
                    message_count=quantity(row.get("message_count")),
                ),
            ),
            surface="chat",
            remote_data=row,
            **self.day(window),
        )


class Skills(Engagement):
    """The overage spend is the vendor's allocation, an alternative view of claude_cost."""

    name = "claude_skills"
    about = "How much one skill was used on one day, in chats and in sessions of Claude Code, Cowork and Office."
    endpoint = "skills"

    def natural_key(self, row: Row) -> Sequence[Any]:
        return (named(row, "skill_name"),)

    def usages(self, part: Part, window: Window) -> Iterator[Usage]:
        row, skill = part.row, part.row["skill_name"]
        overage = dollars(self.name, row, "estimated_overage_spend")
        yield usage(
            id=part.id,
            product=CLAUDE,
            resources=[{"id": skill, "name": row.get("skill_display_name") or skill}],
            organization=self.organization,
            charges=charges((row.get("currency") or "USD").upper(), on_demand=overage),
            usage=compact(
                **people(row),
                sessions=compact(distinct=_sessions(row, "distinct_session_skill_used_count")),
                conversations=compact(distinct=_chats(row, "distinct_conversation_skill_used_count")),
                tools=compact(skills_used_count=quantity(row.get("invocation_count"))),
            ),
            remote_data=row,
            **self.day(window),
        )


class Connectors(Engagement):
    """Calls are the reads, writes and unclassified ones, where all three are told."""

    name = "claude_connectors"
    about = "How much one connector was used on one day, in chats and in sessions of Claude Code, Cowork and Office."
    endpoint = "connectors"

    def natural_key(self, row: Row) -> Sequence[Any]:
        return (named(row, "connector_name"),)

    def usages(self, part: Part, window: Window) -> Iterator[Usage]:
        row, connector = part.row, part.row["connector_name"]
        calls = [row.get(f"{kind}_call_count") for kind in ("read", "write", "unclassified")]
        yield usage(
            id=part.id,
            product=CLAUDE,
            resources=[{"id": connector, "name": row.get("connector_display_name") or connector}],
            organization=self.organization,
            usage=compact(
                **people(row),
                sessions=compact(distinct=_sessions(row, "distinct_session_connector_used_count")),
                conversations=compact(distinct=_chats(row, "distinct_conversation_connector_used_count")),
                tools=compact(connectors_used_count=None if None in calls else total(*calls)),
            ),
            remote_data=row,
            **self.day(window),
        )


class Plugins(Engagement):
    """Plugins without a name of their own come as one bucket, "third-party"."""

    name = "claude_plugins"
    about = "How often one plugin was invoked on one day, and in how many sessions of Claude Code and Cowork."
    endpoint = "plugins"
    may_be_absent = True

    def natural_key(self, row: Row) -> Sequence[Any]:
        return named(row, "plugin_name"), row.get("plugin_id")

    def usages(self, part: Part, window: Window) -> Iterator[Usage]:
        row, plugin = part.row, part.row["plugin_name"]
        yield usage(
            id=part.id,
            product=CLAUDE,
            resources=[{"id": row.get("plugin_id") or plugin, "name": plugin}],
            organization=self.organization,
            usage=compact(
                **counted(row, "invocation_count", "invocations"),
                sessions=compact(distinct=_sessions(row, "distinct_session_plugin_used_count")),
            ),
            remote_data=row,
            **self.day(window),
        )


class Artifacts(Engagement):
    """The whole cube of type and sharing in one answer."""

    name = "claude_artifacts"
    about = "How many artifacts of one type were made on one day, shared or not."
    endpoint = "artifacts"
    paged = False
    may_be_absent = True

    def natural_key(self, row: Row) -> Sequence[Any]:
        return named(row, "artifact_type"), row["is_shared"]

    def usages(self, part: Part, window: Window) -> Iterator[Usage]:
        row = part.row
        yield usage(
            id=part.id,
            product=CLAUDE,
            metric_name=row["artifact_type"],
            organization=self.organization,
            usage=counted(row, "artifacts_created_count", "artifacts"),
            remote_data=row,
            **self.day(window),
        )


def named(row: Row, field: str) -> str:
    """The natural key of a row. Raises ValueError when the vendor left it out."""
    if not (value := row.get(field)):
        raise ValueError(f"no {field}")
    return str(value)


def counted(row: Row, field: str, unit: str) -> dict[str, Any]:
    count = quantity(row.get(field))
    return {} if count is None else {"quantity": count, "unit": unit}


def people(row: Row) -> dict[str, Any]:
    return counted(row, "distinct_user_count", "users")


def _chats(row: Row, field: str) -> Any:
    """Conversations of chat, and of chat that is one with Cowork; nobody has both."""
    return total(*(block.get(field) for block in (row.get("chat_metrics"), unified(row, "chat")) if block))


def _sessions(row: Row, field: str) -> Any:
    """Sessions of Claude Code, Cowork and Office are disjoint, so they add up."""
    blocks: Iterable[Any] = (
        row.get("claude_code_metrics"),
        row.get("cowork_metrics"),
        unified(row, "sessions"),
        *(row.get("office_metrics") or {}).values(),
    )
    return total(*(block.get(field) for block in blocks if block))
