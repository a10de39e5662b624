"""The bill: every product of GitHub, day by day; of an enterprise cost center by cost center."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, quantity, text, usage, with_ordinals
from source_unified_usage.core.window import Window, days, month_of_days
from source_unified_usage.vendors.github.api import AccountStream, GitHubApi
from source_unified_usage.vendors.github.lookups import Center, Lookups
from source_unified_usage.vendors.github.mapping import Figures, fold, order, product_of, resources

ROWS = "usageItems"
_MONTHS_KEPT = 24  # "Billing usage": the past 24 months; the page of exports names no figure


class BillItem(NamedTuple):
    """A row with what the question says of it: day, cost center, person; and its ordinal among its twins.

    `figures`: the row, or what is left of it when the cost centers' parts are taken off.
    """

    row: Row
    day: str
    figures: Row
    center: Center | None = None
    login: str | None = None  # as GitHub spells it
    ordinal: int = 0


class BillingStream(AccountStream):
    """A stream of the billing API."""

    # A day settles for hours to days, and the month's included credits move until it is closed.
    lookback = month_of_days(3)
    figures: Figures

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.subtract(months=_MONTHS_KEPT).add(days=1)

    def check_net(self, row: Row) -> None:
        if self.figures.contradicts(row):
            self.warn_once("net", f"a net amount is another than gross less discount, the net is kept: {dict(row)}")

    def numbered(self, items: Iterable[BillItem]) -> Iterator[BillItem]:
        """The items with their ordinals among rows that differ in price or amount alone."""
        found = with_ordinals(items, self.key, lambda item: order(self.figures, item.row))
        return (item._replace(ordinal=ordinal) for item, ordinal in found)

    def key(self, item: BillItem) -> str:
        """The id without the ordinal."""
        raise NotImplementedError


class DailyBilling(BillingStream):
    """Asked for one day at a time."""

    step = days(1)

    def __init__(self, api: GitHubApi, lookups: Lookups) -> None:
        super().__init__(api)
        self._lookups = lookups

    def path(self) -> str:
        return self.api.of.billing("usage")

    def centers(self) -> list[Center]:
        """Those of an enterprise: without asking for each, all usage that belongs to one is missing."""
        return [*self._lookups.cost_centers.required(self.api).values()]

    def parts(self) -> Sequence[Center | None]:
        """What a day is asked for by: what belongs to no cost center, and each center."""
        centers = self.centers()
        if centers:
            self.asks(1 + len(centers), f"{len(centers)} cost centers, each asked for once a day")
        return None, *centers

    def ask(self, kind: str, day: DateTime, *, center: Center | None = None, login: str | None = None) -> Answer | None:
        """One day's answer; None where GitHub does not know a cost center that was deleted."""
        query = {"year": day.year, "month": day.month, "day": day.day}
        query |= compact(cost_center_id=center.id if center else None, user=login)
        try:
            return self.api.get(self.api.of.billing(*kind.split("/")), query)
        except ConfigError as error:
            if error.status != 404 or not (center and center.deleted):
                raise
            self.warn_of_unknown(center.id, error)
            return None

    def warn_of_unknown(self, what: str, error: ConfigError) -> None:
        self.warn_once(what, f"GitHub does not know {what} any more, what belongs to it is not read ({error})")


class BillingUsage(DailyBilling):
    name = "github_billing_usage"
    about = (
        "What one SKU of one product cost on one day in one organization and repository; of an enterprise also by cost "
        "center. The sum of net is the bill."
    )
    role = "bill"
    figures = Figures(
        price="pricePerUnit", gross="grossAmount", discount="discountAmount", net="netAmount", quantity="quantity"
    )
    windows_at_once = GitHubApi.parallel

    def rows(self, window: Window) -> Iterator[BillItem]:
        day = window.first_day
        items = [BillItem(row, day, row, center) for center in self.parts() for row in self._dated(window, center)]
        for item in items:
            self.check_net(item.row)
        return self.numbered(items)

    def _dated(self, window: Window, center: Center | None) -> list[Row]:
        answer = self.ask("usage", window.start, center=center)
        if answer is None:
            return []
        rows = answer.rows(ROWS)
        for row in rows:
            if (date := (text(row.get("date")) or "").strip()[:10]) != window.first_day:
                raise answer.broken(f"a row of {date or 'no date'} in the answer for {window.first_day}")
        return rows

    def key(self, item: BillItem) -> str:
        row = item.row
        return self.id(
            item.day,
            item.center.id if item.center else None,
            text(row.get("organizationName")),
            fold("product", row.get("product")),
            fold("sku", row.get("sku")),
            text(row.get("repositoryName")),
        )

    def usages(self, item: BillItem) -> Iterator[Usage]:
        row, account = item.row, self.api.of
        organization = text(row.get("organizationName")) if account.enterprise else None
        yield usage(
            id=f"{self.key(item)}/{item.ordinal}",
            product=product_of(row),
            metric_name=text(row.get("sku")),
            resources=resources(
                repository=text(row.get("repositoryName")), center=workspace(item.center), organization=organization
            ),
            organization={"id": account.id},
            charges=self.figures.charges(row),
            usage=compact(quantity=quantity(row.get("quantity")), unit=(text(row.get("unitType")) or "").lower()),
            **day_period(item.day),
            remote_data=row,
        )


def workspace(center: Center | None) -> Mapping[str, Any]:
    """A cost center as a record carries it."""
    return compact(id=center.id, name=center.name) if center else {}
