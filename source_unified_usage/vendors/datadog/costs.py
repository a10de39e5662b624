"""Costs by month: the bill, and what the month is projected to cost."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pendulum import DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import mapping
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.times import Period, first_instant, month_period, rfc3339
from source_unified_usage.core.usage import Charge, Row, Usage, usage
from source_unified_usage.core.window import Window, months
from source_unified_usage.vendors.datadog.api import DatadogApi
from source_unified_usage.vendors.datadog.mapping import (
    Labels,
    MonthRow,
    amounts,
    charge_lines,
    month_of,
    net_of,
    product,
    products,
)
from source_unified_usage.vendors.datadog.organizations import Organizations, account_of, key_of, organization
from source_unified_usage.vendors.datadog.stream import DatadogStream

HISTORICAL = "/api/v2/usage/historical_cost"
ESTIMATED = "/api/v2/usage/estimated_cost"
PROJECTED = "/api/v2/usage/projected_cost"

# Before the current one. Usage Metering promises the current and the previous; that one more comes, a client reports
_ESTIMATED_MONTHS = 2


class CostStream(DatadogStream):
    """Charge lines of organizations, by product."""

    def __init__(self, api: DatadogApi, organizations: Organizations, labels: Lookup[str], currency: str) -> None:
        super().__init__(api, organizations)
        self._labels, self._currency = labels, currency
        self.scope = organizations.cost_scope

    def entries(
        self, path: str, query: Mapping[str, str], period: Callable[[Row], str | None]
    ) -> list[tuple[str, Row]]:
        """The answer's entries with their period, as `latest` gives them."""
        found = latest(self.api.ask(path, {**self._organizations.cost_query, **query}), period)
        self.api.account = self._organizations.own_account(entry["attributes"] for _, entry in found)
        return found

    def record(
        self, entry: Row, name: str, labels: Labels, *, when: str, period: Period, charges: Sequence[Charge]
    ) -> Usage:
        """What one product cost one organization; `when` is the period as the id has it."""
        attributes = entry["attributes"]
        return usage(
            id=self.id(key_of(attributes), when, name),
            product=product(name, labels),
            metric_name=name,
            organization=organization(attributes),
            charges=charges,
            **period,
            remote_data=entry,
        )


class MonthlyCost(CostStream):
    """Cost entries of a month, a record for each of their products."""

    def month_rows(self, found: Iterable[tuple[str, Row]], asked: DateTime) -> Iterator[MonthRow]:
        """The entries with their month, which is the one asked for where they name none."""
        labels = self._labels()
        for _, entry in found:
            yield MonthRow(entry, month_of(entry["attributes"].get("date"), asked), labels)

    def usages(self, item: MonthRow) -> Iterator[Usage]:
        when, period = item.month.format("YYYY-MM"), month_period(item.month)
        for name, entry in products(item.row).items():
            if lines := amounts(entry):
                net = None if self.role == "estimate" else net_of(lines)
                charges = charge_lines(lines, self._currency, net)
                yield self.record(entry, name, item.labels, when=when, period=period, charges=charges)


class Cost(MonthlyCost):
    name = "datadog_cost"
    about = (
        "What one product cost one organization in one month: the estimate to date, overwritten by the final figure "
        "when the month is closed. The sum of net is the bill."
    )
    role = "bill"
    grain = "month"
    step = months(1)
    lookback = months(2)

    def __init__(
        self,
        api: DatadogApi,
        organizations: Organizations,
        labels: Lookup[str],
        currency: str,
        *,
        narrower: Sequence[str],
    ) -> None:
        super().__init__(api, organizations, labels, currency)
        self._narrower = narrower  # the streams without child organizations, unless they are asked for

    def rows(self, window: Window) -> Iterator[MonthRow]:
        found = self._month(window.start)
        self._warn_of_unread_organizations([entry["attributes"] for _, entry in found])
        return self.month_rows(found, window.start)

    def _month(self, month: DateTime) -> list[tuple[str, Row]]:
        """Historical cost is empty until about the 16th of the next month (Usage Metering); until then the estimate."""
        current = clock.now().start_of("month")
        if month < current:
            found = self._ask(HISTORICAL, month)
            if found or month < current.subtract(months=_ESTIMATED_MONTHS):
                return found
        return self._ask(ESTIMATED, month)

    def _ask(self, path: str, month: DateTime) -> list[tuple[str, Row]]:
        # a month without an end: whether end_month is inclusive is not documented, and clients differ (infrawallet#210)
        name = month.format("YYYY-MM")
        return self.entries(path, {"start_month": name}, lambda entry: name if _is_of(entry, month) else None)

    def _warn_of_unread_organizations(self, found: Iterable[Row]) -> None:
        # those of the largest account, because the hours of connected accounts are read too
        accounts = Counter({key_of(row): account_of(row) for row in found}.values())
        several = accounts.pop(None, 0) + max(accounts.values(), default=0)
        if several > 1 and not self._organizations.descendants:
            self.warn_once(
                "organizations",
                f"the cost is that of {several} organizations, but only the one of the keys is read in "
                f"{', '.join(self._narrower)}. Set datadog.include_descendants to true to read all of them there too.",
            )


class ProjectedCost(MonthlyCost):
    name = "datadog_projected_cost"
    about = (
        "What Datadog expects one product to cost one organization by the end of the current month; from about the "
        "12th, overwritten at every sync. A prediction: it has no net."
    )
    role = "estimate"
    grain = "snapshot"

    def rows(self, window: Window) -> Iterator[MonthRow]:
        found = self.entries(PROJECTED, {}, lambda entry: str(month_of(entry.get("date"), window.start)))
        return self.month_rows(found, window.start)


def latest(answer: Answer, period: Callable[[Row], str | None]) -> list[tuple[str, Row]]:
    """The answer's entries with their period (None: not wanted), one for each organization and period.

    Of several the one with the latest date counts, a case that one client guards against. An entry without charges,
    which are optional (Usage Metering), is none. Raises Unmappable, or BrokenContract when two that differ have the
    same date.
    """
    found: dict[tuple[str, str], Row] = {}
    for entry in answer.rows("data"):
        with mapping(entry):
            attributes = entry.get("attributes") or {}
            if not attributes.get("charges") or (of := period(attributes)) is None:
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
    return [(of, entry) for (of, _), entry in found.items()]


def _date(attributes: Row) -> str:
    date = attributes.get("date")
    return rfc3339(first_instant(date)) if date else ""


def _is_of(attributes: Row, month: DateTime) -> bool:
    return month_of(attributes.get("date"), month) == month
