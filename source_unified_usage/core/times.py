"""Times as a record carries them: RFC 3339 text in UTC, a day from midnight to midnight."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TypedDict

from pendulum import UTC, DateTime


class Period(TypedDict):
    """What one record covers; an event, which has one instant, ends where it starts."""

    start_date: str
    end_date: str


def day_period(day: date | str) -> Period:
    """A UTC day, from a date or a text that begins with YYYY-MM-DD. Raises ValueError when the text is no date."""
    return {"start_date": midnight(day), "end_date": next_midnight(day)}


def month_period(month: DateTime) -> Period:
    """The calendar month that begins at `month`."""
    return {"start_date": rfc3339(month), "end_date": rfc3339(month.add(months=1))}


def event_period(time: str) -> Period:
    """The instant of an event. Raises ValueError."""
    instant = rfc3339(parse_time(time))
    return {"start_date": instant, "end_date": instant}


def midnight(day: date | str) -> str:
    """The start of a UTC day, from a date or a text that begins with YYYY-MM-DD."""
    return f"{day if isinstance(day, str) else day.isoformat()}"[:10] + "T00:00:00Z"


def next_midnight(day: date | str) -> str:
    """The end of a UTC day. Raises ValueError when the text is no date."""
    day = date.fromisoformat(day[:10]) if isinstance(day, str) else day
    return midnight((day if type(day) is date else date(*day.timetuple()[:3])) + timedelta(days=1))


def rfc3339(moment: datetime) -> str:
    """UTC text ending in Z; milliseconds only where there are some."""
    moment = moment.astimezone(timezone.utc)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def parse_time(text: str) -> datetime:
    """An RFC 3339 date or date-time; without a zone it is UTC. Raises ValueError."""
    # Python 3.10 knows neither the Z nor fractions of other than 3 or 6 digits
    text = re.sub(r"(\.\d{1,6})\d*", lambda found: found[1].ljust(7, "0"), text.strip())
    moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)


_IN_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII).fullmatch


def in_form(text: str) -> str:
    """A time as a record carries it: as it is where it has that form, zeros of its milliseconds included.

    Raises ValueError when it is no time.
    """
    moment = parse_time(text)
    return text if _IN_FORM(text) else rfc3339(moment)


def first_instant(text: str) -> datetime:
    """The first instant of what a text names: a month (YYYY-MM), a day or a time. Raises ValueError."""
    return parse_time(f"{text.strip()}-01" if re.fullmatch(r"\s*\d{4}-\d\d\s*", text) else text)


def days_in(message: str) -> Iterator[DateTime]:
    """The days that a vendor's message names as YYYY-MM-DD, alone or in a time; what is no date is passed over."""
    for year, month, day in re.findall(r"(\d{4})-(\d\d)-(\d\d)", message):
        with suppress(ValueError):
            yield DateTime(int(year), int(month), int(day), tzinfo=UTC)


_EPOCH = date(1970, 1, 1).toordinal()
# tables, because every event has a time, and formatting takes most of the work
_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03}Z" for millisecond in range(1000)]


@lru_cache(maxsize=64)
def _minute_of_epoch(minute: int) -> str:
    day, rest = divmod(minute, 1440)
    return f"{date.fromordinal(_EPOCH + day).isoformat()}T{rest // 60:02}:{rest % 60:02}:"


def from_epoch_ms(milliseconds: int) -> str:
    """Epoch milliseconds -> RFC 3339 with milliseconds: 1790867045123 -> 2026-10-01T15:04:05.123Z."""
    rest = milliseconds % 60_000
    return _minute_of_epoch(milliseconds // 60_000) + _SECONDS[rest // 1000] + _MILLISECONDS[rest % 1000]
