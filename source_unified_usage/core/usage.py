"""Building one record of the unified Usage schema: identity, money, numbers, times, leaving out what is unknown."""

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import count
from math import isfinite
from typing import Any, TypedDict, TypeVar, cast
from urllib.parse import quote

from orjson import dumps

from source_unified_usage.core.errors import UNMAPPABLE, Unmappable

Row = Mapping[str, Any]
Number = int | float
T = TypeVar("T")


class Charge(TypedDict, total=False):
    """One view of a line's amount; `currency` is upper-case ISO 4217 or the vendor's own unit."""

    amount: Number
    currency: str
    type: str


class Usage(TypedDict, total=False):
    """One record. Only `id` is always there; what the vendor does not tell is left out."""

    id: str
    product: Mapping[str, Any]
    metric_name: str
    resources: Sequence[Mapping[str, Any]]
    organization: Mapping[str, Any]
    user: Mapping[str, Any]
    model: Mapping[str, Any]
    charges: Sequence[Charge]
    usage: Mapping[str, Any]
    start_date: str
    end_date: str
    created_at: str
    updated_at: str
    surface: str
    remote_data: Row


def compact(**fields: Any) -> dict[str, Any]:
    """The fields that are known: without None, "", {} and []; a real 0 or False stays."""
    return {name: value for name, value in fields.items() if value or value == 0}


def usage(**fields: Any) -> Usage:
    """A record from its parts, without the unknown ones; `id`, `start_date`, `end_date` and `remote_data` are known."""
    if not all(fields.values()):
        fields = {name: value for name, value in fields.items() if value}
    return cast(Usage, fields)


def listed(row: Row, name: str) -> Sequence[Row]:
    """The rows in a row; none when null. Raises KeyError, or ValueError when it is something else."""
    found = row[name]
    if found is not None and not isinstance(found, list):
        raise ValueError(f"{name} is no list")
    return found or ()


# --- identity ---------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z0-9\-_.:@+,]{1,64}").fullmatch
MISSING = "~"


def record_id(stream: str, *parts: Any) -> str:
    """`<stream>/<part>/...`, the primary key made from the parts of the row's natural key."""
    for part in parts:
        stream += f"/{part}" if part.__class__ is int else "/" + _id_part(part)
    return stream


def _id_part(value: Any) -> str:
    if value.__class__ is str:
        return _text_part(value)
    if value is None or value == {} or value == []:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    return _hash(value) if isinstance(value, (Mapping, list)) else _text_part(str(value))


@lru_cache(maxsize=4096)  # most parts are models, users and products, which come again and again
def _text_part(text: str) -> str:
    if _PLAIN(text):
        return text
    if not text:
        return MISSING
    return _hash(text) if len(text) > 64 else quote(text, safe=":@+,").replace("~", "%7E")


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, not escaped to ASCII: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def with_ordinals(
    rows: Iterable[T], key: Callable[[T], Hashable], order: Callable[[T], Any]
) -> Iterator[tuple[T, int]]:
    """Every row with its ordinal among the rows of the same key, for rows that the vendor does not tell apart.

    Twins are counted in `order`, so the ordinals do not depend on the order of `rows`. Raises Unmappable.
    """
    groups: dict[Hashable, list[T]] = {}
    for row in rows:
        try:
            groups.setdefault(key(row), []).append(row)
        except UNMAPPABLE as error:
            raise Unmappable(row, error) from error
    for twins in groups.values():
        if len(twins) == 1:
            yield twins[0], 0
            continue
        try:
            twins.sort(key=order)
        except UNMAPPABLE as error:
            raise Unmappable(twins[0], error) from error
        yield from zip(twins, count())


# --- numbers and money ------------------------------------------------------------------------------------------


def decimal(value: Any) -> Decimal | None:
    """The exact value of a JSON number or numeric string; None and "" are unknown.

    Raises ValueError for anything else, NaN and Infinity included.
    """
    kind = value.__class__
    try:
        if kind is float:
            # the shortest text that gives the same float: the digits that the vendor wrote; repr takes thrice as long
            exact = Decimal(dumps(value).decode())
        elif value is None or value == "":
            return None
        elif kind is int or kind is str or kind is Decimal:
            exact = Decimal(value)
        else:
            raise ValueError(f"{value!r} is not a number")
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not exact.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return exact


def from_cents(value: Any) -> Decimal | None:
    """Cents as the vendor sends them -> whole currency units."""
    exact = decimal(value)
    return None if exact is None else exact.scaleb(-2)


def number(value: Decimal) -> Number:
    """The JSON number of an exact value: an integer where it is one, else the nearest float.

    Raises ValueError where no finite JSON number is near.
    """
    nearest = float(value)
    if nearest.is_integer() and value == (integer := int(value)) and abs(nearest) < 2**63:
        return integer
    if not isfinite(nearest):
        raise ValueError(f"{value} is beyond a JSON number")
    return nearest


def quantity(value: Any) -> Number | None:
    """A vendor's figure as a JSON number: an int stays as it is, text becomes a number, None stays unknown."""
    if value.__class__ is int:
        return int(value)
    exact = decimal(value)
    return None if exact is None else number(exact)


def charges(
    currency: str,
    *,
    net: Decimal | None = None,
    total: Decimal | None = None,
    **classes: Decimal | None,
) -> list[Charge]:
    """The views of one line's amount, in whole units of `currency`.

    With a `net` there are always both `net` and `total` (equal when no total is given), and a `discount` of
    total - net when it is not zero. `classes` are the vendor's own types: on_demand, committed, usage_based, ...
    """
    lines: list[Charge] = []
    billed: Number = 0
    if net is not None:
        billed = number(net)
        lines = [{"amount": billed, "currency": currency, "type": "net"}]
        if total is None or total is net or total == net:
            lines.append({"amount": billed, "currency": currency, "type": "total"})
        else:
            lines.append({"amount": number(total), "currency": currency, "type": "total"})
            lines.append({"amount": number(total - net), "currency": currency, "type": "discount"})
    for kind, value in classes.items():
        if value is not None:
            amount = billed if value is net else number(value)
            lines.append({"amount": amount, "currency": currency, "type": kind})
    return lines


# --- times ------------------------------------------------------------------------------------------------------


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


def first_instant(text: str) -> datetime:
    """The first instant of the month (YYYY-MM), day or time that a text names, where a month is enough.

    Raises ValueError.
    """
    return parse_time(f"{text.strip()}-01" if re.fullmatch(r"\s*\d{4}-\d\d\s*", text) else text)


_EPOCH = date(1970, 1, 1).toordinal()
# tables, because every event has a time and formatting is what takes it
_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03}Z" for millisecond in range(1000)]


@lru_cache(maxsize=64)
def _minute_of_epoch(minute: int) -> str:
    day, rest = divmod(minute, 1440)
    return f"{date.fromordinal(_EPOCH + day).isoformat()}T{rest // 60:02}:{rest % 60:02}:"


def from_epoch_ms(milliseconds: int) -> str:
    """Epoch milliseconds -> RFC 3339 with milliseconds: 1790867045123 -> 2026-10-01T15:04:05.123Z."""
    seconds, millisecond = divmod(milliseconds, 1000)
    minute, second = divmod(seconds, 60)
    return _minute_of_epoch(minute) + _SECONDS[second] + _MILLISECONDS[millisecond]
