"""The Analytics API (Enterprise): analytics by user, Bugbot."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.lookup import Lookup, mailbox
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import day_period, parse_time, rfc3339
from source_unified_usage.core.usage import (
    Charge,
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    decimal,
    nth,
    quantity,
    usage,
    with_ordinals_once,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi, model_of, person
from source_unified_usage.vendors.cursor.events import PRODUCT, dollars
from source_unified_usage.vendors.cursor.listing import settled

_LINES = {
    "lines_added": "total_green_lines_suggested",
    "lines_removed": "total_red_lines_suggested",
    "lines_accepted_added": "total_green_lines_accepted",
    "lines_accepted_removed": "total_red_lines_accepted",
}


@dataclass(frozen=True)
class Metric:
    """One by-user endpoint: which of its fields name a row, and where its figures go below `usage`."""

    route: str
    about: str
    names: tuple[str, ...] = ()  # beside day and e-mail, in the order of the id
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    surface: str | None = None
    resource: Callable[[Row], Mapping[str, Any]] | None = None


_METRICS = (
    Metric(
        "models",
        "Messages that one member sent to one model on one day.",
        ("model",),
        {"conversations": {"message_count": "messages"}},
    ),
    Metric(
        "agent-edits",
        "Edits that the agent suggested to one member on one day, and what became of them.",
        figures={
            "code": {
                **_LINES,
                "applies": "total_suggested_diffs",
                "accepts": "total_accepted_diffs",
                "rejects": "total_rejected_diffs",
            }
        },
        surface="agent",
    ),
    Metric(
        "tabs",
        "Tab completions shown to one member on one day, and what became of them.",
        figures={
            "requests": {"tab_shown": "total_suggestions", "tab_accepted": "total_accepts"},
            "code": {**_LINES, "rejects": "total_rejects"},
        },
        surface="tab",
    ),
    Metric(
        "mcp",
        "Calls of one MCP tool by one member on one day.",
        ("mcp_server_name", "tool_name"),
        {"tools": {"action_count": "usage"}},
        "mcp",
        lambda row: {"id": f"{row.get('mcp_server_name') or ''}/{row.get('tool_name') or ''}"},
    ),
    Metric(
        "skills",
        "Uses of one skill by one member on one day.",
        ("skill_name",),
        {"tools": {"skills_used_count": "usage"}},
        "skill",
        lambda row: {"id": row.get("skill_name")},
    ),
    Metric(
        "commands",
        "Uses of one command by one member on one day.",
        ("command_name",),
        {"tools": {"action_count": "usage"}},
        "command",
        lambda row: {"id": row.get("command_name")},
    ),
    Metric(
        "plans",
        "Plan mode requests of one member with one model on one day.",
        ("model",),
        {"requests": {"total": "usage"}},
        "plan_mode",
    ),
    Metric(
        "ask-mode",
        "Ask mode requests of one member with one model on one day.",
        ("model",),
        {"requests": {"chat": "usage"}},
        "ask_mode",
    ),
)


class UserAnalytics(UsageStream[CursorApi]):
    """One by-user analytics endpoint; they differ only in their `Metric`."""

    step = days(30)  # the documented maximum
    lookback = days(3)

    def __init__(self, api: CursorApi, people: Lookup, metric: Metric) -> None:
        self.name = f"cursor_analytics_{metric.route.replace('-', '_')}"
        self.about = metric.about
        self._metric, self._people = metric, people
        self.members: Mapping[str, Row] = {}
        super().__init__(api)

    @classmethod
    def all(cls, api: CursorApi, people: Lookup) -> list["UserAnalytics"]:
        return [cls(api, people, metric) for metric in _METRICS]

    def path(self) -> str:
        return f"/analytics/by-user/{self._metric.route}"

    def rows(self, window: Window) -> Iterator[tuple[Row, int]]:
        """Day rows, numbered where nothing tells them apart: all of a member stand on one page."""
        for rows in self._pages(window):
            yield from with_ordinals_once(rows, self._key, canonical_json)

    def _pages(self, window: Window) -> Iterator[list[Row]]:
        """Day rows by the page, each with its member's e-mail and, where the answer maps it, id."""
        bounds = {"startDate": window.first_day, "endDate": window.last_day}
        walk = partial(self.api.pages, "GET", self.path(), "data", bounds, 500)
        for page, members in settled(walk, _by_email, ("email",)):
            self.members = self._people()
            self.api.account = _team(page)
            mappings = page.object("params").get("userMappings") or []
            ids = {mailbox(mapping["email"]): mapping.get("id") for mapping in mappings if mapping.get("email")}
            yield [
                part
                for member in members
                for row in member["rows"]
                for part in self._by_model(
                    {"email": member["email"], "userId": ids.get(mailbox(member["email"])), **row}
                )
            ]

    def _by_model(self, row: Row) -> Iterator[Row]:
        """A day's models as rows of their own; the other endpoints have one row already."""
        if "model_breakdown" not in row:
            yield row
            return
        for model, counts in row["model_breakdown"].items():
            yield {**row, "model": model, **counts}

    def _key(self, row: Row) -> str:
        return self.id(_day(row), mailbox(row["email"]), *(row.get(name) for name in self._metric.names))

    def usages(self, with_ordinals: tuple[Row, int], window: Window) -> Iterator[Usage]:
        metric = self._metric
        row, ordinal = with_ordinals
        day = _day(row)
        figures = {
            block: compact(**{name: quantity(row.get(field)) for name, field in fields.items()})
            for block, fields in metric.figures.items()
        }
        yield usage(
            id=nth(self._key(row), ordinal),
            product=PRODUCT,
            metric_name=self.name.removeprefix("cursor_"),
            resources=[metric.resource(row)] if metric.resource else None,
            user=person(self.members, row["email"], row.get("userId")),
            model=model_of(row.get("model")),
            usage=compact(**figures),
            **day_period(day),
            surface=metric.surface,
            remote_data=row,
        )


