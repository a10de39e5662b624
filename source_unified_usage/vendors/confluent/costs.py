"""Costs: one row per day, product, line type, resource and price tier."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.portions import Portions
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import midnight
from source_unified_usage.core.usage import (
    Charge,
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    decimal,
    nested,
    quantity,
    text,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window, days, months
from source_unified_usage.vendors.confluent.api import ConfluentApi
from source_unified_usage.vendors.confluent.lookups import Lookups, Named, name_of, organization

PATH = "/billing/v1/costs"
_AT_FIRST = 31  # days: a month, whose rows are few at most customers
_PAGE_SIZE = 10_000  # the maximum (Confluent Cloud APIs: Billing v1)
_DAY = timedelta(days=1)
_KEPT = 364  # days; "one year" (Confluent Cloud APIs: Billing v1), a day less is safe in leap years too

_PRODUCTS = {
    "KAFKA": "Kafka",
    "CONNECT": "Connect",
    "CUSTOM_CONNECT": "Custom Connect",
    "KSQL": "ksqlDB",
    "FLINK": "Flink",
    "STREAM_GOVERNANCE": "Stream Governance",
    "CLUSTER_LINK": "Cluster Linking",
    "AUDIT_LOG": "Audit Log",
    "TABLEFLOW": "Tableflow",
    "USM": "Unified Stream Manager",
    "SUPPORT_CLOUD_BASIC": "Support (Basic)",
    "SUPPORT_CLOUD_DEVELOPER": "Support (Developer)",
    "SUPPORT_CLOUD_BUSINESS": "Support (Business)",
    "SUPPORT_CLOUD_PREMIER": "Support (Premier)",
}


class CostItem(NamedTuple):
    """A row, its ordinal among its twins, and the names of what it belongs to."""

    row: Row
    ordinal: int
    environments: Mapping[str, Named]
    organization: Mapping[str, str]


class Costs(UsageStream[ConfluentApi]):
    """The bill, day by day."""

    name = "confluent_costs"
    about = (
        "What one product's line type cost on one day for one resource, network access type and price tier; support, "
        "credits and refunds are rows of their own. The sum of net is the bill."
    )
    role = "bill"
    step = months(1)
    lookback = days(7)  # a day is complete after 72 hours (Confluent Cloud APIs: Billing v1), and a margin

    def __init__(self, api: ConfluentApi, lookups: Lookups) -> None:
        super().__init__(api)
        self._lookups = lookups
        self._portions = Portions(_AT_FIRST)

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.subtract(days=_KEPT)

    def path(self) -> str:
        return PATH

    def rows(self, window: Window) -> Iterator[CostItem]:
        """The month's rows with their ordinals among rows that differ in price or amount alone."""
        for _, found in self._portions.over(window, self._listed):
            rows = list(with_ordinals(found, self._key, _order))
            environments = self._lookups.environments()
            owner = organization(self._lookups.organizations())
            self.api.account = owner.get("id")
            self._warn_of_long(row for row, _ in rows)
            yield from (CostItem(row, ordinal, environments, owner) for row, ordinal in rows)
            self.part_done()

    def _listed(self, part: Window, most: int | None) -> list[Row]:
        query = {"start_date": part.first_day, "end_date": part.end_day, "page_size": _PAGE_SIZE}
        return self.api.listing(PATH, query, self._key, most)

    def usages(self, item: CostItem) -> Iterator[Usage]:
        cost = item.row
        start, end = _days(cost)
        yield usage(
            id=f"{self._key(cost)}/{item.ordinal}",
            product=_product(text(cost.get("product"))),
            metric_name=text(cost.get("line_type")),
            resources=_resources(cost, item.environments),
            organization=item.organization,
            charges=_charges(cost),
            usage=compact(quantity=quantity(cost.get("quantity")), unit=text(cost.get("unit"))),
            start_date=midnight(start),
            end_date=midnight(end),
            remote_data=cost,
        )

    def _key(self, cost: Row) -> str:
        return self.id(
            _days(cost)[0].isoformat(),
            text(cost.get("product")),
            text(cost.get("line_type")),
            _environment(cost),
            text(_resource(cost).get("id")),
            text(cost.get("network_access_type")),
            cost.get("tier_dimensions"),
            text(cost.get("description")),
        )

    def _warn_of_long(self, rows: Iterable[Row]) -> None:
        """Rows of more than a day would overlap when they are read again in another window."""
        long = [row for row in rows if _spans_days(row)]
        if long:
            logger.warning(
                f"{self.name}: Confluent sent {len(long)} rows that span more than one day, the first from "
                f"{long[0].get('start_date')} to {long[0].get('end_date')}; they keep their own dates."
            )


