"""What the figures of a row come to: points of a day summed, and compute units as charges."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from source_unified_usage.core.times import parse_time
from source_unified_usage.core.usage import Charge, Number, Row, charges, decimal, number
from source_unified_usage.core.window import Window

COMPUTE_UNIT = "compute_unit"
# A text that is no number is a broken figure under these names; under new ones it is none
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
    """The series with the points inside the window; those outside say nothing.

    Raises ValueError for a time that comes twice and for a point outside that is not zero.
    """
    points = series["points"]
    inside = [point for point in points if _is_inside(point, window)]
    times = {parse_time(point["time"]) for point in inside}
    if len(times) < len(inside):
        raise ValueError("a time comes twice")
    return series if len(inside) == len(points) else {**series, "points": inside}


def is_zero(series: Row) -> bool:
    """Whether every figure of every point is zero."""
    return not any(has_figures(point) for point in series["points"])


def has_figures(point: Row) -> bool:
    """Whether a figure of the point is not zero."""
    return any(_is_figure(value) for name, value in point.items() if name in _FIGURES or not isinstance(value, str))


def summed(points: Sequence[Row], name: str) -> Decimal:
    """Raises KeyError where a point has no such figure, ValueError where it is no number."""
    return sum((_known(point[name], name) for point in points), Decimal(0))


def cost(points: Sequence[Row]) -> tuple[Decimal, Decimal] | None:
    """Cost after discounts, and discounts, each absent or 0 where there is none; None when both are always absent."""
    figures = [(decimal(point.get("cost")), decimal(point.get("discount"))) for point in points]
    if all(figure is None for pair in figures for figure in pair):
        return None
    zero = Decimal(0)
    return sum((net or zero for net, _ in figures), zero), sum((discount or zero for _, discount in figures), zero)


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
        # a text that is no number is not zero either
        return isinstance(value, str)


def _known(value: Any, name: str) -> Decimal:
    exact = decimal(value)
    if exact is None:
        raise ValueError(f"no {name}")
    return exact
