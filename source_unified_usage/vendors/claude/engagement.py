"""The engagement endpoints of the Analytics API: one finished day per request, up to the day that is published."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import UTC, Date, DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import UNMAPPABLE, ConfigError, SourceError, Unmappable
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import RetentionStart, UsageStream
from source_unified_usage.core.times import Period, day_period
from source_unified_usage.core.usage import Row, compact, nth, with_ordinals_once
from source_unified_usage.core.window import Window, days, utc_midnight
from source_unified_usage.vendors.claude.api import ANALYTICS, AnalyticsApi, organization_id
from source_unified_usage.vendors.claude.terms import order

FIRST_DAY = DateTime(2026, 1, 1, tzinfo=UTC)  # nothing is served from before
_OLDEST = re.compile(
    r"(?:on or after|no(?:t before| earlier than)|(?:oldest|earliest)\b[^.;]*?)\s+(\d{4}-\d\d-\d\d)\S*",
    re.IGNORECASE,
)
_YOUNG = 10  # days; an older day is missing only while the export stands still, as in anthropics/claude-code#64503


class Part(NamedTuple):
    """What one record is made of: a row, or `what` of it where the row makes several."""

    id: str
    row: Row
    what: tuple[str | None, ...] = ()


class Engagement(UsageStream[AnalyticsApi]):
    """One endpoint that is asked by `date`. Rows do not tell their day: it is the window's."""

    step = days(1)
    lookback = days(7)
    open_day = False
    endpoint: str
    paged = True
    may_be_absent = False  # 404 on accounts that lack it

    def __init__(self, api: AnalyticsApi) -> None:
        super().__init__(api)
        self.organization: dict[str, str] = {}

    def path(self) -> str:
        return f"{ANALYTICS}/{self.endpoint}"

    def earliest_available(self, today: DateTime) -> DateTime:
        return FIRST_DAY

    def rows(self, window: Window) -> Iterable[Part]:
        return self.parts(self.published(window), window)

    def parts(self, rows: Iterable[Row], window: Window) -> Iterator[Part]:
        """Parts of rows that agree in their key are numbered, each kind of part for itself.

        So the ids stay when a correction lets such rows change places.
        """
        parts: list[Part] = []
        for row in rows:
            try:
                parts += [Part(self.key(row, window, *what), row, what) for what in self.split(row)]
            except UNMAPPABLE as error:
                raise Unmappable(row, error) from error
        for part, ordinal in with_ordinals_once(parts, lambda part: part.id, lambda part: order(part.row)):
            yield part._replace(id=nth(part.id, ordinal)) if ordinal else part

    def split(self, row: Row) -> Iterable[tuple[str | None, ...]]:
        """What makes a record of its own in a row."""
        return ((),)

    def key(self, row: Row, window: Window, *what: str | None) -> str:
        """The id by the natural key alone."""
        return self.id(window.first_day, *self.natural_key(row), *what)

    def natural_key(self, row: Row) -> Sequence[Any]:
        """What tells a row from the others of its day. Raises KeyError or ValueError when the vendor left it out."""
        raise NotImplementedError

    def published(self, window: Window) -> Iterable[Row]:
        """The day's rows; none from the first day on that is not published yet."""
        query: dict[str, Any] = {"date": window.first_day}
        if self.paged:
            query["limit"] = 1000
        try:
            answers = self.ask(query, window)
        except ConfigError as error:
            if newest := newest_day(error, window.first_day):
                self.published_until(newest, window.first_day)
                return
            if error.status != 404 or not self.may_be_absent or not self.api.answers():
                raise
            self.not_available(window, f"this Claude account does not have {self.endpoint} (404), nothing to read")
            return
        self.organization = compact(id=organization_id(answers[0]))
        for answer in answers:
            yield from answer.rows("data")

    def ask(self, query: Mapping[str, Any], window: Window) -> list[Answer]:
        """All pages. Raises ServedFrom when the organization keeps less than all days."""
        try:
            return self.api.read(self.path(), query)
        except ConfigError as error:
            if oldest := oldest_day(error, window.first_day):
                raise RetentionStart(oldest) from None
            raise

    def published_until(self, newest: DateTime, asked: str) -> None:
        """The stream ends behind the newest day. An export that stands still is the vendor's delay, and said."""
        stalled = utc_midnight(Date.fromisoformat(asked)) < young() and self.bounds.available_until is None
        self.no_data_from(newest.add(days=1))
        if stalled:
            logger.warning(
                f"{self.name}: Claude's export stands still: {asked} is not available yet, the last day is "
                f"{newest.to_date_string()}. The next sync goes on from there."
            )

    def day(self, window: Window) -> Period:
        return day_period(window.first_day)


def young() -> DateTime:
    """From here on a day may not be published yet."""
    return clock.now().start_of("day").subtract(days=_YOUNG)


def newest_day(error: SourceError, asked: str) -> DateTime | None:
    """The newest published day that a refusal of the day `asked` names; None when it is about something else.

    A day that is long over must be said to be unavailable: a wrong request names dates as well.
    """
    if error.status != 400:
        return None
    if Date.fromisoformat(asked) < young().date() and not re.search(r"not\b.*\bavailable", error.vendor_message):
        return None
    # it may echo the asked day or the end of the asked range, say when the day will be there, or name the first of all
    message = _OLDEST.sub("", error.vendor_message)
    named = [text for text in re.findall(r"\d{4}-\d\d-\d\d", message) if text < asked]
    if not named:
        return None
    return utc_midnight(Date.fromisoformat(max(named)))


def oldest_day(error: SourceError, asked: str) -> DateTime | None:
    """The oldest served day that a refusal of the older day `asked` names; an older page of theirs said 90 days."""
    named = _OLDEST.search(error.vendor_message)
    if error.status != 400 or not named or named[1] <= asked:
        return None
    return utc_midnight(Date.fromisoformat(named[1]))
