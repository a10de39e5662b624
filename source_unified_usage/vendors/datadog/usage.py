"""Usage without tags: measurements by hour, and the quantities that a month is billed on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.times import month_period
from source_unified_usage.core.usage import Row, Usage, compact, listed, quantity, usage
from source_unified_usage.core.window import Window, days, months
from source_unified_usage.vendors.datadog.api import DatadogApi, flag, hour
from source_unified_usage.vendors.datadog.mapping import Labels, hour_period, product
from source_unified_usage.vendors.datadog.organizations import Organizations, account_of, key_of, organization
from source_unified_usage.vendors.datadog.stream import DatadogStream

HOURLY = "/api/v2/usage/hourly_usage"
BILLABLE = "/api/v1/usage/billable-summary"
_PAGE_SIZE = 500  # the largest (Usage Metering)

# Usage Metering names no units; they are read off the names: the first pattern that fits, or else none
_UNITS = (
    ("*_bytes*", "byte"),
    ("*host_count*", "host"),
    ("*container*count", "container"),
    ("*tasks_count", "task"),
    ("*session*count", "session"),
    ("*spans*", "span"),
    ("*events*count", "event"),
    ("*indexed_count", "event"),
    ("analyzed_logs", "event"),
    ("lines_indexed", "event"),
    ("*invocations*", "invocation"),
    ("*timeseries", "timeseries"),
    ("*check_calls_count", "test_run"),
    ("*devices", "device"),
    ("iot_device_count", "device"),
    ("*users", "user"),
    ("*committers", "user"),
)
# The ends of billing keys: those of Usage Metering, and "_avg" beside "_average"
_AGGREGATIONS = ("_sum", "_average", "_avg", "_top99p", "_maximum")


class HourlyUsage(DatadogStream):
    name = "datadog_hourly_usage"
    about = (
        "One measurement (usage type) of one product family in one organization in one hour. Families overlap: do not "
        "add them up."
    )
    role = "activity"
    grain = "event"
    lookback = days(3)  # hours are complete after 72 hours (Usage Metering)

    def __init__(self, api: DatadogApi, organizations: Organizations, *, families: Sequence[str], zeros: bool) -> None:
        super().__init__(api, organizations)
        descendants, connected = organizations.descendants, organizations.connected
        # 24 hours at most where several organizations are answered, two months of one (Usage Metering)
        self.step = days(1) if descendants or connected else days(7)
        self._zeros = zeros
        self.scope = {
            "datadog.product_families": list(families),
            "datadog.include_descendants": descendants,
            "datadog.include_connected_accounts": connected,
            "datadog.include_zero_usage": zeros,
        }
        self._query = {
            "filter[product_families]": ",".join(families) or "all",
            "filter[include_descendants]": flag(descendants),
            "filter[include_connected_accounts]": flag(connected),
            "page[limit]": str(_PAGE_SIZE),
        }

    def rows(self, window: Window) -> Iterator[Row]:
        hours = {"filter[timestamp][start]": hour(window.start), "filter[timestamp][end]": hour(window.end)}
        for page in self.api.pages(HOURLY, {**hours, **self._query}, cursor="page[next_record_id]"):
            rows = page.rows("data")
            self.api.account = self._organizations.own_organization(row.get("attributes") or {} for row in rows)
            yield from rows

    def usages(self, item: Row) -> Iterator[Usage]:
        attributes = item.get("attributes") or {}
        if not (measurements := listed({"measurements": None, **attributes}, "measurements")):
            return
        family, period = attributes["product_family"], hour_period(attributes["timestamp"])
        owner = organization(attributes)
        for measurement in measurements:
            kind, value = measurement["usage_type"], quantity(measurement.get("value"))
            if value is None or (value == 0 and not self._zeros):
                continue
            yield usage(
                id=self.id(key_of(attributes), period["start_date"], family, kind),
                product={"id": family, "name": family},
                metric_name=kind,
                organization=owner,
                usage=compact(quantity=value, unit=unit_of(kind)),
                **period,
                remote_data={**item, "attributes": {**attributes, "measurements": [measurement]}},
            )


class BillableKey(NamedTuple):
    """One key of a row, an organization's billable summary of a month; `alone`: its account has no other row."""

    row: Row
    month: DateTime
    key: str
    figures: Mapping[str, Any]
    alone: bool
    labels: Labels


class BillableUsage(DatadogStream):
    name = "datadog_billable_usage"
    about = (
        "The quantity of one billing key (dimension and aggregation) that one organization is billed on in one month."
    )
    role = "activity"
    grain = "month"
    step = months(1)
    lookback = months(1)

    def __init__(self, api: DatadogApi, organizations: Organizations, labels: Lookup[str]) -> None:
        super().__init__(api, organizations)
        self._labels = labels
        self.scope = {"datadog.include_connected_accounts": organizations.connected}

    def rows(self, window: Window) -> Iterator[BillableKey]:
        month, connected = window.start.format("YYYY-MM"), flag(self._organizations.connected)
        rows = self.api.ask(BILLABLE, {"month": month, "include_connected_accounts": connected}).rows("usage")
        self.api.account = self._organizations.own_account(rows)
        labels = self._labels()
        members = Counter(map(account_of, rows))
        for row in rows:
            alone = members[account_of(row)] == 1
            for key, figures in (row.get("usage") or {}).items():
                yield BillableKey(row, window.start, key, figures or {}, alone, labels)

    def usages(self, item: BillableKey) -> Iterator[Usage]:
        row, key, figures = item.row, item.key, item.figures
        value = quantity(figures.get("org_billable_usage"))
        if value is None and item.alone:
            value = quantity(figures.get("account_billable_usage"))
        if value is None:
            return
        yield usage(
            id=self.id(key_of(row), item.month.format("YYYY-MM"), key),
            # clients report that the key's dimension is named beside it; Usage Metering does not list it
            product=product(figures.get("billing_dimension") or _dimension(key), item.labels),
            metric_name=key,
            organization=organization(row),
            usage=compact(quantity=value, unit=figures.get("usage_unit")),
            **month_period(item.month),
            remote_data={**row, "usage": {key: figures}},
        )


@cache
def unit_of(usage_type: str) -> str | None:
    """The unit that a usage type's name implies."""
    return next((unit for pattern, unit in _UNITS if fnmatchcase(usage_type, pattern)), None)


def _dimension(key: str) -> str:
    return next((key.removesuffix(end) for end in _AGGREGATIONS if key.endswith(end)), key)
