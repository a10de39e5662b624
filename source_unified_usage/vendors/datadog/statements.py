"""Cost entries: one organization's charge lines for a month or a day, cut by product."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from pendulum import DateTime, instance

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import UNMAPPABLE, Unmappable
from source_unified_usage.core.times import first_instant, rfc3339
from source_unified_usage.core.usage import Charge, Row, charges, decimal, listed, number
from source_unified_usage.vendors.datadog.organizations import key_of

HISTORICAL = "/api/v2/usage/historical_cost"
ESTIMATED = "/api/v2/usage/estimated_cost"
PROJECTED = "/api/v2/usage/projected_cost"
KEPT_MONTHS = 15

_TOTAL = "total"
_KINDS = {
    "committed": "committed",
    "commitment": "committed",
    "projected_committed": "committed",
    "on_demand": "on_demand",
    "projected_on_demand": "on_demand",
    "usage": "usage_based",
}
Amounts = Mapping[str | None, Decimal]


def oldest_month(today: DateTime) -> DateTime:
    """The first of the oldest month that Datadog keeps."""
    return today.start_of("month").subtract(months=KEPT_MONTHS)


def month_of(text: str | None, fallback: DateTime) -> DateTime:
    """The first of the month that a text names, by itself or with a day and a time; without one of the fallback's."""
    return (instance(first_instant(text)) if text else fallback).start_of("month")


def entries(answer: Answer, period: Callable[[Row], str | None]) -> list[tuple[str, Row]]:
    """The answer's entries with their period (None: not wanted), one for each organization and period.

    Of several the one with the latest date counts. Raises Unmappable, or BrokenContract when they cannot be told apart.
    """
    found: dict[tuple[str, str], Row] = {}
    for entry in answer.rows("data"):
        try:
            attributes = entry["attributes"]
            of = period(attributes)
            if of is None:
                continue
            key = (of, key_of(attributes))
            known = found.get(key)
            if known is not None and known != entry:
                newer, older = _date(attributes), _date(known["attributes"])
                if newer == older:
                    raise answer.broken(f"two entries of {key[1]!r} for {of}")
                if newer < older:
                    continue
            found[key] = entry
        except UNMAPPABLE as error:
            raise Unmappable(entry, error) from error
    return [(of, entry) for (of, _), entry in found.items()]


def products(entry: Row) -> dict[str, Row]:
    """The entry by product, each with its own charge lines only."""
    attributes = entry["attributes"]
    lines: dict[str, list[Row]] = {}
    for line in listed({"charges": None, **attributes}, "charges"):
        lines.setdefault(line.get("product_name") or "unknown", []).append(line)
    return {name: {**entry, "attributes": {**attributes, "charges": own}} for name, own in lines.items()}


def amounts(entry: Row) -> Amounts:
    """The entry's amounts by charge type as the vendor spells it; repeated lines are added up, nulls left out."""
    found: dict[str | None, Decimal] = {}
    for line in entry["attributes"]["charges"]:
        cost = decimal(line.get("cost"))
        if cost is not None:
            kind = line.get("charge_type")
            found[kind] = found.get(kind, Decimal(0)) + cost
    return found


def stated(of: Amounts) -> Decimal | None:
    """The vendor's own total."""
    return of.get(_TOTAL)


def parts(of: Amounts) -> Decimal:
    """The sum of the lines beside the total."""
    return sum((amount for kind, amount in of.items() if kind != _TOTAL), Decimal(0))


def charge_lines(of: Amounts, currency: str, net: Decimal | None) -> list[Charge]:
    """The record's charges; a charge type that is not known keeps its amount, without a type."""
    typed: dict[str, Decimal] = {}
    others: list[Charge] = []
    for spelling, amount in of.items():
        if kind := _KINDS.get(spelling or ""):
            typed[kind] = typed.get(kind, Decimal(0)) + amount
        elif spelling != _TOTAL:
            others.append({"amount": number(amount), "currency": currency})
    return [*charges(currency, net=net, **typed), *others]


def _date(attributes: Row) -> str:
    date = attributes.get("date")
    return rfc3339(first_instant(date)) if date else ""
