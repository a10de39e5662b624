"""Months, and how the vendor spells times; everything is UTC."""

from collections.abc import Iterator
from datetime import date, datetime

from sandbox.times import DAY

RETENTION_MONTHS = 15


def first_of(day: date) -> date:
    return day.replace(day=1)


def plus_months(month: date, count: int) -> date:
    """The first of the month `count` months later."""
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def last_of(month: date) -> date:
    return plus_months(month, 1) - DAY


def months_between(start: date, end: date) -> Iterator[date]:
    """From the month of start to the month of end, with both."""
    month = first_of(start)
    while month <= end:
        yield month
        month = plus_months(month, 1)


def month_name(month: date) -> str:
    return f"{month:%Y-%m}"


def offset_stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}+00:00"
