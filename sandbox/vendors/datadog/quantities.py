"""What every organization used of every product, day by day, and when the vendor knows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from sandbox.times import DAY, HOUR, days_between, midnight
from sandbox.vendors.datadog.catalog import EVERY, PRODUCTS, Organization, Product
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import last_of, month_name
from sandbox.world import World

# how far estimated cost, billable usage and attribution stay behind the clock
_LAG = timedelta(hours=72)


@dataclass(frozen=True)
class Quantity:
    """What a day settles at, and what is shown before."""

    settled: int
    early: int


@dataclass(frozen=True)
class Cost:
    """Millionths of a US dollar from the first of a month on."""

    committed: int
    on_demand: int

    @property
    def total(self) -> int:
        return self.committed + self.on_demand

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.committed + other.committed, self.on_demand + other.on_demand)


class Quantities:
    """Daily quantities, and the month-to-date units and costs that follow from them."""

    def __init__(self, world: World, knobs: Knobs) -> None:
        self.world = world
        self._knobs = knobs
        self._day = cache(self._made)

    def horizon(self, now: datetime) -> datetime:
        """Up to which moment costs and daily quantities are known."""
        return now - _LAG

    def quantity(self, org: Organization, product: Product, day: date, now: datetime) -> int | None:
        """What is known at `now` about a day; None as long as nothing is."""
        known = self.horizon(now) - midnight(day)
        if day < self.world.first_day or known < HOUR:
            return None
        quantity = self._day(day)[org.public_id, product.name]
        if now - midnight(day + DAY) >= self._knobs.settle:
            return quantity.settled
        if known < DAY and product.aggregation == "sum":
            return quantity.early * (known // HOUR) // 24
        return quantity.early

    def units(self, org: Organization, product: Product, through: date, now: datetime) -> int | None:
        """Units of the month up to and with a day; None as long as none are known."""
        days = days_between(through.replace(day=1), through + DAY)
        known = [value for day in days if (value := self.quantity(org, product, day, now)) is not None]
        if not known:
            return None
        if product.aggregation == "sum":
            return sum(known)
        return sum(known) // len(known) if product.aggregation == "average" else max(known)

    def cost(self, org: Organization, product: Product, through: date, now: datetime) -> Cost | None:
        """Month to date; a commitment is due on the first day in full."""
        units = self.units(org, product, through, now)
        if units is None:
            return None
        committed = self.commitment(org, product)
        return Cost(_price(committed, product), _price(max(0, units - committed), product))

    def closed_cost(self, org: Organization, product: Product, month: date, now: datetime) -> Cost | None:
        """The invoice's figure: within 1.5 % of the last estimate."""
        cost = self.cost(org, product, last_of(month), now)
        if cost is None:
            return None
        draw = self.world.random("datadog", "close", month_name(month), org.public_id, product.name)
        return Cost(cost.committed, cost.on_demand * draw.randint(985, 1010) // 1000)

    def commitment(self, org: Organization, product: Product) -> int:
        return int(product.committed * org.scale)

    def _made(self, day: date) -> dict[tuple[str, str], Quantity]:
        draw = self.world.random("datadog", "quantity", day)
        rhythm = self.world.rhythm(day)
        quantities = {}
        for org in EVERY:
            for product in products(org):
                swayed = 1 - product.sway + product.sway * rhythm
                settled = round(product.base * org.scale * swayed * draw.uniform(0.92, 1.08))
                early = settled * draw.randint(900, 1010) // 1000
                quantities[org.public_id, product.name] = Quantity(settled, early)
        return quantities


def products(org: Organization) -> Iterable[Product]:
    return (PRODUCTS[name] for name in org.products)


def _price(units: int, product: Product) -> int:
    return units * product.price // 1000
