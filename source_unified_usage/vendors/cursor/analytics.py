"""Analytics by user (Analytics API, Enterprise): a stream for each endpoint, which differ in names and figures only."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.lookup import Lookup, mailbox
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import (
    Row,
    Usage,
    canonical_json,
    compact,
    nth,
    quantity,
    usage,
    with_ordinals_once,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi, team_of
from source_unified_usage.vendors.cursor.listing import Page, days_of_members, in_parts, settled
from source_unified_usage.vendors.cursor.mapping import PRODUCT, Item, People, model_of

_PAGE_SIZE = 500  # users, the documented maximum (Analytics API)
_LINES = {
    "lines_added": "total_green_lines_suggested",
    "lines_removed": "total_red_lines_suggested",
    "lines_accepted_added": "total_green_lines_accepted",
    "lines_accepted_removed": "total_red_lines_accepted",
}


class UserAnalytics(UsageStream[CursorApi]):
    """One endpoint, whose path follows from the stream's name.

    `names`: the fields that name a row beside day and e-mail, in the order of the id. `resource`: they also name what
    was used. `figures`: where the figures of a row go below `usage`. `surface`: where the work was done.
    """

    role = "activity"
    step = days(30)  # the documented maximum (Analytics API)
    lookback = days(3)
    names: Sequence[str] = ()
    resource = False
    figures: Mapping[str, Mapping[str, str]]
    surface: str | None = None

    def __init__(self, api: CursorApi, members: Lookup) -> None:
        super().__init__(api)
        self._members = members

    def path(self) -> str:
        return "/analytics/by-user/" + self.name.removeprefix("cursor_analytics_").replace("_", "-")

    def rows(self, window: Window) -> Iterator[Item]:
        """Day rows, numbered where nothing tells them apart: pages are cut by members (Analytics API)."""
        for listed in in_parts(window, self._settled, partial(days_of_members, window)):
            for page, members in listed:
                people = People(self._members())
                self.api.account = team_of(page)
                for row, ordinal in with_ordinals_once(_day_rows(page, members), self._key, canonical_json):
                    yield Item(row, people, ordinal)
            self.part_done()

    def _settled(self, part: Window) -> Iterator[Page]:
        bounds = {"startDate": part.first_day, "endDate": part.last_day}
        walk = partial(self.api.pages, "GET", self.path(), "data", bounds, _PAGE_SIZE)
        return settled(walk, _by_email, ("email",))

    def _key(self, row: Row) -> str:
        return self.id(_day(row), mailbox(row["email"]), *(row.get(name) for name in self.names))

    def usages(self, item: Item) -> Iterator[Usage]:
        row = item.row
        used = "/".join(f"{row.get(name) or ''}" for name in self.names) if self.resource else None
        figures = {
            block: compact(**{name: quantity(row.get(field)) for name, field in fields.items()})
            for block, fields in self.figures.items()
        }
        yield usage(
            id=nth(self._key(row), item.ordinal),
            product=PRODUCT,
            metric_name=self.name.removeprefix("cursor_"),
            resources=[{"id": used}] if used else None,
            user=item.people.user(row["email"], row.get("userId")),
            model=model_of(row.get("model")),
            usage=compact(**figures),
            **day_period(_day(row)),
            surface=self.surface,
            remote_data=row,
        )


class Models(UserAnalytics):
    name = "cursor_analytics_models"
    about = "Messages that one member sent to one model on one day."
    names = ("model",)
    figures = {"conversations": {"message_count": "messages"}}


class AgentEdits(UserAnalytics):
    name = "cursor_analytics_agent_edits"
    about = "Edits that the agent suggested to one member on one day, and what became of them."
    figures = {
        "code": {
            **_LINES,
            "applies": "total_suggested_diffs",
            "accepts": "total_accepted_diffs",
            "rejects": "total_rejected_diffs",
        }
    }
    surface = "agent"


class Tabs(UserAnalytics):
    name = "cursor_analytics_tabs"
    about = "Tab completions shown to one member on one day, and what became of them."
    figures = {
        "requests": {"tab_shown": "total_suggestions", "tab_accepted": "total_accepts"},
        "code": {**_LINES, "rejects": "total_rejects"},
    }
    surface = "tab"


class McpTools(UserAnalytics):
    name = "cursor_analytics_mcp"
    about = "Calls of one MCP tool by one member on one day."
    names = ("mcp_server_name", "tool_name")
    resource = True
    figures = {"tools": {"action_count": "usage"}}
    surface = "mcp"


class Skills(UserAnalytics):
    name = "cursor_analytics_skills"
    about = "Uses of one skill by one member on one day."
    names = ("skill_name",)
    resource = True
    figures = {"tools": {"skills_used_count": "usage"}}
    surface = "skill"


class Commands(UserAnalytics):
    name = "cursor_analytics_commands"
    about = "Uses of one command by one member on one day."
    names = ("command_name",)
    resource = True
    figures = {"tools": {"action_count": "usage"}}
    surface = "command"


class Plans(UserAnalytics):
    name = "cursor_analytics_plans"
    about = "Plan mode requests of one member with one model on one day."
    names = ("model",)
    figures = {"requests": {"total": "usage"}}
    surface = "plan_mode"


class AskMode(UserAnalytics):
    name = "cursor_analytics_ask_mode"
    about = "Ask mode requests of one member with one model on one day."
    names = ("model",)
    figures = {"requests": {"chat": "usage"}}
    surface = "ask_mode"


BY_USER = (Models, AgentEdits, Tabs, McpTools, Skills, Commands, Plans, AskMode)


def _by_email(page: Answer) -> Iterator[Row]:
    return ({"email": email, "rows": rows} for email, rows in page.object("data").items())


def _day_rows(page: Answer, members: Sequence[Row]) -> Iterator[Row]:
    """The members' rows, each with its member's e-mail and, where the page maps it, id."""
    mappings = page.object("params").get("userMappings") or []
    ids = {mailbox(mapping["email"]): mapping.get("id") for mapping in mappings if mapping.get("email")}
    for member in members:
        user = {"email": member["email"], "userId": ids.get(mailbox(member["email"]))}
        for row in member["rows"]:
            yield from _by_model({**user, **row})


def _by_model(row: Row) -> Iterator[Row]:
    """A day's models as rows of their own; the other endpoints have one row already."""
    if "model_breakdown" not in row:
        yield row
        return
    for model, counts in row["model_breakdown"].items():
        yield {**row, "model": model, **counts}


def _day(row: Row) -> str:
    day: str = row.get("event_date") or row["date"]
    return day[:10]
