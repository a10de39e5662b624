"""What every vendor's API has: keys in headers, refusals, the wait of a 429, cursors and pages."""

import base64
import binascii
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any, TypeVar

from starlette.requests import Request

Json = dict[str, Any]
T = TypeVar("T")
K = TypeVar("K")


class Refusal(Exception):
    """An error answer. `body` is JSON, or makes it from the request's id where the vendor repeats that."""

    def __init__(
        self,
        status: int,
        body: Json | Callable[[str], Json],
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        super().__init__(status, body)
        self.status, self.headers, self.media_type = status, dict(headers or {}), media_type
        self._body = body

    def body(self, request_id: str) -> Json:
        return self._body(request_id) if callable(self._body) else self._body


def basic(request: Request) -> tuple[str, str]:
    """User and password of HTTP Basic, both empty when the request has none."""
    try:
        text = base64.b64decode(_authorization(request, "basic"), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password


def bearer(request: Request) -> str:
    """The bearer token, empty when the request has none."""
    return _authorization(request, "bearer")


def _authorization(request: Request, scheme: str) -> str:
    found, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if found.lower() == scheme else ""


def whole_seconds(wait: float) -> int:
    """A wait as a 429 says it: rounded up, and never none."""
    return max(1, ceil(wait))


class BadCursor(Exception):
    """The cursor is none of ours."""


class OtherQuery(BadCursor):
    """The cursor was given out for another query."""


def cursor(query: object, *place: Any) -> str:
    """An opaque text that leads to `place`, in the answer to this query alone."""
    text = json.dumps([_seal(query), *place])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(text: str, query: object) -> list[Any]:
    """Where a cursor leads. Raises BadCursor, or OtherQuery."""
    try:
        place: list[Any]
        seal, *place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        raise BadCursor from None
    if seal != _seal(query):
        raise OtherQuery
    return place


def offset_of(text: str | None, query: object, wrong: Refusal) -> int:
    """The offset that a cursor leads to, 0 without one. Raises the refusal for a bad one."""
    try:
        return int(place_of(text, query)[0]) if text else 0
    except BadCursor:
        raise wrong from None


def _seal(query: object) -> int:
    return zlib.crc32(repr(query).encode())


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """The rows by key, in their order."""
    found: dict[K, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def number(amount: Decimal) -> int | float:
    """A whole amount without a fraction, as several vendors print amounts."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def cut(rows: Sequence[T], begin: int, size: int) -> tuple[Sequence[T], int | None]:
    """A page of the rows, and where the next one begins; None: there is none."""
    end = begin + size
    return rows[begin:end], end if end < len(rows) else None


def list_after(rows: Sequence[Json], after: str | None, size: int) -> Json | None:
    """A list that is paged by the `id` of the last row seen, as several vendors page; None: `after` is no row's."""
    ids = [row["id"] for row in rows]
    if after is not None and after not in ids:
        return None
    page, more = cut(rows, ids.index(after) + 1 if after is not None else 0, size)
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return {"data": page, "first_id": first, "last_id": last, "has_more": more is not None}
