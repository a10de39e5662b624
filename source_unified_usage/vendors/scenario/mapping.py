"""What the rows of all streams have in common: points of a day summed, compute units as charges, users."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from source_unified_usage.core.lookup import texts_of
from source_unified_usage.core.times import parse_time
from source_unified_usage.core.usage import Charge, Number, Row, charges, compact, decimal, number
from source_unified_usage.core.window import Window

PRODUCT = {"id": "scenario", "name": "Scenario"}
COMPUTE_UNIT = "compute_unit"
# The figures of all points, as the API reference (usages.list) names them. A text that is no number is a broken figure
# under one of these names; under a name that is added later it may be anything, such as a time.
_FIGURES = {"value", "apiKey", "cost", "discount", "apiKeyCost", "apiKeyDiscount", "jobs", "count", "countApiKey"}


@dataclass(frozen=True)
class Tariff:
    """What a compute unit costs in money, where that is configured."""

    price: Decimal | None = None
    currency: str = ""

    def charges(self, value: Decimal, discount: Decimal) -> list[Charge]:
        """A `value` in CU after its `discount`, in CU and in money."""
        lines = charges("CU", net=value, total=value + discount)
        if self.price is not None:
            lines += charges(self.currency, net=value * self.price, total=(value + discount) * self.price)
        return lines


def of_window(series: Row, window: Window) -> Row:
    """The series with the points inside the window. A zero point outside is ignored.

    Raises ValueError for a time that comes twice and for a point outside that is not zero, as Scenario's own
    helper does.
    """
    points = series["points"]
    inside = [point for point in points if _is_inside(point, window)]
    times = {parse_time(point["time"]) for point in inside}
    if len(times) < len(inside):
        raise ValueError("a time comes twice")
    return series if len(inside) == len(points) else {**series, "points": inside}


def has_figures(point: Row) -> bool:
    """Whether a figure of the point is not zero."""
    return any(_is_figure(value) for name, value in point.items() if name in _FIGURES or not isinstance(value, str))


def summed(points: Sequence[Row], name: str) -> Decimal:
    """Raises KeyError where a point has no such figure, ValueError where it is no number."""
    return sum((_known(point[name], name) for point in points), Decimal(0))


def cost(points: Sequence[Row]) -> tuple[Decimal, Decimal] | None:
    """Cost after discounts, and discounts; None when no point has either of them.

    Both are absent or 0 for free actions: the API reference and clients disagree on which.
    """
    costs, discounts = ([decimal(point.get(name)) for point in points] for name in ("cost", "discount"))
    if all(figure is None for figure in (*costs, *discounts)):
        return None
    return total(costs), total(discounts)


def count(points: Sequence[Row]) -> Number | None:
    """The sum of the `value` texts; None as soon as one of them is no number."""
    values = [value_of(point) for point in points]
    known = [value for value in values if value is not None]
    return number(sum(known, Decimal(0))) if len(known) == len(values) else None


def value_of(point: Row) -> Decimal | None:
    """The `value` text of a point; None when it is no number."""
    try:
        return decimal(point.get("value"))
    except ValueError:
        return None


def added(rows: Sequence[Row]) -> Row:
    """One row of the parts of a divided day: points joined, the figures of consumption added up."""
    whole = {name: value for row in rows for name, value in row.items()}
    if "points" in whole:
        # a part may end with a zero bucket, which is the first bucket of the next part
        return {**whole, "points": [point for row in rows for point in row["points"] if has_figures(point)]}
    for name in ("value", "discount", "total"):
        if name in whole:
            figures = [row.get(name) for row in rows]
            whole[name] = None if None in figures else number(total(figures))
    details: list[Mapping[str, object]] = [row.get("costDetails") or {} for row in rows]
    if any(details):
        names = dict.fromkeys(name for detail in details for name in detail)
        whole["costDetails"] = {name: number(total(detail.get(name) for detail in details)) for name in names}
    return whole


def total(figures: Iterable[object]) -> Decimal:
    """The sum of those that are known."""
    return sum((known for figure in figures if (known := decimal(figure)) is not None), Decimal(0))


def person(id: str | None, described: Mapping[str, Row], key_names: Mapping[str, str]) -> dict[str, Any]:
    """The record's user; people who have left and API keys have no e-mail (API reference, usages.list)."""
    entity = texts_of(described.get(id or "", {}), "email", "fullName")
    return compact(id=id, email=entity.get("email"), name=entity.get("fullName") or key_names.get(id or ""))


def _is_inside(point: Row, window: Window) -> bool:
    if window.start <= parse_time(point["time"]) < window.end:
        return True
    if has_figures(point):
        raise ValueError(f"a point of {point['time']} is outside of {window}")
    return False


def _is_figure(value: Any) -> bool:
    try:
        return bool(decimal(value))
    except ValueError:
        # a text that is no number is kept, for the mapping to refuse
        return isinstance(value, str)


def _known(value: Any, name: str) -> Decimal:
    exact = decimal(value)
    if exact is None:
        raise ValueError(f"no {name}")
    return exact
