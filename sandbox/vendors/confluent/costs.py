"""`GET /billing/v1/costs`: its parameters, its envelope and its pages."""

import calendar
import re
from datetime import date, datetime, timedelta

from starlette.datastructures import QueryParams

from sandbox.kit import BadCursor, Json, cursor, place_of
from sandbox.vendors.confluent.bill import OLDEST, Bill
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.refusals import invalid, too_old
from sandbox.vendors.confluent.rows import row

PATH = "billing/v1/costs"
_PAGE_SIZE = 5000
_LARGEST_PAGE = 10_000


class Costs:
    """The pages of costs."""

    def __init__(self, bill: Bill, knobs: Knobs) -> None:
        self._bill, self._knobs = bill, knobs

    def page(self, query: QueryParams, base: str, now: datetime) -> Json:
        """One page. Raises Refusal for parameters that the vendor does not take."""
        start, end = self._range(query, now.date())
        size = page_size(query, _PAGE_SIZE, _LARGEST_PAGE)
        asked = (PATH, start, end, size)
        place = page_place(query, asked, now, self._knobs.token_lifetime)
        if self._knobs.transient_400 > 0 and start >= now.date() - OLDEST:
            self._knobs.transient_400 -= 1
            raise too_old()
        size = min(size, self._knobs.page_cap or size)
        # every second page of those counted is the empty one in front of a full one
        pages = 2 if self._knobs.empty_pages else 1
        number, full = place // pages, place % pages == 0
        lines = list(self._bill.served(start, end, now))
        chosen = lines[number * size : (number + 1) * size] if full else []
        last = full and (number + 1) * size >= len(lines)
        token = None if last else token_of(asked, place + 1, now)
        data: list[Json] | None = [row(line, self._knobs) for line in chosen]
        if not data and self._knobs.null_data:
            data = None
        final = token_of(asked, max(0, -(-len(lines) // size) - 1) * pages, now)
        metadata = self._metadata(query, base, token, final, len(lines))
        return {
            "api_version": self._knobs.api_version,
            "kind": "CostList",
            **({} if metadata is None else {"metadata": metadata}),
            "data": data,
        }

    def _range(self, query: QueryParams, today: date) -> tuple[date, date]:
        start, end = _day(query, "start_date"), _day(query, "end_date")
        if end <= start:
            raise invalid("end_date", "end date must be after start date")
        if (end - start).days > 31 and end > _month_after(start):
            raise invalid("end_date", "date range exceeds one month")
        if start < _year_before(today):
            raise too_old()
        return start, end

    def _metadata(self, query: QueryParams, base: str, token: str | None, final: str, total: int) -> Json | None:
        """None: the page has no metadata at all."""
        knobs = self._knobs
        url = f"{(knobs.next_base or base).rstrip('/')}/{PATH}"
        metadata: Json = {}
        if knobs.shape == "legacy":
            last = f"{url}?page_token={final}"
            metadata = {"first": url, "last": last, "prev": "", "next": "", "total_size": total}
        if token is None:
            if knobs.last_page == "no metadata":
                return None
            if knobs.last_page != "missing":
                metadata["next"] = None if knobs.last_page == "null" else ""
            return metadata
        if knobs.broken_next == "repeated":
            token = query.get("page_token") or token
        named = "" if knobs.broken_next == "tokenless" else f"?page_token={token}"
        return {**metadata, "next": f"{url}{named}"}


def page_size(query: QueryParams, default: int, largest: int) -> int:
    """The page_size asked for. Raises Refusal outside of 1 to `largest`."""
    text = query.get("page_size")
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= largest:
        raise invalid("page_size", f"page_size must be between 1 and {largest}")
    return int(text)


def page_place(query: QueryParams, asked: object, now: datetime, lifetime: timedelta | None) -> int:
    """Where the request's page_token leads, 0 without one. Raises Refusal for a bad one."""
    token = query.get("page_token")
    place = 0 if token is None else place_within(token, asked, now, lifetime)
    if place is None:
        raise invalid("page_token", "invalid page token")
    return place


def token_of(asked: object, place: int, now: datetime) -> str:
    """The token that leads to a place; it carries when it was given out."""
    return cursor(asked, place, int(now.timestamp()))


def place_within(token: str, asked: object, now: datetime, lifetime: timedelta | None) -> int | None:
    """Where a token leads; None for a bad one, or one that is older than its lifetime."""
    try:
        place, issued = place_of(token, asked)
    except (BadCursor, ValueError):
        return None
    expired = lifetime is not None and now.timestamp() - issued > lifetime.total_seconds()
    return None if expired else int(place)


def _day(query: QueryParams, name: str) -> date:
    text = query.get(name, "")
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise invalid(name, f"{name} must be formatted as YYYY-MM-DD")


def _month_after(day: date) -> date:
    """The same day of the next month, or its last one."""
    year, month = day.year + day.month // 12, day.month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _year_before(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)
