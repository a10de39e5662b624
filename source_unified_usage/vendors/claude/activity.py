"""Who did how much on which surface, and how many people were active: users and summaries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pendulum import instance

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.times import day_period, parse_time
from source_unified_usage.core.usage import Number, Row, Usage, compact, quantity, total, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import AnalyticsApi, Piled
from source_unified_usage.vendors.claude.engagement import Engagement, Part, newest_day, recent_from
from source_unified_usage.vendors.claude.lookups import Named
from source_unified_usage.vendors.claude.mapping import (
    amounts,
    bucket_period,
    moment,
    product_of,
    tool_actions,
    unified,
)

_BLOCKS = {
    "chat": "chat_metrics",
    "claude_code": "claude_code_metrics",
    "cowork": "cowork_metrics",
    "claude_design": "design_metrics",
    "science": "science_metrics",
}
_OFFICE = "office_metrics"
_UNIFIED = "chat_cowork_unified_metrics"
_SPAN = ("starting_at", "ending_at")
_APPS = {"excel": "Excel", "powerpoint": "PowerPoint", "word": "Word", "outlook": "Outlook"}


class UserActivity(Engagement):
    """The fan-out: a row for the person, and one for each surface that the person used."""

    name = "claude_user_activity"
    about = (
        "What one person did on one day: one row for the person as a whole, and one for each surface (chat, Claude "
        "Code, Cowork, chat and Cowork in one, each Office app, Design, Science) with any activity."
    )
    endpoint = "users"

    def __init__(self, api: AnalyticsApi, people: Lookup[Named]) -> None:
        super().__init__(api)
        self._people = people

    def people(self) -> Mapping[str, Named]:
        return self._people()

    def natural_key(self, row: Row) -> Sequence[Any]:
        if not (id := row["user"].get("id")):
            raise ValueError("no user.id")
        return (id,)

    def split(self, row: Row) -> Iterator[tuple[str | None, ...]]:
        """The person as a whole, and each surface and Office app with any activity."""
        yield None, None
        for surface, name in _BLOCKS.items():
            if any(amounts(row.get(name) or {})):
                yield surface, None
        for app, block in (row.get(_OFFICE) or {}).items():
            if any(amounts(block or {})):
                yield "office_agent", app
        if any(amounts(row.get(_UNIFIED) or {})):
            yield "chat_cowork_unified", None

    def usages(self, item: Part) -> Iterator[Usage]:
        row, (surface, app) = item.row, item.what
        person = row["user"]
        name = item.context.people.get(person["id"], {}).get("name")
        yield usage(
            id=item.id,
            product=product_of(surface),
            surface=surface,
            organization=item.context.organization,
            user=compact(id=person["id"], email=person.get("email_address"), name=name),
            **(_on_surface(row, surface, app) if surface else _as_a_whole(row)),
            **day_period(item.context.day),
        )


def _as_a_whole(row: Row) -> dict[str, Any]:
    activity = compact(is_active=_is_active(row))
    searches = compact(web_search_count=quantity(row.get("web_search_count")))
    return {"usage": compact(tools=searches, activity=activity), "remote_data": row}


def _on_surface(row: Row, surface: str, app: str | None) -> dict[str, Any]:
    if app:
        block = row[_OFFICE][app]
        return {
            "resources": [{"id": app, "name": _APPS.get(app, app.title())}],
            "usage": _counts(block, surface),
            "remote_data": {_OFFICE: {app: block}},
        }
    if surface == "chat_cowork_unified":
        both = _both(_counts(unified(row, "chat"), "chat"), _counts(unified(row, "sessions"), "cowork"))
        return {"usage": both, "remote_data": {_UNIFIED: row[_UNIFIED]}}
    block = row[_BLOCKS[surface]]
    counts = _code(block) if surface == "claude_code" else _counts(block, surface)
    return {"usage": counts, "remote_data": {_BLOCKS[surface]: block}}


def _is_active(row: Row) -> bool | None:
    """Any counter above zero, mapped or not; unknown when all are null."""
    counted = {name: row.get(name) for name in (*_BLOCKS.values(), _OFFICE, _UNIFIED, "web_search_count")}
    known = list(amounts(counted))
    return any(known) if known else None


def _counts(block: Row, surface: str) -> dict[str, Any]:
    """What one surface counts. Sessions and conversations are different kinds and never both of one thing."""

    def count(name: str) -> Number | None:
        return quantity(block.get(name))

    return compact(
        sessions=compact(distinct=count("distinct_session_count"), dispatch_turns=count("dispatch_turn_count")),
        conversations=compact(
            distinct=count("distinct_conversation_count"),
            message_count=count("message_count"),
            thinking_message_count=count("thinking_message_count"),
            shared_viewed_count=count("shared_conversations_viewed_count"),
        ),
        tools=compact(
            action_count=count("action_count"),
            # of skills chat counts only the distinct ones (reference: users)
            skills_used_count=None if surface == "chat" else count("skills_used_count"),
            distinct_skills_used_count=count("distinct_skills_used_count"),
            connectors_used_count=count("connectors_used_count"),
            distinct_connectors_used_count=count("distinct_connectors_used_count"),
        ),
    )


def _both(chat: Mapping[str, Any], sessions: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of two parts as one. How many distinct things they are is unknown where both count some."""
    merged: dict[str, Any] = {}
    for group in sorted({*chat, *sessions}):
        one, other = chat.get(group, {}), sessions.get(group, {})
        merged[group] = compact(
            **{
                name: None
                if name.startswith("distinct") and one.get(name) and other.get(name)
                else total(one.get(name), other.get(name))
                for name in {**one, **other}
            }
        )
    return compact(**merged)


