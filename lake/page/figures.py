"""How figures are written: exact decimals with two places, thousands apart; counts; days; shares."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def amount(value: Decimal) -> str:
    """`1,234.50`; never `-0.00`."""
    return f"{round(value, 2) + 0:,.2f}"


def difference(value: Decimal) -> str:
    """`+1,234.50`, and `0.00` without a sign."""
    return f"{rounded:+,.2f}" if (rounded := round(value, 2)) else "0.00"


def exact(value: Decimal | int) -> str:
    """All digits that are not zeros at the end: `1234.5`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: int) -> str:
    """`1,234`"""
    return f"{value:,}"


def share(value: Decimal) -> str:
    """`63 %` for 0.634."""
    return f"{value * 100:,.0f} %"


def percent(value: Decimal) -> str:
    """`-1.6 %` for -0.0159, and `0.0 %` without a sign."""
    return f"{rounded:+,.1f} %" if (rounded := round(value * 100, 1)) else "0.0 %"


def day(value: date) -> str:
    """`26 Nov 2026`"""
    return f"{value.day} {value:%b %Y}"


def short_day(value: date) -> str:
    """`26 Nov`"""
    return f"{value.day} {value:%b}"


def month(value: date) -> str:
    """`Nov 2026`"""
    return f"{value:%b %Y}"


def moment(value: datetime) -> str:
    """`26 Nov 2026, 05:22 UTC`"""
    return f"{day(value)}, {value:%H:%M} UTC"


_WRITERS: dict[str, Callable[[Any], str]] = {
    one.__name__: one for one in (amount, difference, count, share, percent, day, month, moment)
}
NUMBERS = frozenset({"amount", "difference", "count", "share", "percent"})


def shown(value: Any, kind: str) -> str:
    """A value of a table's column; nothing for none. `kind`: `text`, or a function of this module."""
    return "" if value is None else _WRITERS.get(kind, str)(value)
