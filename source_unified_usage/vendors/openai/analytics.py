"""What the reports of a ChatGPT workspace have in common: daily rows of at most 90 days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pendulum import DateTime

from source_unified_usage.core.paths import path
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.usage import Row
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.openai.api import AnalyticsApi

# Rows. The maximum is 30,000, as clients report of OpenAI's document "codex-backend-enterprise-analytics"; so many take
# 180 MB, and two pages are in memory while one follows another.
_PAGE_SIZE = 5_000
_KEPT = 90  # days (Codex: Governance)


@dataclass(frozen=True)
class Workspace:
    """The ChatGPT workspace; `user_ids`: the members whose rows are kept, all when empty."""

    id: str
    user_ids: Sequence[str] = ()

    @property
    def codex(self) -> str:
        """The path of Codex' reports."""
        return path("v1", "analytics", "codex", "workspaces", self.id)

    @property
    def resources(self) -> Sequence[Mapping[str, Any]]:
        return [{"workspace": {"id": self.id}}]


class AnalyticsStream(UsageStream[AnalyticsApi]):
    """Daily rows of one report of the workspace."""

    step = days(30)
    lookback = days(7)  # a product collects each day's rows one to five days later, and a margin

    def __init__(self, api: AnalyticsApi, workspace: Workspace) -> None:
        super().__init__(api)
        self.workspace = workspace
        self.scope = {"openai.codex.workspace_id": workspace.id}

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.subtract(days=_KEPT)

    def read(self, window: Window) -> Iterator[list[Row]]:
        """Page after page."""
        query = {
            "start_time": int(window.start.timestamp()),
            "end_time": int(window.end.timestamp()),
            "limit": _PAGE_SIZE,
        }
        return (answer.rows("data") for answer in self.api.pages(self.path(), query))
