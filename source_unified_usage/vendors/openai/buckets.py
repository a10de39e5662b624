"""What usage and costs have in common: daily buckets of rows, fixed dimensions, a rolling year of retention."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from pendulum import DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.portions import Portions
from source_unified_usage.core.stream import RetentionStart, UsageStream
from source_unified_usage.core.times import days_in
from source_unified_usage.core.usage import Row, text, with_ordinals
from source_unified_usage.core.window import Window, first_served, utc_midnight
from source_unified_usage.vendors.openai.api import NO_USERS, LookbackExceeded, PlatformApi
from source_unified_usage.vendors.openai.lookups import Lookups, Names
from source_unified_usage.vendors.openai.mapping import dimension, order, utc_day

_KEPT = 365  # days; as clients report


class BucketItem(NamedTuple):
    """A row with its bucket's bounds, its ordinal among rows of one key, and the names of what it belongs to."""

    row: Row
    ordinal: int = 0
    names: Names = Names()


class BucketStream(UsageStream[PlatformApi]):
    """Rows of `route`, one per UTC day and combination of the `dimensions`, which are part of the identity."""

    route: str
    dimensions: Sequence[str]

    def __init__(self, api: PlatformApi, lookups: Lookups, user_ids: Sequence[str] = ()) -> None:
        super().__init__(api)
        self._lookups, self.user_ids = lookups, list(user_ids)
        # an answer is as large as its days: those that every sync reads come first, and tell how many go into one
        self._portions = Portions(self.lookback.count + 1)
        if "user_id" in self.dimensions:  # the others read nothing of some users
            self.scope = {"openai.user_ids": self.user_ids}

    def path(self) -> str:
        return f"/v1/organization/{self.route}"

    def rows(self, window: Window) -> Iterator[BucketItem]:
        if self.user_ids and "user_id" not in self.dimensions:
            self.not_available(window, NO_USERS)
            return
        for part, rows in self._portions.over(window, lambda part, _: self.results(part)):
            if self.bounds.available_until and part.start >= self.bounds.available_until:
                return
            names = self._lookups.names(rows)
            # not documented, and only some rows name it
            if owners := {owner for row in rows if (owner := text(row.get("organization_id")))}:
                self.api.account = owners.pop() if len(owners) == 1 else None
            for row, ordinal in with_ordinals(rows, self.key, order):
                yield BucketItem(row, ordinal, names)
            self.part_done()

    def results(self, window: Window) -> list[Row]:
        """All rows of the window. Raises RetentionStart when it begins before what the vendor keeps."""
        end = int(window.end.timestamp())
        query = {
            "start_time": int(window.start.timestamp()),
            "end_time": end,
            "bucket_width": "1d",
            "limit": self.step.count,
            "group_by": list(self.dimensions),
            **self.filters(),
        }
        buckets: list[list[Row]] = []
        try:
            for answer in self.api.pages(self.path(), query):
                # a bucket that comes again, bounds and all, counts once
                fresh = [bucket for bucket in _buckets(answer) if bucket not in buckets]
                buckets += fresh
                self._lookups.expect(row for bucket in fresh for row in bucket if self.keeps(row))
                if _reaches(end, answer):  # costs have offered one more page past the end, as a client reports
                    break
        except LookbackExceeded as refused:
            raise RetentionStart(self._oldest_served(window, refused.vendor_message)) from None
        return [row for bucket in buckets for row in bucket if self.keeps(row)]

    def keeps(self, row: Row) -> bool:
        """Whether the row is wanted, where the vendor itself cannot filter."""
        return True

    def filters(self) -> Mapping[str, Sequence[str]]:
        """What of the configuration the vendor itself filters by."""
        return {}

    def key(self, row: Row) -> str:
        """The id without the ordinal."""
        return self.id(utc_day(row["start_time"]), *(dimension(row, name) for name in self.dimensions))

    def _oldest_served(self, window: Window, message: str) -> DateTime:
        """The day that the refusal names; else a year ago, else what halving the time up to today finds.

        The refusal may repeat what it was asked for, and that is no day that is served.
        """
        refused, served = window.start, clock.now().start_of("day")
        asked = {window.end, utc_midnight(date.fromisoformat(window.last_day))}
        if named := [day for day in days_in(message) if refused < day < served and day not in asked]:
            return max(named)
        year_ago = served.subtract(days=_KEPT)
        if year_ago > refused:
            if self._serves(year_ago):
                return year_ago
            refused = year_ago
        return first_served(refused, served, self._serves)

    def _serves(self, day: DateTime) -> bool:
        try:
            self.api.get(self.path(), {"start_time": int(day.timestamp()), "limit": 1})
        except LookbackExceeded:
            return False
        return True


def _reaches(end: int, answer: Answer) -> bool:
    """Whether one of the answer's buckets ends where the window does."""
    ends = [bucket.get("end_time") for bucket in answer.rows("data")]
    return any(isinstance(bucket_end, int) and bucket_end >= end for bucket_end in ends)


def _buckets(answer: Answer) -> Iterator[list[Row]]:
    """The rows of every bucket, each with the bucket's bounds."""
    for bucket in answer.rows("data"):
        results = bucket.get("results")
        if not isinstance(results, list) or not all(isinstance(row, Mapping) for row in results):
            raise answer.broken("a bucket without a list of results")
        bounds = {name: bucket.get(name) for name in ("start_time", "end_time")}
        yield [{**row, **bounds} for row in results]
