"""One line of the bill, and what of it is known at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.times import DAY, midnight
from sandbox.vendors.confluent.estate import Environment, Resource

_MICROS = Decimal("1e-6")


@dataclass(frozen=True)
class Line:
    """Figures in dollars and `unit`; None: unknown.

    `first` and `last` say when the line is seen and when it is final, as parts of the time in
    which a day settles, counted from the day's end; between the two it shows `share` of its
    figures. `nulls`: unknown members are printed as null and not left out.
    """

    day: date
    line_type: str
    product: str | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    original: Decimal | None = None
    discount: Decimal | None = None
    amount: Decimal | None = None
    access: str | None = None
    resource: Resource | None = None
    tier: Mapping[str, str] | None = None
    description: str | None = None
    nulls: bool = False
    first: float = 0.0
    last: float = 0.0
    share: Decimal = Decimal(1)
    number: int = 0
    id: str | None = None

    @property
    def environment(self) -> Environment | None:
        return self.resource.environment if self.resource else None

    def as_of(self, now: datetime, settle: timedelta) -> "Line | None":
        """The line as it is served at `now`; None when it is not seen yet."""
        begin = midnight(self.day)
        end = begin + DAY
        if now < max(begin, end + self.first * settle):
            return None
        return self if now >= end + self.last * settle else self._partial()

    def _partial(self) -> "Line":
        assert self.original is not None and self.amount is not None
        original = (self.original * self.share).quantize(_MICROS)
        taken_off = ((self.original - self.amount) * self.share).quantize(_MICROS)
        quantity = self.quantity
        if quantity is not None:
            # the tiny quantities have their digits far behind the point
            digits = _MICROS if abs(quantity) >= 1 else Decimal("1e-12")
            quantity = (quantity * self.share).quantize(digits)
        return replace(
            self,
            quantity=quantity,
            original=original,
            discount=None if self.discount is None else taken_off,
            amount=original - taken_off,
        )

    def key(self) -> tuple[Any, ...]:
        """The natural key without the ordinal."""
        return (
            self.day.isoformat(),
            self.product or None,
            self.line_type,
            self.environment.id if self.environment else None,
            self.resource.id if self.resource else None,
            self.access,
            dict(self.tier) if self.tier else None,
            self.description,
        )


def priced(
    day: date, product: str, line_type: str, unit: str, quantity: Decimal, price: str, *, off: str = "0", **more: Any
) -> Line:
    """A line whose amounts follow from its quantity and price, `off` being the part taken off.

    The vendor rounds amounts: quantity times price is near the original amount, seldom equal.
    """
    original = (quantity * Decimal(price)).quantize(_MICROS)
    discount = (original * Decimal(off)).quantize(_MICROS)
    return Line(
        day, line_type, product, unit, quantity, Decimal(price), original, discount, original - discount, **more
    )


def legacy(line: Line) -> Line:
    """The line as organizations from before 2024-05-15 get it: no amount, seldom a discount."""
    line = replace(line, amount=None)
    if line.line_type == "CONNECT_NUM_TASKS":
        return replace(line, original=None, discount=None)
    return line if line.number % 3 == 0 else replace(line, discount=None)
