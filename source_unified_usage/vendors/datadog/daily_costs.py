"""Costs by day, from figures that run up through the month."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from pendulum import DateTime

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.times import day_period, parse_time, rfc3339
from source_unified_usage.core.usage import Row, Usage
from source_unified_usage.core.window import Window, months
from source_unified_usage.vendors.datadog.costs import ESTIMATED, CostStream
from source_unified_usage.vendors.datadog.mapping import (
    TOTAL,
    Amounts,
    Labels,
    amounts,
    charge_lines,
    products,
    sum_of_parts,
)
from source_unified_usage.vendors.datadog.organizations import key_of


class ProductDay(NamedTuple):
    """What one product cost on one day; `row` holds the running figures as sent."""

    row: Row
    day: str
    product: str
    lines: Amounts
    net: Decimal
    labels: Labels


@dataclass
class Running:
    """How far one product's figures have run in a month."""

    lines: dict[str | None, Decimal] = field(default_factory=dict)
    net: Decimal = Decimal(0)

    def advance(self, to: Amounts) -> tuple[Amounts, Decimal]:
        """The day's own lines and net. A line that is not there today keeps its last figure.

        Days without a total run on by their other lines, so that the days of a month always add up to the month.
        """
        steps = {kind: amount - self.lines.get(kind, Decimal(0)) for kind, amount in to.items()}
        self.lines |= to
        net = to[TOTAL] - self.net if TOTAL in to else sum_of_parts(steps)
        self.net += net
        return steps, net


class DailyCost(CostStream):
    name = "datadog_daily_cost"
    about = (
        "What one product added to the estimated cost of one organization on one day of the current or the previous "
        "month; less than nothing where Datadog lowered its estimate. Restates datadog_cost."
    )
    role = "restates"  # datadog_cost carries the same estimate until a month is closed
    restates = ("datadog_cost",)
    step = months(1)
    lookback = months(1)

    def earliest_available(self, today: DateTime) -> DateTime:
        """Usage Metering promises estimates of the current and the previous month."""
        return today.start_of("month").subtract(months=1)

    def rows(self, window: Window) -> Iterator[ProductDay]:
        """The window's days, asked for from the first of the month, because figures run up from there (Usage Metering).

        Whether they do so without `cost_aggregation` is not documented.
        """
        first = window.start.start_of("month").to_date_string()
        query = {"start_date": first, "end_date": window.last_day, "cost_aggregation": "cumulative"}
        found = self.entries(ESTIMATED, query, lambda entry: _day(entry, first, window.last_day))
        return (step for step in steps(found, self._labels()) if step.day >= window.first_day)

    def usages(self, item: ProductDay) -> Iterator[Usage]:
        charges = charge_lines(item.lines, self._currency, item.net)
        period = day_period(item.day)
        yield self.record(item.row, item.product, item.labels, when=item.day, period=period, charges=charges)


def steps(found: Iterable[tuple[str, Row]], labels: Labels) -> Iterator[ProductDay]:
    """What every day of one month adds, product by product. Raises Unmappable."""
    running: dict[tuple[str, str], Running] = {}
    for day, entry in sorted(found, key=lambda item: item[0]):
        with mapping(entry):
            for product, own in products(entry).items():
                if lines := amounts(own):
                    so_far = running.setdefault((key_of(entry["attributes"]), product), Running())
                    yield ProductDay(own, day, product, *so_far.advance(lines), labels)


def _day(attributes: Row, first: str, last: str) -> str | None:
    day = rfc3339(parse_time(attributes["date"]))[:10]
    return day if first <= day <= last else None
