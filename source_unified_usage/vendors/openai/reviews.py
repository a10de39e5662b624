"""Codex' code reviews in the workspace, and what became of them. No row names a member."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, nested, nth, quantity, usage, with_ordinals
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.openai.analytics import AnalyticsStream
from source_unified_usage.vendors.openai.api import NO_USERS
from source_unified_usage.vendors.openai.mapping import order, utc_day


class ReviewDay(NamedTuple):
    """A row and its ordinal among those of its day, of which there should be one."""

    row: Row
    ordinal: int = 0


class CodeReviews(AnalyticsStream):
    name = "openai_codex_code_reviews"
    about = "The pull requests that Codex reviewed on one day in the workspace, and its comments."
    role = "activity"
    report = "code_reviews"
    unit = "pull_request_review"

    def path(self) -> str:
        return f"{self.workspace.codex}/{self.report}"

    def figure(self, row: Row) -> Any:
        """The report's figure of a day, in `unit`s."""
        return row["pull_request_reviews"]

    def rows(self, window: Window) -> Iterator[ReviewDay]:
        if self.workspace.user_ids:
            self.not_available(window, NO_USERS)
            return
        rows = chain.from_iterable(self.read(window))
        numbered = with_ordinals(rows, lambda row: utc_day(row["start_time"]), order)
        yield from (ReviewDay(row, ordinal) for row, ordinal in numbered)

    def usages(self, item: ReviewDay) -> Iterator[Usage]:
        row = item.row
        day = utc_day(row["start_time"])
        yield usage(
            id=nth(self.id(self.workspace.id, day), item.ordinal),
            product={"id": "codex_code_review", "name": "Codex code review"},
            metric_name=self.report,
            resources=self.workspace.resources,
            usage=compact(quantity=quantity(self.figure(row)), unit=self.unit),
            **day_period(day),
            remote_data={**row, "workspace_id": self.workspace.id},
        )


class CodeReviewResponses(CodeReviews):
    name = "openai_codex_code_review_responses"
    about = "How many comments of Codex' reviews people answered, by day; about pull requests merged on that day."
    report = "code_review_responses"
    unit = "comment"

    def figure(self, row: Row) -> Any:
        """Unknown where the vendor has no details of a day."""
        details = nested(row, "comment_response_details")
        return details["engaged"] if details else None
