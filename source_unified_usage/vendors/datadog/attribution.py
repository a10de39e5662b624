"""Cost and usage by tag, an Enterprise feature: by month, and by hour one usage type at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError, mapping
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.times import month_period, parse_time, rfc3339
from source_unified_usage.core.usage import Charge, Row, Usage, charges, decimal, quantity, usage
from source_unified_usage.core.window import Window, days, months
from source_unified_usage.vendors.datadog.api import DatadogApi, flag, hour
from source_unified_usage.vendors.datadog.lookups import usage_types
from source_unified_usage.vendors.datadog.mapping import MonthRow, hour_period, month_of, product
from source_unified_usage.vendors.datadog.organizations import Organizations, key_of, organization
from source_unified_usage.vendors.datadog.stream import DatadogStream

MONTHLY_COST = "/api/v2/cost_by_tag/monthly_cost_attribution"
MONTHLY_USAGE = "/api/v1/usage/monthly-attribution"
HOURLY_USAGE = "/api/v1/usage/hourly-attribution"

_COMMITTED, _ON_DEMAND, _TOTAL = "_committed_cost", "_on_demand_cost", "_total_cost"
_COST_FIELDS = (_COMMITTED, _ON_DEMAND, _TOTAL, "_percentage_in_org", "_percentage_in_account")
_USAGE, _PERCENTAGE = "_usage", "_percentage"
# The types that have no suffix in hourly attribution either (Usage Metering)
_BARE_TYPES = frozenset({"flex_logs_starter", "flex_stored_logs", "published_app"})


class Attribution(DatadogStream):
    """One tag set's share. The tag keys that are asked for are part of the ids, by way of the tags."""

    def __init__(self, api: DatadogApi, organizations: Organizations, *, tags: Sequence[str]) -> None:
        super().__init__(api, organizations)
        # other tag keys are another cut of the same usage, with ids of their own
        self.scope = {
            "datadog.include_descendants": organizations.descendants,
            "datadog.tag_breakdown_keys": ",".join(sorted(tags)),
        }
        self._untagged = {"include_descendants": flag(organizations.descendants)}
        self._query = {**self._untagged, **({"tag_breakdown_keys": ",".join(tags)} if tags else {})}

    def rows(self, window: Window) -> Iterator[Any]:
        """What is attributed, where the site has it: US1-FED has no cost by tag (Usage Metering)."""
        try:
            yield from self.attributed(window)
        except ConfigError as error:
            if error.status != 404:
                raise
            self.not_available(window, f"this Datadog site has no usage attribution, nothing is read ({error})")

    def attributed(self, window: Window) -> Iterator[Any]:
        """The items of a window. Raises ConfigError with the status 404 where the site has no such endpoint."""
        raise NotImplementedError

    def usage_of_month(self, month: DateTime, query: Mapping[str, str]) -> Iterator[Row]:
        """Monthly attribution of every usage type."""
        asked = {"start_month": month.format("YYYY-MM"), "fields": "*", **query}
        for page in self.api.pages(MONTHLY_USAGE, asked, rows="usage"):
            rows = page.rows("usage")
            self.api.account = self._organizations.own_organization(rows)
            yield from (row for row in rows if _is_of(row, row, month))

    def common(self, row: Row) -> dict[str, Any]:
        """The fields that are alike in all attribution."""
        updated = row.get("updated_at")
        return {
            "organization": organization(row),
            "resources": _resources(row),
            "updated_at": rfc3339(parse_time(updated)) if updated else None,
        }

    def share(self, row: Row, period: str, name: str) -> str:
        """The id of one tag set's share in one period."""
        return self.id(key_of(row), period, row.get("tag_config_source"), row.get("tags"), name)


class MonthlyCostAttribution(Attribution):
    name = "datadog_monthly_cost_attribution"
    about = (
        "What one product cost one organization in one closed month under one set of tags; from about the 19th of the "
        "next month. Restates datadog_cost."
    )
    role = "restates"
    restates = ("datadog_cost",)
    grain = "month"
    step = months(1)
    lookback = months(2)

    def __init__(
        self, api: DatadogApi, organizations: Organizations, *, tags: Sequence[str], labels: Lookup[str], currency: str
    ) -> None:
        super().__init__(api, organizations, tags=tags)
        self._labels, self._currency = labels, currency

    def attributed(self, window: Window) -> Iterator[MonthRow]:
        month = window.start
        if month >= clock.now().start_of("month"):
            return
        query = {"start_month": month.format("YYYY-MM"), "fields": "*", **self._query}
        for page in self.api.pages(MONTHLY_COST, query):
            rows = page.rows("data")
            self.api.account = self._organizations.own_organization(row.get("attributes") or {} for row in rows)
            labels = self._labels()
            for row in rows:
                if _is_of(row, row.get("attributes") or {}, month):
                    yield MonthRow(row, month, labels)

    def usages(self, item: MonthRow) -> Iterator[Usage]:
        attributes = item.row["attributes"]
        month, period = item.month.format("YYYY-MM"), month_period(item.month)
        for name, own in by_name(attributes.get("values") or {}, _COST_FIELDS).items():
            lines = _charges(name, own, self._currency)
            if not lines:
                continue
            yield usage(
                id=self.share(attributes, month, name),
                product=product(name, item.labels),
                metric_name=name,
                **self.common(attributes),
                charges=lines,
                **period,
                remote_data={**item.row, "attributes": {**attributes, "values": own}},
            )


