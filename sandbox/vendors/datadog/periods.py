"""Days, months and how the vendor spells them; everything is UTC."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RETENTION_MONTHS = 15


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)


def first_of(day: date) -> date:
    return day.replace(day=1)


def plus_months(month: date, count: int) -> date:
    """The first of the month `count` months later."""
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def last_of(month: date) -> date:
    return plus_months(month, 1) - DAY


def days_between(start: date, end: date) -> list[date]:
    """From start to end, without end."""
    return [start + timedelta(days=n) for n in range((end - start).days)]


def months_between(start: date, end: date) -> Iterator[date]:
    """From the month of start to the month of end, with both."""
    month = first_of(start)
    while month <= end:
        yield month
        month = plus_months(month, 1)


def month_name(month: date) -> str:
    return f"{month:%Y-%m}"


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def offset_stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}+00:00"
