"""Cost per organization and month or day, as lines of the vendor's charge types."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.times import DAY, HOUR, days_between
from sandbox.vendors.datadog import catalog
from sandbox.vendors.datadog.catalog import EVERY, OWN, PARTNER, PRODUCTS, ROOT, Organization
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import first_of, last_of, plus_months
from sandbox.vendors.datadog.quantities import Cost, Quantities, products

_PROJECTION_DAY = 12  # of the month, from which projected cost shows rows
Group = tuple[Organization, Sequence[Organization]]


@dataclass(frozen=True)
class Line:
    """`micros`: millionths of a US dollar; None is a line without a cost."""

    product: str | None
    type: str
    micros: int | None


@dataclass(frozen=True)
class Statement:
    """One entry: an organization's lines for a period that begins on `start`."""

    org: Organization
    start: date
    lines: tuple[Line, ...]


def groups(view: str, connected: bool) -> list[Group]:
    """The entries of a view, each with the organizations that it sums."""
    if view == "sub-org":
        return [(org, (org,)) for org in (EVERY if connected else OWN)]
    partner: list[Group] = [(PARTNER, (PARTNER,))] if connected else []
    return [(ROOT, OWN), *partner]


class Statements:
    """What the three cost endpoints show at a moment."""

    def __init__(self, quantities: Quantities, knobs: Knobs) -> None:
        self._quantities, self._knobs = quantities, knobs

    def is_closed(self, month: date, now: datetime) -> bool:
        return now.date() >= plus_months(month, 1).replace(day=self._knobs.close_day)

    def is_estimated(self, month: date, now: datetime) -> bool:
        reach = plus_months(now.date(), -self._knobs.estimated_reach)
        return reach <= month <= now.date()

    def closed(self, month: date, of: Sequence[Group], now: datetime) -> list[Statement]:
        """Historical cost."""
        if not self.is_closed(month, now):
            return []
        return self._statements(month, of, "closed", last_of(month), now)

    def estimated(self, month: date, of: Sequence[Group], now: datetime) -> list[Statement]:
        """Estimated cost of a month, to date."""
        if not self.is_estimated(month, now):
            return []
        return self._statements(month, of, "estimated", last_of(month), now)

    def projected(self, of: Sequence[Group], now: datetime) -> list[Statement]:
        """The whole current month, foretold; nothing in its first days."""
        if now.day < _PROJECTION_DAY:
            return []
        return self._statements(first_of(now.date()), of, "projected", last_of(now.date()), now)

    def days(self, start: date, end: date, of: Sequence[Group], now: datetime) -> list[Statement]:
        """Cumulative entries day by day, with both ends."""
        last = min(end, (self._quantities.horizon(now) - HOUR).date())
        return [
            statement
            for day in days_between(start, last + DAY)
            if self.is_estimated(first_of(day), now)
            for statement in self._statements(day, of, "daily", day, now)
        ]

    def _statements(self, start: date, of: Sequence[Group], kind: str, through: date, now: datetime) -> list[Statement]:
        found = []
        for org, members in of:
            costs = self._costs(members, kind, through, now)
            lines = [line for name, cost in costs.items() for line in self._lines(name, cost, kind, start)]
            if lines:
                shown = lines if kind == "daily" else self._ragged(lines)
                found.append(Statement(org, start, tuple(shown)))
        return found

    def _costs(self, members: Sequence[Organization], kind: str, through: date, now: datetime) -> dict[str, Cost]:
        sums: dict[str, Cost] = {}
        for org in members:
            for product in products(org):
                cost_of = self._quantities.closed_cost if kind == "closed" else self._quantities.cost
                cost = cost_of(org, product, through, now)
                if cost is not None:
                    sums[product.name] = sums.get(product.name, Cost(0, 0)) + cost
        if kind != "projected":
            return sums
        ran = max(1, (self._quantities.horizon(now).date() - through.replace(day=1)).days + 1)
        return {name: _projection(name, cost, ran, through.day) for name, cost in sums.items()}

    def _lines(self, name: str, cost: Cost, kind: str, start: date) -> Iterator[Line]:
        if kind == "projected":
            yield Line(name, "projected_committed", cost.committed)
            yield Line(name, "projected_on_demand", cost.on_demand)
            yield Line(name, "total", cost.total)
            return
        daily = kind == "daily"
        if daily and name == "synthetics_api_tests" and start.day % 7 == 3:
            return
        renamed = name == catalog.RENAMED
        yield Line(name, "commitment" if renamed else "committed", cost.committed)
        if not (daily and name == "error_tracking" and start.day % 10 == 0):
            repeated = not daily and (name == catalog.UNTOTALLED or not self._knobs.totals)
            first = cost.on_demand // 3 if repeated else cost.on_demand
            yield Line(name, "usage" if renamed else "on_demand", first)
            if repeated:
                yield Line(name, "usage" if renamed else "on_demand", cost.on_demand - first)
        if not daily and name in catalog.UNKNOWN_TYPED:
            yield Line(name, "adjustment", cost.on_demand // 50)
        if name != catalog.UNTOTALLED and self._knobs.totals:
            yield Line(name, "total", cost.total)

    def _ragged(self, lines: list[Line]) -> list[Line]:
        if not self._knobs.ragged_costs:
            return lines
        return [*lines, Line(lines[0].product, "on_demand", None), Line(None, "on_demand", 1_250_000)]


def _projection(name: str, cost: Cost, ran: int, of_days: int) -> Cost:
    if PRODUCTS[name].aggregation != "sum":
        return cost
    return Cost(cost.committed, cost.on_demand * of_days // ran)
