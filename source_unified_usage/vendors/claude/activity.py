"""Who did how much on which surface, and how many people were active: users and summaries."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pendulum import DateTime, instance

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.times import parse_time
from source_unified_usage.core.usage import Number, Row, Usage, compact, quantity, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import AnalyticsApi, organization_id
from source_unified_usage.vendors.claude.engagement import Engagement, newest_day, young
from source_unified_usage.vendors.claude.terms import CLAUDE, amounts, moment, product_of, tool_actions, total, unified

_BLOCKS = {
    "chat": "chat_metrics",
    "claude_code": "claude_code_metrics",
    "cowork": "cowork_metrics",
    "claude_design": "design_metrics",
    "science": "science_metrics",
}
_OFFICE = "office_metrics"
_UNIFIED = "chat_cowork_unified_metrics"
_APPS = {"excel": "Excel", "powerpoint": "PowerPoint", "word": "Word", "outlook": "Outlook"}


class UserActivity(Engagement):
    """The fan-out: a row for the person, and one for each surface that the person used."""

    name = "claude_user_activity"
    about = (
        "What one person did on one day: one row for the person as a whole, and one for each surface (chat, Claude "
        "Code, Cowork, chat and Cowork in one, each Office app, Design, Science) with any activity."
    )
    endpoint = "users"

    def __init__(self, api: AnalyticsApi, people: Lookup) -> None:
        super().__init__(api)
        self._people = people
        self.people: Mapping[str, Row] = {}

    def rows(self, window: Window) -> Iterable[Row]:
        if rows := list(super().rows(window)):
            self.people = self._people()
        return rows

    def usages(self, row: Row, window: Window) -> Iterator[Usage]:
        person = row["user"]
        id = person.get("id")
        if not id:
            raise ValueError("no user.id")
        name = self.people.get(id, {}).get("name")
        common: dict[str, Any] = {
            "organization": self.organization,
            "user": compact(id=id, email=person.get("email_address"), name=name),
            **self.day(window),
        }
        key = (window.first_day, id)
        yield usage(
            id=self.id(*key, None, None),
            product=CLAUDE,
            usage=compact(
                tools=compact(web_search_count=quantity(row.get("web_search_count"))),
                activity=compact(is_active=_is_active(row)),
            ),
            remote_data=row,
            **common,
        )
        for surface, name in _BLOCKS.items():
            block = row.get(name) or {}
            if any(amounts(block)):
                yield usage(
                    id=self.id(*key, surface, None),
                    product=product_of(surface),
                    surface=surface,
                    usage=_code(block) if surface == "claude_code" else _counts(block, surface),
                    remote_data={name: block},
                    **common,
                )
        for app, block in (row.get(_OFFICE) or {}).items():
            if block and any(amounts(block)):
                yield usage(
                    id=self.id(*key, "office_agent", app),
                    product=product_of("office_agent"),
                    surface="office_agent",
                    resources=[{"id": app, "name": _APPS.get(app, app.title())}],
                    usage=_counts(block, "office_agent"),
                    remote_data={_OFFICE: {app: block}},
                    **common,
                )
        if any(amounts(block := row.get(_UNIFIED) or {})):
            yield usage(
                id=self.id(*key, "chat_cowork_unified", None),
                product=product_of("chat_cowork_unified"),
                surface="chat_cowork_unified",
                usage=_both(_counts(unified(row, "chat"), "chat"), _counts(unified(row, "sessions"), "cowork")),
                remote_data={_UNIFIED: block},
                **common,
            )


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
            # chat counts only distinct skills
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

    def rows(self, window: Window) -> Iterator[Row]:
        """The days of the window, as far as they are published."""
        query = {"starting_date": window.first_day, "ending_date": window.end_day}
        try:
            answers = self.ask(query, window)
        except ConfigError as error:
            newest = newest_day(error, window.last_day)
            if not newest:
                raise
            self.published_until(newest, window.last_day)
            published = window.until(newest.add(days=1))
            if not published.empty:
                yield from self.rows(published)
            return
        self.organization = compact(id=organization_id(answers[0]))
        end: DateTime | None = None
        for answer in answers:
            # the member is named differently in the reference and in the SDK
            for row in answer.rows("summaries" if "summaries" in answer.body else "data"):
                end = max(end or window.start, instance(parse_time(row["ending_at"])))
                yield row
        # every published day has an entry; without any, days that are long over are none of the organization's
        end = end or max(window.start, min(window.end, young()))
        if end < window.end:
            self.published_until(end.subtract(days=1), end.to_date_string())

    def usages(self, row: Row, window: Window) -> Iterable[Usage]:
        span = {name: row[name] for name in ("starting_at", "ending_at")}
        start, end = moment(span["starting_at"]), moment(span["ending_at"])
        figures = {name: quantity(value) for name, value in row.items() if name not in span and _is_figure(name, value)}
        for position, (name, figure) in enumerate(figures.items()):
            surface = _surface(name)
            yield usage(
                id=self.id(start[:10], name),
                product=product_of(surface),
                metric_name=name,
                organization=self.organization,
                usage=compact(quantity=figure, unit=_unit(name)),
                start_date=start,
                end_date=end,
                surface=surface,
                # the whole of the day once, on its first figure
                remote_data={**span, name: row[name]} if position else row,
            )


def _is_figure(name: str, value: Any) -> bool:
    """Whether it is known; what is new and no number stays in remote_data."""
    return value is not None and (name.endswith(("_count", "_rate")) or type(value) in (int, float))


def _surface(metric: str) -> str | None:
    surfaces = ("chat_cowork_unified", "cowork", "chat", "claude_code", "claude_design", "office_agent", "science")
    return next((surface for surface in surfaces if metric.startswith(f"{surface}_")), None)


def _unit(metric: str) -> str:
    if metric.endswith("_rate"):
        return "percent"
    if "seat" in metric:
        return "seats"
    return "invites" if "invite" in metric else "users"
