"""What the members of a ChatGPT workspace do: with Codex, and with ChatGPT, Codex and Work together."""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from source_unified_usage.core.errors import UNMAPPABLE, Unmappable
from source_unified_usage.core.paths import path
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import (
    Row,
    Usage,
    charges,
    compact,
    decimal,
    nested,
    number,
    quantity,
    text,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.openai.analytics import AnalyticsStream, Workspace
from source_unified_usage.vendors.openai.api import AnalyticsApi
from source_unified_usage.vendors.openai.terms import order, utc_day

_Split = tuple[Row, Row]  # a member's day, and its totals or one entry of a split of them


class SharedRows:
    """The rows of a window, asked once for the streams that read the same answer in different ways."""

    def __init__(self) -> None:
        self._window: Window | None = None
        self._rows: Sequence[Row] = ()
        self._lock = threading.Lock()

    def of(self, window: Window, read: Callable[[Window], Sequence[Row]]) -> Sequence[Row]:
        with self._lock:
            if self._window != window:
                self._rows, self._window = read(window), window
            return self._rows


class CodexUsage(AnalyticsStream):
    """Codex by member and day."""

    name = "openai_codex_usage"
    about = "What one member did with Codex on one day: turns, tokens, credits, lines of code. Of Codex the whole."
    product: Mapping[str, str] = {"id": "codex", "name": "Codex"}

    def __init__(self, api: AnalyticsApi, workspace: Workspace, shared: SharedRows) -> None:
        super().__init__(api, workspace)
        self.scope = {**self.scope, "openai.user_ids": list(workspace.user_ids)}
        self._shared = shared

    def path(self) -> str:
        return f"{self.workspace.codex}/usage"

    def questions(self) -> Iterable[Hashable]:
        return [(self.path(), window) for window in self.windows]

    def rows(self, window: Window) -> Iterator[tuple[_Split, int]]:
        """The members' days, or what `parts` makes of them, with their ordinals among rows of one key."""
        splits = self._splits(self._shared.of(window, self.read))
        yield from with_ordinals(splits, lambda split: self.id(*self.key(*split)), _order)

    def usages(self, row: tuple[_Split, int], window: Window) -> Iterator[Usage]:
        (member, part), ordinal = row
        day = utc_day(member["start_time"])
        cost = decimal(part.get("cost_usd"))
        yield usage(
            id=self.id(*self.key(member, part), *self.told_apart(ordinal)),
            product=self.product,
            metric_name="credits",
            resources=self.workspace.resources,
            user=_user(member),
            model=_model(part),
            charges=charges("USD", net=cost, usage_based=cost),
            usage={**_figures(part), **compact(code=_code(part))},
            **day_period(day),
            surface=_surface(part),
            remote_data={**self.remote(member, part), "workspace_id": self.workspace.id},
        )

    def _splits(self, rows: Sequence[Row]) -> Iterator[_Split]:
        wanted = self.workspace.user_ids
        days: dict[tuple[Any, Any], Row] = {}
        for row in rows:
            try:
                member = _user(row).get("id")
                if wanted and member not in wanted:
                    continue
                # cursors count rows: when a late row comes before one, the last of its page comes on the next again
                if member and days.get((member, row["start_time"])) == row:
                    continue
                days[member, row["start_time"]] = row
                yield from [(row, part) for part in self.parts(row)]
            except UNMAPPABLE as error:
                raise Unmappable(row, error) from error

    def parts(self, row: Row) -> Sequence[Row]:
        """The figures that make records: the row's totals, and the code that goes with them."""
        return [{**row["totals"], "code_attribution": row.get("code_attribution")}]

    def key(self, row: Row, part: Row) -> tuple[Any, ...]:
        return self.workspace.id, utc_day(row["start_time"]), _user(row).get("id")

    def told_apart(self, ordinal: int) -> Sequence[int]:
        """A member's day comes once; a number only where several rows name no member."""
        return [ordinal] if ordinal else []

    def remote(self, row: Row, part: Row) -> Row:
        return row


class CodexUsageBy(CodexUsage):
    """The same days, split by client or by model; both splits may sum to less than the totals."""

    def __init__(
        self,
        split: str,
        api: AnalyticsApi,
        workspace: Workspace,
        shared: SharedRows,
    ) -> None:
        self._split = split
        self.name = f"openai_codex_usage_by_{split}"
        self.about = f"What one member did with Codex on one day with one {split}. Another cut of openai_codex_usage."
        super().__init__(api, workspace, shared)

    def parts(self, row: Row) -> Sequence[Row]:
        return row.get(f"{self._split}s") or []

    def key(self, row: Row, part: Row) -> tuple[Any, ...]:
        split = ("client_id",) if self._split == "client" else ("model", "speed")
        return (*super().key(row, part), *(text(part.get(name)) for name in split))

    def told_apart(self, ordinal: int) -> Sequence[int]:
        """What the vendor cannot name, `other` and `CODEX_UNKNOWN_DEFAULT`, may come several times."""
        return [ordinal]

    def remote(self, row: Row, part: Row) -> Row:
        of_row = ("start_time", "end_time", "user_id", "actor")
        return {**part, **{name: row[name] for name in of_row if name in row}}


class WorkspaceUsage(CodexUsage):
    """ChatGPT, Codex and Work together, by member and day."""

    name = "openai_workspace_usage"
    about = "What one member did with ChatGPT, Codex and Work on one day. Codex is in it too."
    product = {"id": "chatgpt_workspace", "name": "ChatGPT workspace"}

    def path(self) -> str:
        return path("v1", "analytics", "workspaces", self.workspace.id, "usage")


def _order(split: _Split) -> tuple[str, ...]:
    row, part = split
    return (*order(part), *order(row))


def _user(row: Row) -> dict[str, Any]:
    """The member; empty when the row is the workspace's. Older rows have the e-mail at their top."""
    actor = nested(row, "actor")
    id = text(actor.get("user_id")) or text(row.get("user_id"))
    return compact(id=id, email=text(actor.get("email")) or text(row.get("email")))


def _model(part: Row) -> Mapping[str, str]:
    model = text(part.get("model"))
    return {"id": model, "provider": "openai"} if model else {}


def _surface(part: Row) -> str | None:
    client = text(part.get("client_id"))
    return client.lower().removeprefix("codex_") if client else None


def _figures(part: Row) -> dict[str, Any]:
    credits = quantity(part.get("credits"))
    threads, turns = quantity(part.get("threads")), quantity(part.get("turns"))
    active = None if threads is None and turns is None else bool(threads or turns)
    return compact(
        quantity=credits,
        unit=None if credits is None else "credit",
        conversations=compact(turn_count=turns, thread_count=threads),
        tokens=_tokens(part),
        activity=compact(is_active=active),
    )


def _tokens(part: Row) -> dict[str, Any]:
    """The total is the sum of the parts where all are told."""
    classes = ("uncached_text_input", "cached_text_input", "text_output")
    parts = [decimal(part.get(f"{name}_tokens")) for name in classes]
    known = [value for value in parts if value is not None]
    total = number(sum(known[1:], known[0])) if len(known) == len(parts) else quantity(part.get("text_total_tokens"))
    fresh, cached, output = (None if value is None else number(value) for value in parts)
    return compact(input=fresh, output=output, cache_read=cached, total=total)


def _code(part: Row) -> dict[str, Any]:
    """Accepted lines and commits; one client had the lines flat."""
    told = nested(part, "code_attribution")
    lines, commits = nested(told, "lines_of_code"), nested(told, "commits")
    return compact(
        lines_accepted_added=quantity(lines.get("added", told.get("lines_added"))),
        lines_accepted_removed=quantity(lines.get("removed", told.get("lines_removed"))),
        commits=quantity(commits.get("with_codex_contribution")),
    )
