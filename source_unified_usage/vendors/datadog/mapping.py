"""What rows of several streams have in common: a month, an hour, a product, the charge lines of a cost entry."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from pendulum import DateTime, instance

from source_unified_usage.core.times import Period, first_instant, parse_time, rfc3339
from source_unified_usage.core.usage import Charge, Row, charges, decimal, listed, number

TOTAL = "total"  # the charge type of Datadog's own total, which not every entry has
# Free text in Usage Metering; these are what recordings and clients have met
_CHARGE_TYPES = {
    "committed": "committed",
    "commitment": "committed",
    "projected_committed": "committed",
    "on_demand": "on_demand",
    "projected_on_demand": "on_demand",
    "usage": "usage_based",
}
Amounts = Mapping[str | None, Decimal]
Labels = Mapping[str, str]


class MonthRow(NamedTuple):
    """A row of one month, and what its products are called."""

    row: Row
    month: DateTime
    labels: Labels = {}


def month_of(text: str | None, fallback: DateTime) -> DateTime:
    """The first of the month that a text names, also with a day or a time; without a text that of the fallback.

    The day says nothing: cost has been seen with the first, the last and others (recordings of Datadog's clients), and
    attribution names months in both ways (DataDog/datadog-api-client-python#2933).
    """
    return (instance(first_instant(text)) if text else fallback).start_of("month")


def hour_period(text: str) -> Period:
    """The hour that begins at a time. Raises ValueError, for a mere day too."""
    if len(text) < len("2026-09-01T00"):
        raise ValueError(f"{text!r} names no hour")
    start = parse_time(text)
    return {"start_date": rfc3339(start), "end_date": rfc3339(start + timedelta(hours=1))}


def product(id: str, labels: Labels) -> dict[str, str]:
    """The record's product; it is its own name where Datadog gives it no label."""
    return {"id": id, "name": labels.get(id, id)}


def products(entry: Row) -> dict[str, Row]:
    """The cost entry by product, each with its own charge lines only."""
    attributes = entry["attributes"]
    lines: dict[str, list[Row]] = {}
    for line in listed({"charges": None, **attributes}, "charges"):
        lines.setdefault(line.get("product_name") or "unknown", []).append(line)
    return {name: {**entry, "attributes": {**attributes, "charges": own}} for name, own in lines.items()}


def amounts(entry: Row) -> Amounts:
    """The entry's amounts by charge type as Datadog spells it; repeated lines are added up, nulls left out."""
    found: dict[str | None, Decimal] = {}
    for line in entry["attributes"]["charges"]:
        cost = decimal(line.get("cost"))
        if cost is not None:
            kind = line.get("charge_type")
            found[kind] = found.get(kind, Decimal(0)) + cost
    return found


def sum_of_parts(of: Amounts) -> Decimal:
    """The sum of the lines beside the total."""
    return sum((amount for kind, amount in of.items() if kind != TOTAL), Decimal(0))


def net_of(of: Amounts) -> Decimal:
    """Datadog's own total, or the sum of the other lines where there is none."""
    return of[TOTAL] if TOTAL in of else sum_of_parts(of)


def charge_lines(of: Amounts, currency: str, net: Decimal | None) -> list[Charge]:
    """The record's charges; a charge type that is not known keeps its amount, without a type."""
    typed: dict[str, Decimal] = {}
    others: list[Charge] = []
    for spelling, amount in of.items():
        if kind := _CHARGE_TYPES.get(spelling or ""):
            typed[kind] = typed.get(kind, Decimal(0)) + amount
        elif spelling != TOTAL:
            others.append({"amount": number(amount), "currency": currency})
    return [*charges(currency, net=net, **typed), *others]
