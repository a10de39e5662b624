"""Days and moments, all in UTC, and how most vendors spell them."""

from datetime import date, datetime, time, timedelta, timezone

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)


def epoch(day: date) -> int:
    """The day's midnight in Unix seconds."""
    return int(midnight(day).timestamp())


def day_at(second: float) -> date:
    """The day of a moment in Unix seconds."""
    return datetime.fromtimestamp(second, timezone.utc).date()


def days_between(start: date, end: date) -> list[date]:
    """From start to end, without end."""
    return [start + n * DAY for n in range((end - start).days)]


def stamp(at: datetime) -> str:
    return f"{at.isoformat()[:19]}Z"


def exact_stamp(at: datetime) -> str:
    """With milliseconds, as some vendors spell every time."""
    return at.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def day_stamp(day: date) -> str:
    """The day's midnight as text."""
    return stamp(midnight(day))
