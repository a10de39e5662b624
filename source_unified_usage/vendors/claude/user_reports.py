"""The cost and usage reports of the Analytics API by person."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import UNMAPPABLE, SourceError
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import Range
from source_unified_usage.core.usage import Row, compact, digest, listed
from source_unified_usage.core.window import Covered, Window, days
from source_unified_usage.vendors.claude.api import ANALYTICS, AnalyticsApi, day_buckets
from source_unified_usage.vendors.claude.lookups import Line
from source_unified_usage.vendors.claude.mapping import moment
from source_unified_usage.vendors.claude.reports import SPAN, Report
from source_unified_usage.vendors.claude.revisions import RevisedStream, Totals
from source_unified_usage.vendors.claude.roles import RESTATED_BY_LEGACY


class UserReport(RevisedStream[AnalyticsApi], Report):
    """Rows come ranked by figure, over the whole window, and are many: days that did not change are not read again."""

    step = days(7)  # a refresh in between costs a week, not a month
    limit = 1000
    organization_report: str  # the same for the whole organization

    def __init__(self, api: AnalyticsApi) -> None:
        super().__init__(api)
        self._compared: Window | None = None  # the days whose totals are worth knowing
        self._totals: Totals | None = None

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        planned = super().plan(wanted, covered)
        if self.windows:
            end = covered.high_water_mark or self.windows[-1].end
            self._compared = Window(max(self.windows[0].start, self.lookback.before(end)), end)
        return planned

    def questions(self) -> Iterable[Hashable]:
        return [(self.name, window) for window in self.windows if self.revisions.surely(window)]

    def rows(self, window: Window, most: int | None = None) -> Iterator[Line]:
        if self._totals is None:
            self._totals = self._told()
        for changed in self.revisions.parts(window, self._totals):
            for part, lines in self.portions.over(changed, self._lines_of):
                yield from lines
                counts = Counter(moment(line.row["starting_at"])[:10] for line in lines)
                self.revisions.keep(part, self._totals, counts, self.refreshed)
                self.part_done()

    def _lines_of(self, part: Window, most: int | None) -> list[Line]:
        return list(super().rows(part, most))

    def _told(self) -> Totals:
        """What the days add up to for the whole organization; nothing where that cannot be had, which costs no row."""
        api = self.api.for_lookup()
        api.stats = self.api.stats
        path, by_day, refreshed = f"{ANALYTICS}/{self.organization_report}", dict[str, str](), None
        try:
            for part in days(SPAN).cut(self._compared) if self._compared else ():
                for answer in api.read(path, {**day_buckets(part), "limit": SPAN}):
                    refreshed = answer.body.get("data_refreshed_at") or refreshed
                    for bucket in answer.rows("data"):
                        by_day[moment(bucket["starting_at"])[:10]] = digest(listed(bucket, "results"))
        except (SourceError, *UNMAPPABLE) as error:
            logger.info(f"{self.name}: all days of the lookback are read again, as their totals did not come: {error}")
            return Totals()
        return Totals(by_day, refreshed)

    def _rows_of(self, answer: Answer) -> Iterable[Row]:
        return answer.rows("data")

    def _user(self, row: Row) -> dict[str, Any]:
        actor = row["actor"]
        if not actor.get("user_id"):
            raise ValueError("no actor.user_id")
        return compact(id=actor["user_id"], email=actor.get("email"), name=actor.get("name"))


class UserUsage(UserReport):
    """A part of claude_usage, whose tokens would be counted twice: seats only (reference: user_usage_report)."""

    name = "claude_user_usage"
    about = "What one person used on one day of one product and model: tokens, requests, web searches. Seats only."
    role = "activity"
    endpoint = "user_usage_report"
    organization_report = "usage_report"
    metric = "tokens"


class UserCost(UserReport):
    name = "claude_user_cost"
    about = (
        "What one person's use of one product and model cost on one day. Seats only: automation is in claude_cost, "
        "which restates the same money and is the bill."
    )
    role = "restates"
    restates = RESTATED_BY_LEGACY or ("claude_cost",)
    endpoint = "user_cost_report"
    organization_report = "cost_report"
    metric = "cost"
