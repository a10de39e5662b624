"""Codex' code reviews in the workspace, and what became of them. Members are not told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, nested, quantity, usage, with_ordinals
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.openai.analytics import AnalyticsStream, Workspace
from source_unified_usage.vendors.openai.api import AnalyticsApi
from source_unified_usage.vendors.openai.terms import NO_USERS, order, utc_day


@dataclass(frozen=True)
class Report:
    """A report on code reviews: `figure` of a row, in `unit`s."""

    name: str
    figure: Callable[[Row], Any]
    unit: str
    what: str


def _engaged(row: Row) -> Any:
    """Unknown where the vendor has no details of a day."""
    details = nested(row, "comment_response_details")
    return details["engaged"] if details else None


REVIEWS = Report(
    "code_reviews",
    lambda row: row["pull_request_reviews"],
    "pull_request_review",
    "The pull requests that Codex reviewed on one day in the workspace, and its comments.",
)
RESPONSES = Report(
    "code_review_responses",
    _engaged,
    "comment",
    "How many comments of Codex' reviews people answered, by day; about pull requests merged on that day.",
)


class CodexReviews(AnalyticsStream):
    """Code reviews of the workspace by day; members are not told."""

    def __init__(self, report: Report, api: AnalyticsApi, workspace: Workspace) -> None:
        self._report = report
        self.name, self.about = f"openai_codex_{report.name}", report.what
        super().__init__(api, workspace)

    def path(self) -> str:
        return f"{self.workspace.codex}/{self._report.name}"

    def rows(self, window: Window) -> Iterator[tuple[Row, int]]:
        if self.workspace.user_ids:
            self.not_available(window, NO_USERS)
            return
        yield from with_ordinals(self.read(window), lambda row: utc_day(row["start_time"]), order)

    def usages(self, row: tuple[Row, int], window: Window) -> Iterator[Usage]:
        report, ordinal = row
        day = utc_day(report["start_time"])
        yield usage(
            id=self.id(self.workspace.id, day, *([ordinal] if ordinal else [])),
            product={"id": "codex_code_review", "name": "Codex code review"},
            metric_name=self._report.name,
            resources=self.workspace.resources,
            usage=compact(quantity=quantity(self._report.figure(report)), unit=self._report.unit),
            **day_period(day),
            remote_data={**report, "workspace_id": self.workspace.id},
        )