def _day(row: Row) -> str:
    day: str = row.get("event_date") or row["date"]
    return day[:10]


def _team(page: Answer) -> str | None:
    """Whose key it is: a team's answers tell it here only, neither events nor daily usage, spend and AI code do."""
    team = page.object("params").get("teamId")
    return None if team is None else f"team {team}"


def _by_email(page: Answer) -> Iterator[Row]:
    return ({"email": email, "rows": rows} for email, rows in page.object("data").items())


class Bugbot(UsageStream[CursorApi]):
    """Bugbot's reviews of pull requests."""

    name = "cursor_bugbot"
    about = "One pull request that Bugbot reviewed: reviews, and in remote_data the issues found and resolved."
    step = days(30)
    lookback = days(3)

    def path(self) -> str:
        return "/analytics/team/bugbot"

    def rows(self, window: Window) -> Iterator[Row]:
        query = {"startDate": window.first_day, "endDate": window.last_day, "prState": "all"}
        walk = partial(self.api.pages, "GET", self.path(), "data", query, 250)
        for page, rows in settled(walk, lambda page: page.rows("data"), ("repo", "pr_number")):
            self.api.account = _team(page)
            yield from rows

    def usages(self, row: Row, window: Window) -> Iterator[Usage]:
        instant = rfc3339(parse_time(row["timestamp"]))
        yield usage(
            id=self.id(row["repo"], row["pr_number"]),
            product=PRODUCT,
            metric_name="bugbot",
            resources=[{"id": row["repo"], "name": row["repo"]}],
            usage=compact(requests=compact(bugbot=quantity(row.get("reviews"))), code={"pull_requests": 1}),
            start_date=instant,
            end_date=instant,
            remote_data=row,
        )


class BugbotReviews(UsageStream[CursorApi]):
    """What Bugbot's reviews cost, one by one."""

    name = "cursor_bugbot_reviews"
    about = "One review by Bugbot and what it cost, dry runs included. Restates cursor_usage_events."
    step = days(30)
    lookback = days(3)

    def path(self) -> str:
        return "/analytics/team/bugbot-reviews"

    def rows(self, window: Window) -> Iterator[Row]:
        bounds = {"startDate": window.first_day, "endDate": window.last_day}
        walk = partial(self.api.pages, "GET", self.path(), "data", bounds, 250)
        for page, rows in settled(walk, lambda page: page.rows("data"), ("request_id",)):
            self.api.account = _team(page)
            yield from rows

    def usages(self, row: Row, window: Window) -> Iterator[Usage]:
        instant = rfc3339(parse_time(row["timestamp"]))
        yield usage(
            id=self.id(row["request_id"]),
            product=PRODUCT,
            metric_name="bugbot_reviews",
            resources=[{"id": row["repo"], "name": row["repo"]}] if row.get("repo") else None,
            charges=_review_charges(row),
            usage={"requests": {"bugbot": 1}},
            start_date=instant,
            end_date=instant,
            surface="bugbot",
            remote_data=row,
        )


def _review_charges(row: Row) -> list[Charge]:
    """Where `billed` is absent, as in what clients have seen, a review with a cost is billed."""
    cents = decimal(row.get("cost_cents"))
    if cents is None:
        return []
    cost = dollars(cents)
    if row.get("billed") in (None, True):
        return charges("USD", net=cost)
    return charges("USD", net=Decimal(0), total=cost, included=cost)