class MonthlyUsageAttribution(Attribution):
    name = "datadog_monthly_usage_attribution"
    about = "How much of one usage type falls to one set of tags of one organization in one month, to date."
    role = "activity"
    grain = "month"
    step = months(1)
    lookback = months(2)

    def attributed(self, window: Window) -> Iterator[MonthRow]:
        return (MonthRow(row, window.start) for row in self.usage_of_month(window.start, self._query))

    def usages(self, item: MonthRow) -> Iterator[Usage]:
        row, month, period = item.row, item.month.format("YYYY-MM"), month_period(item.month)
        for kind, own in by_name(row.get("values") or {}, (_USAGE, _PERCENTAGE)).items():
            value = quantity(own.get(kind + _USAGE))
            if value is None:
                continue
            yield usage(
                id=self.share(row, month, kind),
                product={"id": kind},
                metric_name=kind,
                **self.common(row),
                usage={"quantity": value},
                **period,
                remote_data={**row, "values": own},
            )


class TypedRow(NamedTuple):
    """A row of hourly attribution with the type, without suffix, that was asked for."""

    row: Row
    kind: str


class HourlyUsageAttribution(Attribution):
    name = "datadog_hourly_usage_attribution"
    about = "How much of one usage type falls to one set of tags of one organization in one hour."
    role = "activity"
    grain = "event"
    step = days(1)  # more than 24 hours are refused (Hourly Usage and Migration)
    # when attribution is final is not documented: the 72 hours of hours (Usage Metering), the day of the months that
    # name their types, which are updated daily, and a margin
    lookback = days(5)

    def __init__(self, api: DatadogApi, organizations: Organizations, *, tags: Sequence[str]) -> None:
        super().__init__(api, organizations, tags=tags)
        self._types: Sequence[str] | None = None
        self._used: dict[DateTime, frozenset[str]] = {}
        self._answered: set[str] = set()
        self._refused: set[str] = set()

    def attributed(self, window: Window) -> Iterator[TypedRow]:
        """Page after page of each type that the month used; the others would be some eighty empty answers a day."""
        kinds = self._kinds(window.start.start_of("month"))
        refusal: ConfigError | None = None
        for kind in kinds:
            try:
                for page in self._hours(kind, window):
                    self._answered.add(kind)
                    yield from (TypedRow(row, kind) for row in page.rows("usage"))
            except ConfigError as error:
                # once a type was answered, a refusal is of the page or the day
                if error.status != 400 or kind in self._answered:
                    raise
                refusal = error
                self._refused.add(kind)
                self.warn_once(kind, f"Datadog refuses the usage type {kind}, it is left out ({error})")
        if refusal and not self._answered:
            raise refusal

    def _hours(self, kind: str, window: Window) -> Iterator[Answer]:
        query = {
            "start_hr": hour(window.start),
            "end_hr": hour(window.end),
            "usage_type": kind if kind in _BARE_TYPES else kind + _USAGE,
            **self._query,
        }
        return self.api.pages(HOURLY_USAGE, query, rows="usage")

    def _kinds(self, month: DateTime) -> list[str]:
        if self._types is None:
            self._types = usage_types(self.api)
        if month not in self._used:
            rows = self.usage_of_month(month, self._untagged)
            self._used[month] = frozenset(kind for row in rows for kind in _used(row))
        return [kind for kind in self._types if kind in self._used[month] and kind not in self._refused]

    def usages(self, item: TypedRow) -> Iterator[Usage]:
        row, kind = item
        value = quantity(row.get("total_usage_sum"))
        if value is None:
            return
        period = hour_period(row["hour"])
        yield usage(
            id=self.share(row, period["start_date"], kind),
            product={"id": kind},
            metric_name=row["usage_type"],
            **self.common(row),
            usage={"quantity": value},
            **period,
            remote_data=row,
        )


def by_name(values: Mapping[str, Any], suffixes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The values by what they measure; those without any of the suffixes go to each, so that none is lost."""
    if not isinstance(values, Mapping):
        raise ValueError("values is no object")
    names = {field: field.removesuffix(end) for field in values for end in suffixes if field.endswith(end)}
    return {
        name: {field: value for field, value in values.items() if names.get(field, name) == name}
        for name in dict.fromkeys(names.values())
    }


def _charges(product: str, values: Mapping[str, Any], currency: str) -> list[Charge]:
    committed, on_demand, net = (decimal(values.get(product + end)) for end in (_COMMITTED, _ON_DEMAND, _TOTAL))
    if net is None:
        known = [part for part in (committed, on_demand) if part is not None]
        net = sum(known[1:], known[0]) if known else None
    return charges(currency, net=net, committed=committed, on_demand=on_demand)


def _used(row: Row) -> Iterator[str]:
    for field, value in (row.get("values") or {}).items():
        if value and field.endswith(_USAGE):
            yield field.removesuffix(_USAGE)


def _is_of(row: Row, attributes: Row, month: DateTime) -> bool:
    with mapping(row):
        return month_of(attributes.get("month"), month) == month


def _resources(row: Row) -> list[dict[str, str]]:
    """One resource for each tag key with values."""
    names = [f"{key}:{'|'.join(values)}" for key, values in (row.get("tags") or {}).items() if values]
    return [{"id": name, "name": name} for name in names]
