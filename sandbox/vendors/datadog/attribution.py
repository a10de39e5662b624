"""Usage and cost by tag: three endpoints."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.kit import Json
from sandbox.times import DAY, HOUR, days_between, midnight, stamp
from sandbox.vendors.datadog.catalog import ATTRIBUTED, OWN, PRODUCTS
from sandbox.vendors.datadog.hourly import covered
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import last_of, month_name, offset_stamp, plus_months
from sandbox.vendors.datadog.quantities import Cost, Quantities, products
from sandbox.vendors.datadog.query import Query, identifier
from sandbox.vendors.datadog.refusals import plain
from sandbox.vendors.datadog.tag_sets import Tagged, spelled, tag_sets

_MAX_KEYS = 3
_CLOSE_DAY = 19  # of the next month, on which monthly cost attribution shows a month
_WINDOW = timedelta(hours=24)


class Attribution:
    """Each organization's quantities and costs, cut by tag."""

    def __init__(self, quantities: Quantities, knobs: Knobs) -> None:
        self._quantities, self._knobs = quantities, knobs

    def monthly_cost(self, query: Query) -> Json:
        month, page, pagination, aggregates = self._monthly(query, self._cost_values)
        data = [
            {
                "type": "cost_by_tag",
                "id": identifier("cost_by_tag", month, tagged.source, tagged.org, tagged.tags),
                "attributes": {
                    "org_name": tagged.org.name,
                    "public_id": tagged.org.public_id,
                    "tag_config_source": tagged.source,
                    "tags": tagged.tags,
                    "month": self._spelled(month, stamp),
                    "updated_at": f"{plus_months(month, 1):%Y-%m}-17T08",
                    "values": values,
                },
            }
            for tagged, values in page
        ]
        return {"data": data, "meta": {"aggregates": aggregates, **pagination}}

    def monthly_usage(self, query: Query) -> Json:
        month, page, pagination, aggregates = self._monthly(query, self._usage_values)
        usage = [
            {
                **_whose(tagged),
                "month": self._spelled(month, offset_stamp),
                "updated_at": stamp(self._updated(month, query.now)),
                "values": values,
            }
            for tagged, values in page
        ]
        return {"usage": usage, "metadata": {**pagination, "aggregates": aggregates}}

    def _monthly(
        self, query: Query, values_of: Callable[[Tagged, date, datetime], Json]
    ) -> tuple[date, Sequence[tuple[Tagged, Json]], Json, list[Json]]:
        """The month, a page of the tag sets that have values, how it is paged, and the sums of all pages."""
        month = _month(query)
        rows = [(tagged, values) for tagged in _tagged(query) if (values := values_of(tagged, month, query.now))]
        page, cursor = query.page(rows, self._knobs.monthly_page_size, "next_record_id")
        return month, page, _pagination(cursor), _aggregates([values for _, values in rows])

    def hourly_usage(self, query: Query) -> Json:
        start, end = query.hours("start_hr", "end_hr")
        usage_type = query.required("usage_type")
        kind = next((kind for kind in ATTRIBUTED if spelled(kind) == usage_type), None)
        if kind is None or usage_type in self._knobs.refused_types:
            raise plain(400, f"usage_type {usage_type} is not supported")
        if end - start > _WINDOW:
            raise plain(400, "The time range cannot exceed 24 hours")
        rows = [
            (tagged, hour, value)
            for tagged in _tagged(query)
            for hour, value in self.hours(tagged, kind, start, end, query.now)
        ]
        size = self._knobs.hourly_attribution_page_size
        page, cursor = query.page(rows, size, "next_record_id")
        usage = [
            {
                **_whose(tagged),
                "hour": offset_stamp(hour),
                "total_usage_sum": value,
                "updated_at": _hour_updated(tagged, hour, self._quantities.horizon(query.now), query.now),
                "usage_type": usage_type,
            }
            for tagged, hour, value in page
        ]
        return {"usage": usage, "metadata": _pagination(cursor)}

    def months_of_cost(self, month: date, now: datetime) -> bool:
        """Whether cost attribution shows a month yet."""
        return now.date() >= plus_months(month, 1).replace(day=_CLOSE_DAY)

    def costs(self, tagged: Tagged, month: date, now: datetime) -> Iterator[tuple[str, Cost]]:
        """Cost by billing dimension."""
        if not self.months_of_cost(month, now):
            return
        for product in products(tagged.org):
            cost = self._quantities.closed_cost(tagged.org, product, month, now)
            if cost is not None:
                part = Cost(tagged.part(cost.committed), tagged.part(cost.on_demand))
                yield product.name, part

    def usage(self, tagged: Tagged, month: date, now: datetime) -> Iterator[tuple[str, int]]:
        """Usage by type, month to date."""
        for kind, (name, factor) in ATTRIBUTED.items():
            if name in tagged.org.products:
                units = self._quantities.units(tagged.org, PRODUCTS[name], last_of(month), now)
                if units is not None:
                    yield kind, tagged.part(units * factor)

    def hours(
        self, tagged: Tagged, kind: str, start: datetime, end: datetime, now: datetime
    ) -> Iterator[tuple[datetime, int]]:
        """One type's hours, of which a product without usage has none."""
        name, factor = ATTRIBUTED[kind]
        product = PRODUCTS[name]
        if name not in tagged.org.products or not product.base:
            return
        horizon = self._quantities.horizon(now)
        for day in days_between(start.date(), end.date() + DAY):
            quantity = self._quantities.quantity(tagged.org, product, day, now)
            hours = [midnight(day) + n * HOUR for n in range(24)]
            known = [hour for hour in hours if hour + HOUR <= horizon]
            if not quantity or not known:
                continue
            share = len(known) if product.aggregation == "sum" else 1
            part = tagged.part(quantity * factor // share)
            for hour in known:
                if start <= hour < end:
                    yield hour, part

    def _cost_values(self, tagged: Tagged, month: date, now: datetime) -> Json:
        values: Json = {}
        for name, cost in self.costs(tagged, month, now):
            whole = self._quantities.closed_cost(tagged.org, PRODUCTS[name], month, now)
            account = sum(
                other.total
                for org in OWN
                if name in org.products and (other := self._quantities.closed_cost(org, PRODUCTS[name], month, now))
            )
            values[f"{name}_on_demand_cost"] = _dollars(cost.on_demand)
            values[f"{name}_committed_cost"] = _dollars(cost.committed)
            values[f"{name}_total_cost"] = _dollars(cost.total)
            values[f"{name}_percentage_in_org"] = _percent(cost.total, whole.total if whole else 0)
            values[f"{name}_percentage_in_account"] = _percent(cost.total, account)
        return values

    def _usage_values(self, tagged: Tagged, month: date, now: datetime) -> Json:
        values: Json = {}
        for kind, part in self.usage(tagged, month, now):
            name, factor = ATTRIBUTED[kind]
            whole = self._quantities.units(tagged.org, PRODUCTS[name], last_of(month), now) or 0
            values[f"{kind}_usage"] = part
            if tagged.tags is not None:
                values[f"{kind}_percentage"] = _percent(part, whole * factor)
        return values

    def _spelled(self, month: date, as_time: Callable[[datetime], str]) -> str:
        return month_name(month) if self._knobs.months == "name" else as_time(midnight(month))

    def _updated(self, month: date, now: datetime) -> datetime:
        """Every day while the month runs, for the last time on the second of the next."""
        final = midnight(plus_months(month, 1)) + timedelta(days=1, hours=4, minutes=5, seconds=11)
        return min(final, midnight(now.date() - DAY) + (final - midnight(final.date())))


def _tagged(query: Query) -> Iterator[Tagged]:
    seen = covered(query.caller, query.flag("include_descendants", default=True))
    keys = query.listed("tag_breakdown_keys")
    if len(keys) > _MAX_KEYS:
        raise plain(400, f"tag_breakdown_keys accepts at most {_MAX_KEYS} keys")
    return tag_sets([org for org in OWN if org.public_id in seen], keys)


def _month(query: Query) -> date:
    """The month that is asked for, with all fields. The API also takes a range and a list of fields."""
    month = query.start_month()
    query.retained(month)
    if query.required("fields") != "*":
        raise plain(400, f"fields are invalid: {query.text('fields')}")
    return month


def _aggregates(values: list[Json]) -> list[Json]:
    sums: dict[str, Decimal] = {}
    for row in values:
        for field, value in row.items():
            if "_percentage" not in field:
                sums[field] = sums.get(field, Decimal(0)) + Decimal(str(value))
    return [{"agg_type": "sum", "field": name, "value": float(total)} for name, total in sums.items()]


def _pagination(cursor: str | None) -> Json:
    return {"pagination": {"next_record_id": cursor}}


def _whose(tagged: Tagged) -> Json:
    return {
        "org_name": tagged.org.name,
        "public_id": tagged.org.public_id,
        "region": tagged.org.region,
        "tag_config_source": tagged.source,
        "tags": tagged.tags,
    }


def _hour_updated(tagged: Tagged, hour: datetime, horizon: datetime, now: datetime) -> str:
    at = min(hour + (now - horizon), now)
    return f"{at:%Y-%m-%dT%H}" if tagged.org.region == "us" else stamp(at)


def _dollars(micros: int) -> float:
    return float(Decimal(micros).scaleb(-6))


def _percent(part: int, whole: int) -> float:
    return round(part / whole * 100, 2) if whole else 0.0
