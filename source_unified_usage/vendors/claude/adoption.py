"""What the organization uses Claude with: projects, skills, connectors, plugins, artifacts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, charges, compact, measured, quantity, total, usage
from source_unified_usage.vendors.claude.engagement import Engagement, Part
from source_unified_usage.vendors.claude.mapping import CLAUDE, currency, dollars, unified


class Adoption(Engagement):
    """One row is one thing on one day."""

    key_field: str
    product: Mapping[str, str] = CLAUDE

    def natural_key(self, row: Row) -> Sequence[Any]:
        if not (value := row.get(self.key_field)):
            raise ValueError(f"no {self.key_field}")
        return (str(value),)

    def usages(self, item: Part) -> Iterator[Usage]:
        yield usage(
            id=item.id,
            product=self.product,
            organization=item.context.organization,
            remote_data=item.row,
            **day_period(item.context.day),
            **self.facts(item.row),
        )

    def facts(self, row: Row) -> dict[str, Any]:
        """The fields in which the streams differ."""
        raise NotImplementedError


class ChatProjects(Adoption):
    """`created_by` is who made the project, not who used it, and stays in remote_data (reference: projects)."""

    name = "claude_chat_projects"
    about = "How many people, conversations and messages one chat project had on one day."
    endpoint = "apps/chat/projects"
    key_field = "project_id"
    product = {"id": "claude_chat", "name": "Claude Chat"}

    def facts(self, row: Row) -> dict[str, Any]:
        conversations = compact(
            distinct=quantity(row.get("distinct_conversation_count")),
            message_count=quantity(row.get("message_count")),
        )
        return {
            "resources": [compact(id=row["project_id"], name=row.get("project_name"))],
            "usage": compact(**_people(row), conversations=conversations),
            "surface": "chat",
        }


class Skills(Adoption):
    """The overage spend is an allocation of what claude_cost bills, and no bill of its own (reference: skills)."""

    name = "claude_skills"
    about = "How much one skill was used on one day, in chats and in sessions of Claude Code, Cowork and Office."
    role = "estimate"
    endpoint = "skills"
    key_field = "skill_name"

    def facts(self, row: Row) -> dict[str, Any]:
        overage = dollars(self.name, row, "estimated_overage_spend")
        tools = compact(skills_used_count=quantity(row.get("invocation_count")))
        return {
            "resources": _resources(row, "skill"),
            "charges": charges(currency(row), on_demand=overage),
            "usage": compact(**_reach(row, "skill"), tools=tools),
        }


class Connectors(Adoption):
    """Calls are the reads, writes and unclassified ones, unless one of the three is missing."""

    name = "claude_connectors"
    about = "How much one connector was used on one day, in chats and in sessions of Claude Code, Cowork and Office."
    endpoint = "connectors"
    key_field = "connector_name"

    def facts(self, row: Row) -> dict[str, Any]:
        calls = [row.get(f"{kind}_call_count") for kind in ("read", "write", "unclassified")]
        tools = compact(connectors_used_count=None if None in calls else total(*calls))
        return {"resources": _resources(row, "connector"), "usage": compact(**_reach(row, "connector"), tools=tools)}


class Plugins(Adoption):
    """Plugins without a name of their own come as one bucket, "third-party" (reference: plugins)."""

    name = "claude_plugins"
    about = "How often one plugin was invoked on one day, and in how many sessions of Claude Code and Cowork."
    endpoint = "plugins"
    key_field = "plugin_name"
    may_be_absent = True

    def natural_key(self, row: Row) -> Sequence[Any]:
        return *super().natural_key(row), row.get("plugin_id")

    def facts(self, row: Row) -> dict[str, Any]:
        sessions = compact(distinct=_sessions(row, "plugin"))
        return {
            "resources": [{"id": row.get("plugin_id") or row["plugin_name"], "name": row["plugin_name"]}],
            "usage": compact(**_counted(row, "invocation_count", "invocations"), sessions=sessions),
        }


class Artifacts(Adoption):
    """Every combination of type and sharing in one answer without pages (reference: artifacts)."""

    name = "claude_artifacts"
    about = "How many artifacts of one type were made on one day, shared or not."
    endpoint = "artifacts"
    key_field = "artifact_type"
    paged = False
    may_be_absent = True

    def natural_key(self, row: Row) -> Sequence[Any]:
        return *super().natural_key(row), row["is_shared"]

    def facts(self, row: Row) -> dict[str, Any]:
        return {"metric_name": row["artifact_type"], "usage": _counted(row, "artifacts_created_count", "artifacts")}


def _resources(row: Row, what: str) -> list[dict[str, Any]]:
    """A skill or connector, whose name may be an opaque id with another name to display."""
    name = row[f"{what}_name"]
    return [{"id": name, "name": row.get(f"{what}_display_name") or name}]


def _reach(row: Row, what: str) -> dict[str, Any]:
    """How many people, sessions and conversations used a skill or connector."""
    return {
        **_people(row),
        "sessions": compact(distinct=_sessions(row, what)),
        "conversations": compact(distinct=_conversations(row, what)),
    }


def _people(row: Row) -> dict[str, Any]:
    return _counted(row, "distinct_user_count", "users")


def _counted(row: Row, field: str, unit: str) -> dict[str, Any]:
    return measured(quantity(row.get(field)), unit)


def _conversations(row: Row, what: str) -> Any:
    """Those of chat, and of chat that is one with Cowork: a member has either (reference: products)."""
    field = f"distinct_conversation_{what}_used_count"
    return total(*(block.get(field) for block in (row.get("chat_metrics"), unified(row, "chat")) if block))


def _sessions(row: Row, what: str) -> Any:
    """Those of Claude Code, Cowork and each Office app, which are never the same session, so they add up."""
    field = f"distinct_session_{what}_used_count"
    blocks: Iterable[Any] = (
        row.get("claude_code_metrics"),
        row.get("cowork_metrics"),
        unified(row, "sessions"),
        *(row.get("office_metrics") or {}).values(),
    )
    return total(*(block.get(field) for block in blocks if block))
