"""Bugbot in the Analytics API (Enterprise): the pull requests that it reviewed, and what the reviews cost."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import event_period
from source_unified_usage.core.usage import Charge, Row, Usage, charges, compact, quantity, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi, team_of
from source_unified_usage.vendors.cursor.listing import settled
from source_unified_usage.vendors.cursor.mapping import PRODUCT, dollars_of, needed

_PAGE_SIZE = 250  # the documented maximum (Analytics API)


class Reviewed(UsageStream[CursorApi]):
    """What the two streams share."""

    step = days(30)  # the documented maximum (Analytics API)
    lookback = days(3)
    route: str
    query: Mapping[str, Any] = {}
    key: Sequence[str]

    def path(self) -> str:
        return f"/analytics/team/{self.route}"

    def rows(self, window: Window) -> Iterator[Row]:
        query = {"startDate": window.first_day, "endDate": window.last_day, **self.query}
        walk = partial(self.api.pages, "GET", self.path(), "data", query, _PAGE_SIZE)
        for page, rows in settled(walk, lambda page: page.rows("data"), self.key):
            self.api.account = team_of(page)
            yield from rows


class Bugbot(Reviewed):
    name = "cursor_bugbot"
    about = "One pull request that Bugbot reviewed: reviews, and in remote_data the issues found and resolved."
    role = "activity"
    route = "bugbot"
    query = {"prState": "all"}  # only merged ones come without it (Analytics API)
    key = ("repo", "pr_number")

    def usages(self, row: Row) -> Iterator[Usage]:
        yield usage(
            id=self.id(needed(row, "repo"), needed(row, "pr_number")),
            product=PRODUCT,
            metric_name="bugbot",
            resources=[{"id": row["repo"], "name": row["repo"]}],
            usage=compact(requests=compact(bugbot=quantity(row.get("reviews"))), code={"pull_requests": 1}),
            **event_period(row["timestamp"]),
            remote_data=row,
        )


class BugbotReviews(Reviewed):
    name = "cursor_bugbot_reviews"
    about = "One review by Bugbot and what it cost, dry runs included. Restates cursor_usage_events."
    role = "restates"  # what reviews cost is in the usage events too (Analytics API)
    restates = ("cursor_usage_events",)
    route = "bugbot-reviews"
    key = ("request_id",)

    def usages(self, row: Row) -> Iterator[Usage]:
        yield usage(
            id=self.id(needed(row, "request_id")),
            product=PRODUCT,
            metric_name="bugbot_reviews",
            resources=[{"id": row["repo"], "name": row["repo"]}] if row.get("repo") else None,
            charges=_charges(row),
            usage={"requests": {"bugbot": 1}},
            **event_period(row["timestamp"]),
            surface="bugbot",
            remote_data=row,
        )


def _charges(row: Row) -> list[Charge]:
    """Where `billed` is absent, as Apache DevLake's model has it, a review with a cost is billed."""
    cost = dollars_of(row.get("cost_cents"))
    if cost is None:
        return []
    if row.get("billed") in (None, True):
        return charges("USD", net=cost)
    return charges("USD", net=Decimal(0), total=cost, included=cost)
