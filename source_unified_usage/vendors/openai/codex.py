"""What the members of a ChatGPT workspace do: with Codex, and with ChatGPT, Codex and Work together."""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.paths import path
from source_unified_usage.core.piles import Piles
from source_unified_usage.core.stream import Role
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import (
    Row,
    Usage,
    charges,
    compact,
    decimal,
    measured,
    nested,
    nth,
    quantity,
    text,
    total,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.openai.analytics import AnalyticsStream, Workspace
from source_unified_usage.vendors.openai.api import AnalyticsApi
from source_unified_usage.vendors.openai.mapping import model, order, utc_day


class MemberDay(NamedTuple):
    """A member's day as it came, `figures` of it that make a record, and their ordinal among those of one key."""

    row: Row
    figures: Row
    ordinal: int = 0


class SharedRows:
    """The rows of a window by day, asked once for the streams that read the same answer in different ways."""

    def __init__(self) -> None:
        self._window: Window | None = None
        self._days = Piles()
        self._lock = threading.Lock()

    def of(self, window: Window, read: Callable[[Window], Iterable[Iterable[Row]]]) -> Piles:
        with self._lock:
            if self._window != window:
                self._window, self._days = None, Piles()
                days = Piles()
                for page in read(window):
                    days.add(page, lambda row: utc_day(row["start_time"]))
                self._days, self._window = days, window
            return self._days


class CodexUsage(AnalyticsStream):
    name = "openai_codex_usage"
    about = "What one member did with Codex on one day: turns, tokens, credits, lines of code. Of Codex the whole."
    # What a workspace is billed for Codex in USD; Codex with an API key is in openai_costs and not in here. Where
    # WorkspaceUsage is offered it restates that
    role: Role = "bill"
    counts_tokens = True
    dimensions: Sequence[str] = ()  # of the figures
    product: Mapping[str, str] = {"id": "codex", "name": "Codex"}

    def __init__(self, api: AnalyticsApi, workspace: Workspace, shared: SharedRows) -> None:
        super().__init__(api, workspace)
        self.scope = {**self.scope, "openai.user_ids": list(workspace.user_ids)}
        self._shared = shared

    def path(self) -> str:
        return f"{self.workspace.codex}/usage"

    def questions(self) -> Iterable[Hashable]:
        return [(self.path(), window) for window in self.windows]

    def rows(self, window: Window) -> Iterator[MemberDay]:
        """The members' days, or the entries of a split of them, with their ordinals."""
        for day in self._shared.of(window, self._wanted):
            for rows in day.groups(_member):
                for (row, figures), ordinal in with_ordinals(self._pairs(rows), lambda pair: self.key(*pair), _order):
                    yield MemberDay(row, figures, ordinal)
            self.part_done()

    def usages(self, item: MemberDay) -> Iterator[Usage]:
        row, figures, _ = item
        cost = decimal(figures.get("cost_usd"))
        yield usage(
            id=self.record_id(item),
            product=self.product,
            metric_name="credits",
            resources=self.workspace.resources,
            user=_user(row),
            model=model(text(figures.get("model"))),
            charges=charges("USD", net=cost, usage_based=cost),
            usage={**_activity(figures), **compact(code=_code(figures))},
            **day_period(utc_day(row["start_time"])),
            surface=_surface(figures),
            remote_data={**self.remote(row, figures), "workspace_id": self.workspace.id},
        )

    def _wanted(self, window: Window) -> Iterator[list[Row]]:
        """The rows of the members that are wanted, page after page."""
        return ([row for row in page if self._is_wanted(row)] for page in self.read(window))

    def _is_wanted(self, row: Row) -> bool:
        with mapping(row):
            return not self.workspace.user_ids or _member(row) in self.workspace.user_ids

    def _pairs(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
        """Of one member's day each row with each of its figures."""
        before: Row | None = None
        for row in rows:
            with mapping(row):
                # A page is counted in rows: when a late row comes before it, the last one of the page before comes
                # again. That follows from the limit; no page says what happens then
                if row == before and _member(row):
                    continue
                before = row
                yield from [(row, figures) for figures in self.figures(row)]

    def figures(self, row: Row) -> Sequence[Row]:
        """What makes records: the row's totals, and the code that goes with them."""
        return [{**row["totals"], "code_attribution": row.get("code_attribution")}]

    def key(self, row: Row, figures: Row) -> str:
        """The id without the ordinal."""
        dimensions = (text(figures.get(name)) for name in self.dimensions)
        return self.id(self.workspace.id, utc_day(row["start_time"]), _user(row).get("id"), *dimensions)

    def record_id(self, item: MemberDay) -> str:
        """A member's day comes once: a number only where several rows name no member."""
        return nth(self.key(item.row, item.figures), item.ordinal)

    def remote(self, row: Row, figures: Row) -> Row:
        """The part of the row that goes into `remote_data`."""
        return row


class CodexUsageBy(CodexUsage):
    """The same days by the entries of a split, which may sum to less than the totals."""

    role = "restates"
    restates = (CodexUsage.name,)
    counts_tokens = False
    split: str

    def figures(self, row: Row) -> Sequence[Row]:
        return row.get(self.split) or []

    def record_id(self, item: MemberDay) -> str:
        """Always with a number: what the vendor cannot name, `other` and `CODEX_UNKNOWN_DEFAULT`, may come again."""
        return f"{self.key(item.row, item.figures)}/{item.ordinal}"

    def remote(self, row: Row, figures: Row) -> Row:
        of_row = ("start_time", "end_time", "user_id", "actor")
        return {**figures, **{name: row[name] for name in of_row if name in row}}


class CodexUsageByClient(CodexUsageBy):
    name = "openai_codex_usage_by_client"
    about = "What one member did with Codex on one day with one client. Another cut of openai_codex_usage."
    split = "clients"
    dimensions = ("client_id",)


class CodexUsageByModel(CodexUsageBy):
    name = "openai_codex_usage_by_model"
    about = "What one member did with Codex on one day with one model. Another cut of openai_codex_usage."
    split = "models"
    dimensions = ("model", "speed")


class WorkspaceUsage(CodexUsage):
    name = "openai_workspace_usage"
    about = "What one member did with ChatGPT, Codex and Work on one day. Codex is in it too."
    # Codex' money is in both, that of ChatGPT and Work only here: where this stream is offered it is the bill, and
    # openai_codex_usage restates it. Its tokens are optional (ChatGPT Admin API reference), so Codex' own count
    role = "bill"
    counts_tokens = False
    product = {"id": "chatgpt_workspace", "name": "ChatGPT workspace"}

    def path(self) -> str:
        return path("v1", "analytics", "workspaces", self.workspace.id, "usage")


def _order(pair: tuple[Row, Row]) -> tuple[str, ...]:
    row, figures = pair
    return (*order(figures), *order(row))


def _user(row: Row) -> dict[str, Any]:
    """The member; empty when the row is the workspace's. Older rows have the e-mail at their top."""
    actor = nested(row, "actor")
    id = text(actor.get("user_id")) or text(row.get("user_id"))
    return compact(id=id, email=text(actor.get("email")) or text(row.get("email")))


def _member(row: Row) -> str | None:
    id: str | None = _user(row).get("id")
    return id


def _surface(figures: Row) -> str | None:
    client = text(figures.get("client_id"))
    return client.lower().removeprefix("codex_") if client else None


def _activity(figures: Row) -> dict[str, Any]:
    threads, turns = quantity(figures.get("threads")), quantity(figures.get("turns"))
    active = None if threads is None and turns is None else bool(threads or turns)
    return compact(
        **measured(quantity(figures.get("credits")), "credit"),
        conversations=compact(turn_count=turns, thread_count=threads),
        tokens=_tokens(figures),
        activity=compact(is_active=active),
    )


def _tokens(figures: Row) -> dict[str, Any]:
    """The total is the sum of the classes where all are known."""
    classes = ("uncached_text_input", "cached_text_input", "text_output")
    fresh, cached, output = parts = [quantity(figures.get(f"{name}_tokens")) for name in classes]
    whole = quantity(figures.get("text_total_tokens")) if None in parts else total(*parts)
    return compact(input=fresh, output=output, cache_read=cached, total=whole)


def _code(figures: Row) -> dict[str, Any]:
    """Accepted lines and commits; a client of the API reports the lines without a list around them."""
    code = nested(figures, "code_attribution")
    lines, commits = nested(code, "lines_of_code"), nested(code, "commits")
    return compact(
        lines_accepted_added=quantity(lines.get("added", code.get("lines_added"))),
        lines_accepted_removed=quantity(lines.get("removed", code.get("lines_removed"))),
        commits=quantity(commits.get("with_codex_contribution")),
    )