def _code(block: Row) -> dict[str, Any]:
    core = block.get("core_metrics") or {}
    lines = core.get("lines_of_code") or {}
    return compact(
        sessions=compact(distinct=quantity(core.get("distinct_session_count"))),
        code=compact(
            lines_added=quantity(lines.get("added_count")),
            lines_removed=quantity(lines.get("removed_count")),
            commits=quantity(core.get("commit_count")),
            pull_requests=quantity(core.get("pull_request_count")),
            **tool_actions(block, "accepted_count", "rejected_count"),
        ),
    )


class ActivitySummary(Engagement):
    """The fan-out: a row for each figure of a day."""

    name = "claude_activity_summary"
    about = (
        "One figure of the organization on one day: active users by surface over a day, a week and a month, seats, "
        "invites and adoption in percent. Figures over several days overlap and are not to be added up."
    )
    endpoint = "summaries"
    step = days(31)

    def published(self, window: Window) -> Piled | None:
        """What there is of the days of the window that are published."""
        try:
            found = self.ask({"starting_date": window.first_day, "ending_date": window.end_day}, window)
        except ConfigError as error:
            last = window.end.subtract(days=1)
            newest = newest_day(error, last)
            if not newest:
                raise
            self.published_until(newest, last)
            published = window.until(newest.add(days=1))
            return None if published.empty else self.published(published)
        self._note_end(found.rows, window)
        return found

    def _note_end(self, rows: Iterable[Row], window: Window) -> None:
        """Every published day has an entry, so the last entry is the last published day.

        Without any, days that are long over are from before the organization was there.
        """
        ends = [instance(parse_time(row["ending_at"])) for row in rows]
        end = max(window.start, *(ends or [min(window.end, recent_from())]))
        if end < window.end:
            self.published_until(end.subtract(days=1), end)

    def split(self, row: Row) -> Iterator[tuple[str, ...]]:
        """The known figures; what is new and no number stays in remote_data."""
        for name, value in row.items():
            known = value is not None and name not in _SPAN
            if known and (name.endswith(("_count", "_rate")) or type(value) in (int, float)):
                yield (name,)

    def key(self, row: Row, day: str, *what: str | None) -> str:
        return self.id(moment(row["starting_at"])[:10], *what)

    def usages(self, item: Part) -> Iterator[Usage]:
        row, (name,) = item.row, item.what
        assert name
        surface = _surface(name)
        first = item.what == next(self.split(row))
        yield usage(
            id=item.id,
            product=product_of(surface),
            metric_name=name,
            organization=item.context.organization,
            usage=compact(quantity=quantity(row[name]), unit=_unit(name)),
            surface=surface,
            # the whole of the day once, on its first figure
            remote_data=row if first else {field: row[field] for field in (*_SPAN, name)},
            **bucket_period(row),
        )


def _surface(metric: str) -> str | None:
    surfaces = ("chat_cowork_unified", "cowork", "chat", "claude_code", "claude_design", "office_agent", "science")
    return next((surface for surface in surfaces if metric.startswith(f"{surface}_")), None)


def _unit(metric: str) -> str:
    if metric.endswith("_rate"):
        return "percent"
    if "seat" in metric:
        return "seats"
    return "invites" if "invite" in metric else "users"
