"""Costs by month: the bill, and what the month is projected to cost."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pendulum import DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import month_period
from source_unified_usage.core.usage import Row, Usage, usage
from source_unified_usage.core.window import Window, months
from source_unified_usage.vendors.datadog.api import DatadogApi
from source_unified_usage.vendors.datadog.organizations import Scope, account_of, key_of, organization
from source_unified_usage.vendors.datadog.statements import (
    ESTIMATED,
    HISTORICAL,
    PROJECTED,
    amounts,
    charge_lines,
    entries,
    month_of,
    oldest_month,
    parts,
    products,
    stated,
)

_ESTIMATED_MONTHS = 2  # before the current one; the current and the previous are promised


class MonthlyStatement(UsageStream[DatadogApi]):
    """Cost entries of a month, a record for each of their products."""

    billed = True

    def __init__(self, api: DatadogApi, scope: Scope, currency: str, names: Lookup) -> None:
        super().__init__(api)
        self._scope, self._currency, self._names = scope, currency, names
        self.scope = scope.cost_options
        self.labels: Mapping[str, str] = {}

    def usages(self, row: Row, window: Window) -> Iterator[Usage]:
        attributes = row["attributes"]
        month = month_of(attributes.get("date"), window.start)
        for product, entry in products(row).items():
            lines = amounts(entry)
            if not lines:
                continue
            net = stated(lines)
            if net is None:
                net = parts(lines)
            yield usage(
                id=self.id(key_of(attributes), month.format("YYYY-MM"), product),
                product={"id": product, "name": self.labels.get(product, product)},
                metric_name=product,
                organization=organization(attributes),
                charges=charge_lines(lines, self._currency, net if self.billed else None),
                **month_period(month),
                remote_data=entry,
            )


class Cost(MonthlyStatement):
    """The bill, month by month: estimated while a month is open, historical once it is closed."""

    name = "datadog_cost"
    about = (
        "What one product cost one organization in one month: the estimate to date, overwritten by the final figure "
        "when the month is closed. The sum of net is the bill."
    )
    grain = "month"
    step = months(1)
    lookback = months(2)
    warned = False

    def __init__(
        self,
        api: DatadogApi,
        scope: Scope,
        currency: str,
        names: Lookup,
        *,
        narrower: Sequence[str] = (),
    ) -> None:
        super().__init__(api, scope, currency, names)
        self._narrower = narrower  # the streams without child organizations, unless they are asked for

    def earliest_available(self, today: DateTime) -> DateTime:
        return oldest_month(today)

    def rows(self, window: Window) -> Iterator[Row]:
        found = self._statement(window.start)
        self.labels = self._names()
        self._warn_of_unread_organizations(found)
        yield from found

    def _statement(self, month: DateTime) -> list[Row]:
        """Historical cost is empty until about the 16th of the next month; until then the estimate stands."""
        current = clock.now().start_of("month")
        if month < current:
            found = self._ask(HISTORICAL, month)
            if found or month < current.subtract(months=_ESTIMATED_MONTHS):
                return found
        return self._ask(ESTIMATED, month)

    def _ask(self, path: str, month: DateTime) -> list[Row]:
        # one month without an end: whether end_month is inclusive is not documented
        name = month.format("YYYY-MM")
        answer = self.api.ask(path, {**self._scope.of_cost, "start_month": name})
        found = [entry for _, entry in entries(answer, lambda entry: _within(entry, month))]
        self.api.account = self._scope.account(entry["attributes"] for entry in found)
        return found

    def _warn_of_unread_organizations(self, found: list[Row]) -> None:
        # of one account: the hours of a connected account are read beside those of the keys
        accounts = Counter({key_of(row): account_of(row) for row in (entry["attributes"] for entry in found)}.values())
        several = accounts.pop(None, 0) + max(accounts.values(), default=0)
        if several > 1 and not self._scope.descendants and not self.warned:
            self.warned = True
            logger.warning(
                f"{self.name}: the cost is that of {several} organizations, but only the one of the keys is read in "
                f"{', '.join(self._narrower)}. Set datadog.include_descendants to true to read all of them there too."
            )


class ProjectedCost(MonthlyStatement):
    """What the current month will have cost; never part of the bill."""

    name = "datadog_projected_cost"
    about = (
        "What Datadog expects one product to cost one organization by the end of the current month; from about the "
        "12th, overwritten at every sync. A prediction: it has no net."
    )
    grain = "snapshot"
    billed = False

    def rows(self, window: Window) -> Iterator[Row]:
        answer = self.api.ask(PROJECTED, self._scope.of_cost)
        found = entries(answer, lambda entry: str(month_of(entry.get("date"), window.start)))
        self.labels = self._names()
        for _, entry in found:
            yield entry


def _within(attributes: Row, month: DateTime) -> str | None:
    return month.format("YYYY-MM") if month_of(attributes.get("date"), month) == month else None
