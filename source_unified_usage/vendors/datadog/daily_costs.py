"""Costs by day, from figures that run up through the month."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from pendulum import DateTime

from source_unified_usage.core.errors import UNMAPPABLE, Unmappable
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import day_period, parse_time, rfc3339
from source_unified_usage.core.usage import Row, Usage, usage
from source_unified_usage.core.window import Window, months
from source_unified_usage.vendors.datadog.api import DatadogApi
from source_unified_usage.vendors.datadog.organizations import Scope, key_of, organization
from source_unified_usage.vendors.datadog.statements import (
    ESTIMATED,
    Amounts,
    amounts,
    charge_lines,
    entries,
    parts,
    products,
    stated,
)


class DayOfProduct(NamedTuple):
    """What one product cost on one day; `entry` holds the running figures as sent."""

    day: str
    product: str
    entry: Row
    lines: Amounts
    net: Decimal


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
        total = stated(to)
        net = parts(steps) if total is None else total - self.net
        self.net += net
        return steps, net


class DailyCost(UsageStream[DatadogApi]):
    """The estimated bill, day by day."""

    name = "datadog_daily_cost"
    about = (
        "What one product added to the estimated cost of one organization on one day of the current or the previous "
        "month; less than nothing where Datadog lowered its estimate. Restates datadog_cost."
    )
    step = months(1)
    lookback = months(1)

    def __init__(self, api: DatadogApi, scope: Scope, currency: str, names: Lookup) -> None:
        super().__init__(api)
        self._scope, self._currency, self._names = scope, currency, names
        self.scope = scope.cost_options
        self.labels: Mapping[str, str] = {}

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.start_of("month").subtract(months=1)

    def rows(self, window: Window) -> Iterator[DayOfProduct]:
        """The window's days; asked for from the first of the month, because a day is the step from the day before."""
        first = window.start.start_of("month").to_date_string()
        query = {"start_date": first, "end_date": window.last_day, "cost_aggregation": "cumulative"}
        answer = self.api.ask(ESTIMATED, {**self._scope.of_cost, **query})
        found = entries(answer, lambda entry: _day(entry, first, window.last_day))
        self.api.account = self._scope.account(entry["attributes"] for _, entry in found)
        self.labels = self._names()
        yield from (step for step in steps(found) if step.day >= window.first_day)

    def usages(self, row: DayOfProduct, window: Window) -> Iterator[Usage]:
        attributes = row.entry["attributes"]
        yield usage(
            id=self.id(key_of(attributes), row.day, row.product),
            product={"id": row.product, "name": self.labels.get(row.product, row.product)},
            metric_name=row.product,
            organization=organization(attributes),
            charges=charge_lines(row.lines, self._currency, row.net),
            **day_period(row.day),
            remote_data=row.entry,
        )


def steps(found: Iterable[tuple[str, Row]]) -> Iterator[DayOfProduct]:
    """What every day of one month adds, product by product. Raises Unmappable."""
    running: dict[tuple[str, str], Running] = {}
    for day, entry in sorted(found, key=lambda item: item[0]):
        try:
            for product, own in products(entry).items():
                if lines := amounts(own):
                    so_far = running.setdefault((key_of(entry["attributes"]), product), Running())
                    yield DayOfProduct(day, product, own, *so_far.advance(lines))
        except UNMAPPABLE as error:
            raise Unmappable(entry, error) from error


def _day(attributes: Row, first: str, last: str) -> str | None:
    day = rfc3339(parse_time(attributes["date"]))[:10]
    return day if first <= day <= last else None
