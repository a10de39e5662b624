"""The engagement endpoints of the Analytics API: one finished day per request, up to the last one published."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import UTC, DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.errors import ConfigError, SourceError, mapping
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import RetentionStart, Role, UsageStream
from source_unified_usage.core.times import days_in
from source_unified_usage.core.usage import Row, compact, nth, with_ordinals_once
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude.api import ANALYTICS, AnalyticsApi, Piled, organization_id
from source_unified_usage.vendors.claude.lookups import Named
from source_unified_usage.vendors.claude.mapping import order

FIRST_DAY = DateTime(2026, 1, 1, tzinfo=UTC)  # nothing is served from before (Analytics API)
# How a refusal may name the oldest day: that it is refused is documented (Analytics API), the wording is not
_OLDEST = re.compile(
    r"(?:on or after|no(?:t before| earlier than)|(?:oldest|earliest)\b[^.;]*?)\s+(\d{4}-\d\d-\d\d)\S*",
    re.IGNORECASE,
)
# Nor is how it says that a day is not there yet
_NOT_AVAILABLE = re.compile(r"\bnot?\b.*\bavailable", re.IGNORECASE)
# Days after which a day that is missing can only mean that the export has stopped, as in anthropics/claude-code#64503
_PUBLISHED_WITHIN = 10


class Context(NamedTuple):
    """What the rows of one answer have in common: the day that was asked for, the organization, names of people."""

    day: str
    organization: Mapping[str, str]
    people: Mapping[str, Named] = {}


class Part(NamedTuple):
    """What one record is made of: a row, or `what` of it where the row makes several."""

    row: Row
    id: str
    context: Context
    what: tuple[str | None, ...] = ()


class Engagement(UsageStream[AnalyticsApi]):
    """One endpoint that is asked by `date`. Rows do not say their day: it is the one that was asked for."""

    role: Role = "activity"
    step = days(1)
    lookback = days(7)  # a day "may be revised by a few percent over the following days" (Analytics API)
    open_day = False
    endpoint: str
    paged = True
    may_be_absent = False  # 404 on accounts that lack it

    def path(self) -> str:
        return f"{ANALYTICS}/{self.endpoint}"

    def earliest_available(self, today: DateTime) -> DateTime:
        return FIRST_DAY

    def rows(self, window: Window) -> Iterator[Part]:
        found = self.published(window)
        if found is None or not len(found.rows):
            return
        context = Context(window.first_day, compact(id=organization_id(found.first)), self.people())
        for rows in found.rows.groups(lambda row: self.key(row, context.day)):
            yield from self.parts(rows, context)

    def people(self) -> Mapping[str, Named]:
        """Names by the id of a person, where records carry them and rows do not."""
        return {}

    def parts(self, rows: Iterable[Row], context: Context) -> Iterator[Part]:
        """The parts of rows of one key. Several get ordinals, each kind of part apart from the others.

        So the ids stay when a correction lets such rows change places.
        """
        parts: list[Part] = []
        for row in rows:
            with mapping(row):
                parts += [Part(row, self.key(row, context.day, *what), context, what) for what in self.split(row)]
        for part, ordinal in with_ordinals_once(parts, lambda part: part.id, lambda part: order(part.row)):
            yield part._replace(id=nth(part.id, ordinal)) if ordinal else part

    def split(self, row: Row) -> Iterable[tuple[str | None, ...]]:
        """What makes a record of its own in a row."""
        return ((),)

    def key(self, row: Row, day: str, *what: str | None) -> str:
        """The id by the natural key alone."""
        return self.id(day, *self.natural_key(row), *what)

    def natural_key(self, row: Row) -> Sequence[Any]:
        """What tells a row from the others of its day. Raises KeyError or ValueError when the vendor left it out."""
        raise NotImplementedError

    # --- what is published

    def published(self, window: Window) -> Piled | None:
        """What there is of the window's day; None where it is not published yet, or the account lacks the endpoint."""
        try:
            return self.ask({"date": window.first_day, **({"limit": 1000} if self.paged else {})}, window)
        except ConfigError as error:
            if newest := newest_day(error, window.start):
                self.published_until(newest, window.start)
                return None
            # older deployments answered 404 to a bad key as well (Help Center, article 13703965)
            if error.status == 404 and self.may_be_absent and self.api.answers():
                self.not_available(window, f"this Claude account does not have {self.endpoint} (404), nothing to read")
                return None
            raise

    def ask(self, query: Mapping[str, Any], window: Window) -> Piled:
        """All pages. Raises RetentionStart when the organization keeps less than all days."""
        try:
            return self.api.pile(self.path(), query)
        except ConfigError as error:
            if oldest := oldest_day(error, window.start):
                raise RetentionStart(oldest) from None
            raise

    def published_until(self, newest: DateTime, asked: DateTime) -> None:
        """The stream ends behind the newest day; where the export has stopped, a warning says so."""
        stopped = asked < recent_from() and self.bounds.available_until is None
        self.no_data_from(newest.add(days=1))
        if stopped:
            logger.warning(
                f"{self.name}: Claude's export stands still: {asked.to_date_string()} is not available yet, the last "
                f"day is {newest.to_date_string()}. The next sync goes on from there."
            )


def recent_from() -> DateTime:
    """From here on a day may not be published yet."""
    return clock.now().start_of("day").subtract(days=_PUBLISHED_WITHIN)


def newest_day(error: SourceError, asked: DateTime) -> DateTime | None:
    """The newest published day that a refusal of the day `asked` names; None when the refusal is about something else.

    Of a day that is long over it must say that it is not available: the refusal of a wrong request names dates as well.
    """
    if error.status != 400:
        return None
    if asked < recent_from() and not _NOT_AVAILABLE.search(error.vendor_message):
        return None
    # it may also name the day or the end of the range that was asked for, the oldest day, or when the day will be there
    return max((day for day in days_in(_OLDEST.sub("", error.vendor_message)) if day < asked), default=None)


def oldest_day(error: SourceError, asked: DateTime) -> DateTime | None:
    """The oldest day that is kept, as a refusal of an older day names it: 90 days in a newer Help Center article."""
    named = _OLDEST.search(error.vendor_message)
    if error.status != 400 or not named:
        return None
    return next((day for day in days_in(named[1]) if day > asked), None)
