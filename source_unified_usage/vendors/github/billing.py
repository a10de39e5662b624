"""The bill: every product of GitHub, day by day; of an enterprise cost center by cost center."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, quantity, text, usage, with_ordinals
from source_unified_usage.core.window import Window, days, month_of_days
from source_unified_usage.vendors.github.api import GitHubApi
from source_unified_usage.vendors.github.lookups import Center, Lookups
from source_unified_usage.vendors.github.mapping import Figures, fold, order, product_of, resources

FIGURES = Figures(
    price="pricePerUnit", gross="grossAmount", discount="discountAmount", net="netAmount", quantity="quantity"
)
ROWS = "usageItems"
_MONTHS_KEPT = 24  # "Billing usage": the past 24 months


class DailyBilling(UsageStream[GitHubApi]):
    """A stream of the billing API, which is asked for one day at a time."""

    step = days(1)
    # A day settles for hours to days, and the month's included credits move until it is closed.
    lookback = month_of_days(3)

    def __init__(self, api: GitHubApi, lookups: Lookups) -> None:
        super().__init__(api)
        self._lookups = lookups
        self.scope = api.of.scope

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.subtract(months=_MONTHS_KEPT).add(days=1)

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
        """One day's answer; None where GitHub does not know a cost center that was deleted or a person who is gone."""
        query = {"year": day.year, "month": day.month, "day": day.day}
        query |= compact(cost_center_id=center.id if center else None, user=login)
        try:
            return self.api.get(self.api.of.billing(*kind.split("/")), query)
        except ConfigError as error:
            gone = login or (center.id if center and center.deleted else None)
            if error.status != 404 or not gone:
                raise
            self.warn_once(gone, f"GitHub does not know {gone} any more, what belongs to it is not read ({error})")
            return None

    def check_nets(self, rows: Iterable[Row], figures: Figures) -> None:
        for row in rows:
            if figures.contradicts(row):
                self.warn_once("net", f"a net amount is another than gross less discount, the net is kept: {dict(row)}")


class BillItem(NamedTuple):
    """A row, its day, the cost center that it was asked for by, and its ordinal among its twins."""

    row: Row
    day: str
    center: Center | None
    ordinal: int = 0


class BillingUsage(DailyBilling):
    """The bill."""

    name = "github_billing_usage"
    about = (
        "What one SKU of one product cost on one day in one organization and repository; of an enterprise also by cost "
        "center. The sum of net is the bill."
    )
    role = "bill"
    windows_at_once = GitHubApi.parallel

    def rows(self, window: Window) -> Iterator[BillItem]:
        """The day's rows with their ordinals among rows that differ in price or amount alone."""
        items = [
            BillItem(row, window.first_day, center) for center in self.parts() for row in self._dated(window, center)
        ]
        self.check_nets((item.row for item in items), FIGURES)
        numbered = with_ordinals(items, self._key, lambda item: order(FIGURES, item.row))
        return (item._replace(ordinal=ordinal) for item, ordinal in numbered)

    def _dated(self, window: Window, center: Center | None) -> list[Row]:
        answer = self.ask("usage", window.start, center=center)
        if answer is None:
            return []
        rows = answer.rows(ROWS)
        for row in rows:
            if (date := (text(row.get("date")) or "").strip()[:10]) != window.first_day:
                raise answer.broken(f"a row of {date or 'no date'} in the answer for {window.first_day}")
        return rows

    def _key(self, item: BillItem) -> str:
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
            id=f"{self._key(item)}/{item.ordinal}",
            product=product_of(row),
            metric_name=text(row.get("sku")),
            resources=resources(
                repository=text(row.get("repositoryName")), center=workspace(item.center), organization=organization
            ),
            organization={"id": account.id},
            charges=FIGURES.charges(row),
            usage=compact(quantity=quantity(row.get("quantity")), unit=(text(row.get("unitType")) or "").lower()),
            **day_period(item.day),
            remote_data=row,
        )


def workspace(center: Center | None) -> Mapping[str, Any]:
    """A cost center as a record carries it."""
    return compact(id=center.id, name=center.name) if center else {}
