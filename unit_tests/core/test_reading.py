"""A stream during a sync: windows that the vendor serves only in part, and what a failure leaves open."""

import contextlib
from collections.abc import Iterator
from datetime import date

import pytest
from airbyte_cdk.models import FailureType
from pendulum import DateTime, datetime

from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import BrokenContract, ConfigError, Defect, SourceError, Unavailable
from source_unified_usage.core.pages import pages
from source_unified_usage.core.reading import StreamReading, WindowPartition
from source_unified_usage.core.stream import Range, RetentionStart, UsageStream
from source_unified_usage.core.times import midnight
from source_unified_usage.core.usage import Usage, usage
from source_unified_usage.core.window import Covered, Window, days, months

WEEK = Window(datetime(2026, 9, 1), datetime(2026, 9, 6))


class Acme(Api):
    title = "Acme"


class Kept(UsageStream):
    """One row a day, of the days that the vendor still keeps. Each request may find fewer days."""

    name = "acme_usage"
    role = "bill"
    step = days(30)

    def __init__(self, *kept_from: DateTime) -> None:
        super().__init__(Acme("https://api.acme.example", Credential("acme.api_key", {})))
        self._kept_from = iter(kept_from)

    def rows(self, window: Window) -> Iterator[DateTime]:
        oldest = next(self._kept_from)
        if window.start < oldest:
            raise RetentionStart(oldest)
        day = window.start
        while day < window.end:
            yield day
            day = day.add(days=1)

    def usages(self, item: DateTime) -> Iterator[Usage]:
        day = midnight(item)
        yield usage(id=self.id(day), product={"id": "acme"}, start_date=day, end_date=day, remote_data={"day": day})


def days_read(stream: UsageStream) -> tuple[list[str], Exception | None]:
    reading = StreamReading(stream, closed=WEEK.end)
    found: list[str] = []
    for item in reading.read(WEEK):
        records = [item.data] if hasattr(item, "data") else item.records
        found += [record["start_date"][8:10] for record in records]
    return found, reading.failure


@pytest.mark.parametrize(
    ("kept_from", "found"),
    [
        ([1], ["01", "02", "03", "04", "05"]),
        ([3, 3], ["03", "04", "05"]),
        ([3, 4, 4], ["04", "05"]),  # a midnight has passed between the two requests
        ([6], []),
    ],
)
def test_it_is_read_from_the_day_that_is_served(kept_from: list[int], found: list[str]) -> None:
    stream = Kept(*(datetime(2026, 9, day) for day in kept_from))
    assert days_read(stream) == (found, None)


def test_a_vendor_that_refuses_the_day_it_named_is_not_asked_without_end() -> None:
    class Circling(Kept):
        def rows(self, window: Window) -> Iterator[DateTime]:
            raise RetentionStart(datetime(2026, 9, 3))
            yield

    found, failure = days_read(Circling())
    assert not found
    assert isinstance(failure, BrokenContract)
    assert "names 2026-09-03 as the oldest day it serves, and refuses" in str(failure)


class Misspelt(Kept):
    """A defect of the source: a record field that the schema does not have."""

    def usages(self, item: DateTime) -> Iterator[Usage]:
        for record in super().usages(item):
            yield {**record, "usage": {"tokens": {"inputs": 1}}}


def test_a_misspelt_field_is_a_defect_of_the_source_and_not_the_vendors() -> None:
    with pytest.raises(Defect) as caught:
        list(pages(Misspelt(datetime(2026, 9, 1)), WEEK))
    assert str(caught.value).startswith(
        "Acme, stream acme_usage: it wrote a field that its schema does not know, usage.tokens.inputs. This is a "
        "defect of the source"
    )
    assert "report it" in str(caught.value)
    assert caught.value.failure_type == FailureType.system_error


def failing(*days_of_september: int, error: type[SourceError] = Unavailable) -> UsageStream:
    """One row a day; the windows of these days fail."""

    class Failing(Kept):
        step = days(1)

        def rows(self, window: Window) -> Iterator[DateTime]:
            if window.start.day in days_of_september:
                raise error("Acme says no.")
            yield window.start

    return Failing()


def sync(stream: UsageStream, start: date, covered: Covered | None = None) -> Exception | None:
    """The error of a sync on September 11th that reads from the 1st to the 10th."""
    stream.plan(Range(start, None, False, datetime(2026, 9, 11, 9)), covered or Covered())
    reading = StreamReading(stream, closed=datetime(2026, 9, 11))
    with contextlib.suppress(SourceError):
        for partition in reading.generate():
            assert isinstance(partition, WindowPartition)
            list(partition.read())
            partition.close()
    return reading.failure


SEPTEMBER = date(2026, 9, 1)


@pytest.mark.parametrize(
    ("stream", "unread"),
    [
        (failing(3), "2026-09-03 to 2026-09-03"),
        (failing(3, 6), "2026-09-03 to 2026-09-03, 2026-09-06 to 2026-09-06"),
        (failing(3, 6, 7), "2026-09-03 to 2026-09-03, 2026-09-06 to 2026-09-10"),  # it stops at the second in a row
        (failing(1, error=ConfigError), "2026-09-01 to 2026-09-10"),
        (failing(4, error=ConfigError), "2026-09-04 to 2026-09-10"),
        (failing(10, error=ConfigError), "2026-09-10 to 2026-09-10"),
    ],
)
def test_an_error_names_all_that_was_not_read(stream: UsageStream, unread: str) -> None:
    assert str(sync(stream, SEPTEMBER)) == f"Acme says no. Not read: {unread}; the next sync reads it."


def test_an_error_names_the_gaps_and_the_lookback_of_a_resumed_sync() -> None:
    covered = Covered((Window(datetime(2026, 9, 2), datetime(2026, 9, 9)),), datetime(2026, 9, 9))
    stream = failing(1, error=ConfigError)
    assert str(sync(stream, SEPTEMBER, covered)).endswith(
        "Not read: 2026-09-01 to 2026-09-01, 2026-09-06 to 2026-09-10; the next sync reads it."
    )


def test_an_error_names_nothing_that_the_vendor_does_not_have() -> None:
    stream = failing(4, 5)
    stream.no_data_from(datetime(2026, 9, 8))
    stream.retained_from(datetime(2026, 9, 5))
    assert str(sync(stream, SEPTEMBER)).endswith("Not read: 2026-09-05 to 2026-09-05; the next sync reads it.")


def test_a_defect_names_what_was_not_read_too() -> None:
    error = sync(failing(4, error=Defect), SEPTEMBER)
    assert type(error) is Defect
    assert str(error).endswith("Not read: 2026-09-04 to 2026-09-04; the next sync reads it.")


class Billed(Kept):
    """By the month, of which the vendor keeps two."""

    grain = "month"
    step = months(1)

    def rows(self, window: Window) -> Iterator[DateTime]:
        yield window.start

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.start_of("month").subtract(months=1)


@pytest.mark.parametrize("stream", [Billed(), Kept(*[datetime(2026, 8, 1)] * 5)])
def test_the_warning_of_a_start_that_is_too_old_names_the_configured_date(
    stream: UsageStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where a month's window begins before it, and where a state leaves only gaps."""
    with caplog.at_level("WARNING", "airbyte"):
        sync(stream, date(2026, 6, 17), Covered().add(Window(datetime(2026, 6, 17), datetime(2026, 6, 20))))
    (line,) = [line for line in caplog.messages if "older" in line]
    assert line == (
        "acme_usage: start_date 2026-06-17 is older than what Acme keeps; reading from 2026-08-01, the oldest day it "
        "serves."
    )