def _resources(cost: Row, environments: Mapping[str, Named]) -> list[dict[str, Any]]:
    resource, environment = _resource(cost), _environment(cost)
    workspace = compact(id=environment, name=name_of(environments, environment))
    found = compact(id=text(resource.get("id")), name=text(resource.get("display_name")), workspace=workspace)
    return [found] if found else []


def _spans_days(cost: Row) -> bool:
    start, end = _days(cost)
    return end - start > _DAY


def _days(cost: Row) -> tuple[date, date]:
    """The row's first day and the day after its last; clients saw rows that lack one of them. Raises ValueError."""
    start, end = _day(cost.get("start_date")), _day(cost.get("end_date"))
    if start:
        return start, end or start + _DAY
    if end:
        return end - _DAY, end
    raise ValueError("neither start_date nor end_date")


def _day(value: Any) -> date | None:
    """A time may follow the day, which Confluent's CLI cuts off too."""
    day = (text(value) or "").strip()
    return date.fromisoformat(day[:10]) if day else None


def _resource(cost: Row) -> Row:
    """An object. A plain string can only be its id: as the environment of older organizations is one, it may come."""
    resource = cost.get("resource")
    return {"id": resource} if isinstance(resource, str) else nested(cost, "resource")


def _environment(cost: Row) -> str | None:
    """An object in the resource; in organizations from before 2024-05-15 a plain string there, or beside the resource.

    (Confluent Cloud APIs: Billing v1)
    """
    for place in (_resource(cost).get("environment"), cost.get("environment")):
        if found := text(place.get("id") if isinstance(place, Mapping) else place or None):
            return found
    return None


def _product(product: str | None) -> Mapping[str, str]:
    if not product:
        return {"id": "confluent_cloud", "name": "Confluent Cloud"}
    return {"id": product, "name": _PRODUCTS.get(product) or product.replace("_", " ").title()}


def _charges(cost: Row) -> list[Charge]:
    """Every amount may be missing; what is given is never calculated anew, as Confluent rounds in between."""
    amount, original = decimal(cost.get("amount")), decimal(cost.get("original_amount"))
    discount = decimal(cost.get("discount_amount")) or Decimal(0)
    net = amount
    if net is None and original is not None:
        net = original - discount
    if net is None:
        price, count = decimal(cost.get("price")), decimal(cost.get("quantity"))
        if price is None or count is None:
            return []
        net = price * count
    credit = net if cost.get("line_type") == "PROMO_CREDIT" else None
    return charges("USD", net=net, total=net + discount if original is None else original, credit=credit)


def _order(cost: Row) -> tuple[Any, ...]:
    """Price descending, so that a cheaper tier that appears later takes the next number; without a price last.

    The whole row at the end, so that only rows that are equal in everything depend on the order of the answer.
    """
    price = decimal(cost.get("price"))
    return (
        price is None,
        -price if price is not None else price,
        text(cost.get("id")) or "",
        decimal(cost.get("original_amount")) or Decimal(0),
        decimal(cost.get("quantity")) or Decimal(0),
        canonical_json(cost),
    )
