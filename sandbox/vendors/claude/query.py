"""A request's parameters as the two APIs read them, and their cursors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import TypeVar

from starlette.datastructures import QueryParams

from sandbox.kit import BadCursor, OtherQuery, cursor, cut, place_of
from sandbox.times import DAY, day_stamp
from sandbox.vendors.claude.refusals import cursor_expired, invalid

T = TypeVar("T")

_ZONED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)").fullmatch
_DAY = re.compile(r"\d{4}-\d\d-\d\d").fullmatch


def page_end(next_page: str | None, last: str) -> dict[str, str | None]:
    """`next_page`, or the way in which this account says that there is none."""
    if next_page is None and last != "null":
        return {"next_page": ""} if last == "empty" else {}
    return {"next_page": next_page}


def bounds(day: date) -> dict[str, str]:
    """A day as a bucket or a row names it."""
    return {"starting_at": day_stamp(day), "ending_at": day_stamp(day + DAY)}


@dataclass
class Query:
    """The parameters of one request; unknown ones are ignored, as the vendor does."""

    path: str
    parameters: QueryParams
    now: datetime
    offset: int = 0
    export: str = ""

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return self.parameters.multi_items()

    def text(self, name: str) -> str | None:
        return next((value for key, value in self._pairs if key == name), None)

    def many(self, name: str) -> list[str]:
        """A list parameter, written `name[]` and repeated."""
        return [value for key, value in self._pairs if key == f"{name}[]"]

    def flag(self, name: str) -> bool:
        return self.text(name) == "true"

    def whole(self, name: str, default: int, most: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid(f"{name}: must be an integer between 1 and {most}")
        return int(text)

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        text = self.text(name)
        if text is not None and text not in allowed:
            raise invalid(f"{name}: must be one of {', '.join(allowed)}")
        return text or default

    def some_of(self, name: str, allowed: Sequence[str]) -> list[str]:
        values = self.many(name)
        for value in values:
            if value not in allowed:
                raise invalid(f"{name}[]: unsupported value '{value}'")
        return list(dict.fromkeys(values))

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            if _DAY(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise invalid(f"{name}: must be a date in the form YYYY-MM-DD")

    def day_since(self, oldest: date, name: str) -> date | None:
        day = self.day(name)
        if day is not None and day < oldest:
            raise invalid(f"{name}: must be on or after {oldest}")
        return day

    def instant(self, name: str) -> datetime | None:
        """An RFC 3339 time, whose zone is required."""
        text = self.text(name)
        if text is None:
            return None
        # An unescaped + of a zone arrives as a space, which RFC 3339 does not know.
        if parts := _ZONED(text):
            try:
                zone = "+00:00" if parts[2] == "Z" else parts[2]
                return datetime.fromisoformat(parts[1] + zone).astimezone(timezone.utc)
            except (ValueError, OverflowError):
                pass
        raise invalid(f"{name}: must be an RFC 3339 timestamp with a time zone")

    def required_instant(self, name: str) -> datetime:
        value = self.instant(name)
        if value is None:
            raise invalid(f"{name}: Field required")
        return value

    def resume(self, export: str = "") -> None:
        """Take over the place and the moment of the sequence from the `page` cursor.

        A cursor of an earlier export is gone; one of other parameters was never valid.
        """
        self.export = export
        page = self.text("page")
        if page is None:
            return
        try:
            offset, moment, then = place_of(page.removeprefix("page_"), self._asked())
        except OtherQuery:
            raise invalid("cursor does not match current query parameters") from None
        except BadCursor:
            raise invalid("page: invalid cursor") from None
        if then != export:
            raise cursor_expired()
        self.offset, self.now = offset, datetime.fromisoformat(moment)

    def cut(self, rows: Sequence[T], size: int) -> tuple[Sequence[T], str | None]:
        """The page that is asked for, and the cursor of the next."""
        page, more = cut(rows, self.offset, size)
        return page, None if more is None else self.cursor(more)

    def cursor(self, offset: int) -> str:
        return "page_" + cursor(self._asked(), offset, self.now.isoformat(), self.export)

    def _asked(self) -> tuple[str, list[tuple[str, str]]]:
        """What a cursor belongs to."""
        return self.path, sorted(pair for pair in self._pairs if pair[0] != "page")
