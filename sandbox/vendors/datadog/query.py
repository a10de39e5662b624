"""The query parameters of one request, and the cursors of its pages."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Any, TypeVar

from sandbox.kit import Refusal, cursor, cut, offset_of
from sandbox.vendors.datadog.catalog import Organization
from sandbox.vendors.datadog.periods import RETENTION_MONTHS, first_of, month_name, plus_months
from sandbox.vendors.datadog.refusals import beyond, json_api, plain

_MONTH = re.compile(r"\d{4}-\d{2}").fullmatch
T = TypeVar("T")


class Query:
    """What was asked, by whom and when; a wrong value is a 400."""

    def __init__(self, parameters: Mapping[str, str], caller: Organization, now: datetime) -> None:
        self.caller, self.now = caller, now
        self._parameters = dict(parameters)

    def text(self, name: str) -> str | None:
        return self._parameters.get(name) or None

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise plain(400, f"{name} is required")
        return value

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, (self.text(name) or "").split(",")))

    def flag(self, name: str, default: bool = False) -> bool:
        return self.choice(name, ("true", "false"), str(default).lower()) == "true"

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        value = self.text(name) or default
        if value.lower() not in allowed:
            raise _invalid(name)
        return value.lower()

    def instant(self, name: str) -> datetime | None:
        """Any precision from the month down; the callers floor it."""
        value = self.text(name)
        if value is None:
            return None
        try:
            full = f"{value}-01" if _MONTH(value) else value.replace(" ", "+").replace("Z", "+00:00")
            at = datetime.fromisoformat(full)
            return at.replace(tzinfo=timezone.utc) if at.tzinfo is None else at.astimezone(timezone.utc)
        except (ValueError, OverflowError):
            raise _invalid(name) from None

    def hour(self, name: str) -> datetime | None:
        at = self.instant(name)
        return at and at.replace(minute=0, second=0, microsecond=0)

    def day(self, name: str) -> date | None:
        at = self.instant(name)
        return at and at.date()

    def month(self, name: str) -> date | None:
        day = self.day(name)
        return day and first_of(day)

    def start_month(self, name: str = "start_month") -> date:
        """A required month that has begun."""
        self.required(name)
        month = self.month(name)
        assert month
        self.begun(month)
        return month

    def begun(self, month: date) -> None:
        if month > self.now.date():
            raise plain(400, "Start month cannot be in the future")

    def retained(self, day: date, name: str = "month") -> None:
        oldest = plus_months(self.now.date(), -RETENTION_MONTHS)
        if day < oldest:
            raise beyond(name, RETENTION_MONTHS, month_name(oldest))

    def strict_month(self, name: str) -> date:
        """YYYY-MM and nothing longer; the current month when it is not given."""
        value = self.text(name) or month_name(self.now.date())
        try:
            if not _MONTH(value):
                raise ValueError
            return date.fromisoformat(f"{value}-01")
        except ValueError:
            raise json_api(f"{name} must be in the format YYYY-MM") from None

    def hours(self, start_name: str, end_name: str) -> tuple[datetime, datetime]:
        """A half-open range of hours, 24 of them when no end is given."""
        self.required(start_name)
        start, end = self.hour(start_name), self.hour(end_name)
        assert start
        if start > self.now:
            raise plain(400, "start_hr cannot be in the future")
        end = end or datetime.fromtimestamp(start.timestamp() + 24 * 3600, timezone.utc)
        if start >= end:
            hours = f"[{start:%Y-%m-%dT%H}] must be before end_hr [{end:%Y-%m-%dT%H}]"
            raise plain(400, f"start_hr {hours}")
        self.retained(start.date(), "start_hr")
        return start, end

    def page(self, rows: Sequence[T], size: int, cursor_name: str) -> tuple[Sequence[T], str | None]:
        """The rows behind the cursor and the next cursor, which fits the same question only."""
        text = self.text(cursor_name)
        if text == "null":
            return (), None
        asked = sorted((name, value) for name, value in self._parameters.items() if name != cursor_name)
        chosen, more = cut(rows, offset_of(text, asked, _invalid(cursor_name)), size)
        return chosen, None if more is None else cursor(asked, more)


def _invalid(name: str) -> Refusal:
    return plain(400, f"{name} is invalid")


def identifier(*parts: Any) -> str:
    """A row's own 64 hexadecimal digits."""
    return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()
