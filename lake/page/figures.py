"""How figures are written: exact decimals with two places, thousands apart; counts; days; shares."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any


def amount(value: Decimal) -> str:
    """`1,234.50`"""
    return f"{value:,.2f}"


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


def day(value: date) -> str:
    """`26 Nov 2026`"""
    return f"{value.day} {value:%b %Y}"


def month(value: date) -> str:
    """`Nov 2026`"""
    return f"{value:%b %Y}"


def moment(value: datetime) -> str:
    """`26 Nov 2026, 05:22 UTC`"""
    return f"{day(value)}, {value:%H:%M} UTC"


def shown(kind: str, value: Any) -> str:
    """A value of a table's column; nothing for none."""
    writers = {"amount": amount, "count": count, "share": share, "day": day, "month": month, "moment": moment}
    return "" if value is None else writers.get(kind, str)(value)
