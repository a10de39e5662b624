"""A window that the vendor serves only in part."""

from collections.abc import Iterator
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from pendulum import DateTime, datetime

from source_unified_usage.core.api import Api, Credential
from source_unified_usage.core.errors import Defect
from source_unified_usage.core.pages import pages
from source_unified_usage.core.reading import StreamReading
from source_unified_usage.core.stream import ServedFrom, UsageStream
from source_unified_usage.core.usage import Usage, midnight, usage
from source_unified_usage.core.window import Window, days

WEEK = Window(datetime(2026, 9, 1), datetime(2026, 9, 6))


class Acme(Api):
    title = "Acme"


class Kept(UsageStream):
    """One row a day, of the days that are kept when it is asked: each time it is asked that may be fewer."""

    name = "acme_usage"
    step = days(30)

    def __init__(self, *kept_from: DateTime) -> None:
        super().__init__(Acme("https://api.acme.example", Credential("acme.api_key", {})))
        self._kept_from = iter(kept_from)

    def rows(self, window: Window) -> Iterator[DateTime]:
        oldest = next(self._kept_from)
        if window.start < oldest:
            raise ServedFrom(oldest)
        day = window.start
        while day < window.end:
            yield day
            day = day.add(days=1)

    def usages(self, row: DateTime, window: Window) -> Iterator[Usage]:
        day = midnight(row)
        yield usage(id=self.id(day), product={"id": "acme"}, start_date=day, end_date=day, remote_data={"day": day})


def days_read(stream: UsageStream) -> tuple[list[str], Any]:
    reading = StreamReading(stream, (), as_bytes=False)
    found: list[str] = []
    for item in reading.read(WEEK):
        records = [item.data] if hasattr(item, "data") else item.records
        found += [record["start_date"][8:10] for record in records]
    return found, stream.served_from


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
    assert days_read(stream)[0] == found


def test_a_vendor_that_refuses_the_day_it_named_is_not_asked_for_ever() -> None:
    class Circling(Kept):
        def rows(self, window: Window) -> Iterator[DateTime]:
            raise ServedFrom(datetime(2026, 9, 3))
            yield

    with pytest.raises(Exception, match="as the oldest day it serves") as told:
        days_read(Circling())
    assert type(told.value).__name__ == "BrokenContract"


class Misspelt(Kept):
    """A defect of the source: a field of a record that nobody knows."""

    def usages(self, row: DateTime, window: Window) -> Iterator[Usage]:
        for record in super().usages(row, window):
            yield {**record, "usage": {"tokens": {"inputs": 1}}}


def test_a_misspelt_field_is_a_defect_of_the_source_and_not_the_vendors() -> None:
    with pytest.raises(Defect) as told:
        list(pages(Misspelt(datetime(2026, 9, 1)), WEEK))
    assert str(told.value).startswith(
        "Acme, stream acme_usage: it wrote a field that its schema does not know, usage.tokens.inputs. This is a "
        "defect of the source"
    )
    assert "report it" in str(told.value)
    assert told.value.failure_type == FailureType.system_error
