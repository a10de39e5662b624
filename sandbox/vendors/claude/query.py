"""A request's parameters as the two APIs read them, their cursors, and how they refuse."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from starlette.requests import Request

WIDTHS = {"1d": timedelta(days=1), "1h": timedelta(hours=1), "1m": timedelta(minutes=1)}
_ZONED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)").fullmatch
_DAY = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
STOP = {"x-should-retry": "false"}


class Refusal(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, type: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.type, self.message = status, type, message
        self.headers = headers or {}


def invalid(message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    return Refusal(400, "invalid_request_error", message, headers)


def permission(message: str) -> Refusal:
    return Refusal(403, "permission_error", message, STOP)


def missing_scopes(got: Sequence[str], needed: str) -> Refusal:
    return permission(f"Missing required scopes. Got: {list(got)} Needed: {[needed]}")


def not_found() -> Refusal:
    return Refusal(404, "not_found_error", "Not found")


def too_many_requests(quota: Mapping[str, str], retry_after: int | None) -> Refusal:
    if retry_after is None:
        return Refusal(429, "rate_limit_error", "Too many requests", quota)
    message = "This request would exceed your organization's rate limit."
    return Refusal(429, "rate_limit_error", message, {"retry-after": str(retry_after)})


def no_complete_bucket() -> Refusal:
    return invalid("Invalid date range: ending date must be after starting date", STOP)


def not_yet_available(asked: date, latest: date) -> Refusal:
    return invalid(
        f"Requested date {asked} is not yet available. The most recent date with available analytics data is {latest}.",
        STOP,
    )


def page_end(next_page: str | None, last: str) -> dict[str, str | None]:
    """`next_page`, or the way in which this account says that there is none."""
    if next_page is None and last != "null":
        return {"next_page": ""} if last == "empty" else {}
    return {"next_page": next_page}


@dataclass
class Query:
    """The parameters of one request; unknown ones are ignored, as the vendor does."""

    request: Request
    now: datetime
    offset: int = 0
    export: str = ""
    _pairs: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pairs = self.request.query_params.multi_items()

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
            text = base64.urlsafe_b64decode(page.removeprefix("page_").encode() + b"==")
            offset, moment, then, fingerprint = json.loads(text)
        except (ValueError, TypeError):
            raise invalid("page: invalid cursor") from None
        if fingerprint != self._fingerprint():
            raise invalid("cursor does not match current query parameters")
        if then != export:
            message = "The page cursor is no longer valid. Restart pagination from the first page."
            raise Refusal(410, "invalid_request_error", message)
        self.offset, self.now = offset, datetime.fromisoformat(moment)

    def cursor(self, offset: int) -> str:
        parts = [offset, self.now.isoformat(), self.export, self._fingerprint()]
        text = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
        return "page_" + text.rstrip("=")

    def has_more(self, more: int, count: int) -> tuple[bool, str | None]:
        """`has_more` and `next_page` when the rows before `more` of `count` have been served."""
        return more < count, self.cursor(more) if more < count else None

    def _fingerprint(self) -> str:
        parameters = sorted(pair for pair in self._pairs if pair[0] != "page")
        return hashlib.sha256(repr((self.request.url.path, parameters)).encode()).hexdigest()[:16]
