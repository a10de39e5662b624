"""Building one record of the unified Usage schema: identity, money, numbers, times, leaving out what is unknown."""

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import count
from math import isfinite
from typing import Any, TypedDict, TypeVar, cast
from urllib.parse import quote

from orjson import dumps
from typing_extensions import Required, Unpack

from source_unified_usage.core.errors import UNMAPPABLE, Unmappable

Row = Mapping[str, Any]
Number = int | float
Amount = Decimal | Number  # exact, or the JSON number that it becomes
T = TypeVar("T")


class Charge(TypedDict, total=False):
    """One view of a line's amount; `currency` is upper-case ISO 4217 or the vendor's own unit."""

    amount: Number
    currency: str
    type: str


class Usage(TypedDict, total=False):
    """One record. Only `id` is always there; what is not known is left out."""

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


class Parts(TypedDict, total=False):
    """What `usage` makes a record from: its fields, of which all but the required may be unknown (None or empty)."""

    id: Required[str]
    product: Required[Mapping[str, Any]]
    start_date: Required[str]
    end_date: Required[str]
    remote_data: Required[Row]
    metric_name: str | None
    resources: Sequence[Mapping[str, Any]] | None
    organization: Mapping[str, Any] | None
    user: Mapping[str, Any] | None
    model: Mapping[str, Any] | None
    charges: Sequence[Charge] | None
    usage: Mapping[str, Any] | None
    created_at: str | None
    updated_at: str | None
    surface: str | None


def compact(**fields: Any) -> dict[str, Any]:
    """The fields that are known: without None, "", {} and []; a real 0 or False stays."""
    return {name: value for name, value in fields.items() if value or value == 0}


def usage(**parts: Unpack[Parts]) -> Usage:
    """A record from its parts, without the unknown ones."""
    if not all(parts.values()):
        return cast(Usage, {name: value for name, value in parts.items() if value})
    return cast(Usage, parts)


def listed(row: Row, name: str) -> Sequence[Row]:
    """The rows in a row; none when null. Raises KeyError, or ValueError when it is something else."""
    found = row[name]
    if found is not None and not isinstance(found, list):
        raise ValueError(f"{name} is no list")
    return found or ()


def nested(row: Row, name: str) -> Row:
    """The object in a row; empty when absent, null or "null". Raises ValueError when it is something else."""
    found = row.get(name)
    if not found or found == "null":
        return {}
    if not isinstance(found, Mapping):
        raise ValueError(f"{name} is no object")
    return found


def text(value: Any) -> str | None:
    """An id, a name or a code; a number becomes its digits. None for null, "" and "null".

    Raises ValueError for anything else.
    """
    if value is None or value == "" or value == "null":
        return None
    if value.__class__ is int:
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


# --- identity ---------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z0-9\-_.:@+,]{1,64}").fullmatch
MISSING = "~"


def record_id(stream: str, *parts: Any) -> str:
    """`<stream>/<part>/...`, the primary key made from the parts of the row's natural key."""
    for part in parts:
        kind = part.__class__  # numbers and text, which most parts are, without a call
        stream += f"/{part}" if kind is int else "/" + (_text_part(part) if kind is str else _id_part(part))
    return stream


def _id_part(value: Any) -> str:
    if value is None or value == {} or value == []:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    return digest(value) if isinstance(value, (Mapping, list)) else _text_part(str(value))


@lru_cache(maxsize=4096)  # most parts are models, users and products, which come again and again
def _text_part(text: str) -> str:
    if _PLAIN(text):
        return text
    if not text:
        return MISSING
    return digest(text) if len(text) > 64 else quote(text, safe=":@+,").replace("~", "%7E")


def digest(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of its canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, not escaped to ASCII: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def with_ordinals(
    rows: Iterable[T], key: Callable[[T], Hashable], order: Callable[[T], Any]
) -> Iterator[tuple[T, int]]:
    """Every row with its ordinal among the rows of the same key, for rows that have no field to distinguish them.

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


def with_ordinals_once(
    rows: Iterable[T], key: Callable[[T], Hashable], order: Callable[[T], Any]
) -> Iterator[tuple[T, int]]:
    """As `with_ordinals`, but a row that comes again, equal in all that `order` compares, keeps its number."""
    ordinal, last = 0, None
    for row, position in with_ordinals(rows, key, order):
        if not position:
            ordinal = 0
        elif last is not None and order(row) != order(last):
            ordinal += 1
        last = row
        yield row, ordinal


def nth(id: str, ordinal: int) -> str:
    """The id of one of several rows that agree in their key: the first has it as it is."""
    return f"{id}/{ordinal}" if ordinal else id


# --- numbers and money ------------------------------------------------------------------------------------------


def decimal(value: Any) -> Decimal | None:
    """The exact value of a JSON number or numeric string; null, "" and "null" are unknown.

    Raises ValueError for anything else, NaN and Infinity included.
    """
    kind = value.__class__
    try:
        if kind is float:
            # the shortest text that gives the same float: the digits that the vendor wrote; repr is slower
            exact = Decimal(dumps(value).decode())
        elif value is None or value == "" or value == "null":
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


def number(value: Amount) -> Number:
    """The JSON number of an exact value: an integer where it is one, else the nearest float. A JSON number stays.

    Raises ValueError where no finite JSON number is near.
    """
    if not isinstance(value, Decimal):
        return value
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


def _exact(amount: Amount) -> Decimal:
    return amount if isinstance(amount, Decimal) else Decimal(repr(amount))


def charges(
    currency: str,
    *,
    net: Amount | None = None,
    total: Amount | None = None,
    **classes: Amount | None,
) -> list[Charge]:
    """The views of one line's amount, in whole units of `currency`.

    With a `net` there are always both `net` and `total` (equal when no total is given), and a `discount` of
    total - net when it is not zero; for it, a number counts as the digits that it is written with. `classes` are the
    vendor's own types: on_demand, committed, usage_based, ...
    """
    lines: list[Charge] = []
    billed: Number = 0
    if net is not None:
        billed = number(net)
        whole = billed if total is None or total is net else number(total)
        lines = [
            {"amount": billed, "currency": currency, "type": "net"},
            {"amount": whole, "currency": currency, "type": "total"},
        ]
        if total is not None and total is not net and (discount := _exact(total) - _exact(net)):
            lines.append({"amount": number(discount), "currency": currency, "type": "discount"})
    for kind, value in classes.items():
        if value is not None:
            amount = billed if value is net else number(value)
            lines.append({"amount": amount, "currency": currency, "type": kind})
    return lines


def total(*figures: Any) -> Number | None:
    """The sum of those that are known; None when none is."""
    known = [figure for figure in map(quantity, figures) if figure is not None]
    return sum(known) if known else None


def measured(figure: Number | None, unit: str) -> dict[str, Any]:
    """A figure with its unit, as `usage` has them; empty when it is unknown."""
    return {} if figure is None else {"quantity": figure, "unit": unit}
