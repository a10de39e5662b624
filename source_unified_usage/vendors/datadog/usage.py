"""Usage without tags: measurements by hour, and the quantities that a month is billed on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import month_period, parse_time, rfc3339
from source_unified_usage.core.usage import Row, Usage, compact, listed, quantity, usage
from source_unified_usage.core.window import Window, days, months
from source_unified_usage.vendors.datadog.api import DatadogApi, flag, hour
from source_unified_usage.vendors.datadog.organizations import Scope, account_of, key_of, organization
from source_unified_usage.vendors.datadog.statements import oldest_month

HOURLY = "/api/v2/usage/hourly_usage"
BILLABLE = "/api/v1/usage/billable-summary"
_PAGE_SIZE = 500  # the documented maximum

# The API names no units; the first pattern that fits, none where the name does not tell
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
_HOUR = timedelta(hours=1)
_AGGREGATIONS = ("_sum", "_average", "_avg", "_top99p", "_maximum")


class HourlyUsage(UsageStream[DatadogApi]):
    """Everything that Datadog measures, hour by hour."""

    name = "datadog_hourly_usage"
    about = (
        "One measurement (usage type) of one product family in one organization in one hour. Families overlap: do not "
        "add them up."
    )
    grain = "event"
    lookback = days(5)  # hours are complete after 72 hours, and a margin

    def __init__(
        self,
        api: DatadogApi,
        scope: Scope,
        *,
        families: Sequence[str] = (),
        zeros: bool = True,
    ) -> None:
        super().__init__(api)
        # 24 hours at most where several organizations are answered
        self.step = days(1) if scope.descendants or scope.connected else days(7)
        self._scope, self._zeros = scope, zeros
        self.scope = {
            "datadog.product_families": list(families),
            "datadog.include_descendants": scope.descendants,
            "datadog.include_connected_accounts": scope.connected,
            "datadog.include_zero_usage": zeros,
        }
        self._query = {
            "filter[product_families]": ",".join(families) or "all",
            "filter[include_descendants]": flag(scope.descendants),
            "filter[include_connected_accounts]": flag(scope.connected),
            "page[limit]": str(_PAGE_SIZE),
        }

    def earliest_available(self, today: DateTime) -> DateTime:
        return oldest_month(today)

    def rows(self, window: Window) -> Iterator[Row]:
        hours = {"filter[timestamp][start]": hour(window.start), "filter[timestamp][end]": hour(window.end)}
        for page in self.api.pages(HOURLY, {**hours, **self._query}, cursor="page[next_record_id]"):
            rows = page.rows("data")
            self.api.account = self._scope.own(row.get("attributes") or {} for row in rows)
            yield from rows

    def usages(self, row: Row, window: Window) -> Iterator[Usage]:
        attributes = row.get("attributes") or {}
        if not (measurements := listed({"measurements": None, **attributes}, "measurements")):
            return
        family, start, end = attributes["product_family"], *hour_bounds(attributes["timestamp"])
        whose = organization(attributes)
        for measurement in measurements:
            kind, value = measurement["usage_type"], measurement.get("value")
            if value is None or (value == 0 and not self._zeros):
                continue
            yield usage(
                id=self.id(key_of(attributes), start, family, kind),
                product={"id": family, "name": family},
                metric_name=kind,
                organization=whose,
                usage=compact(quantity=quantity(value), unit=unit_of(kind)),
                start_date=start,
                end_date=end,
                remote_data={**row, "attributes": {**attributes, "measurements": [measurement]}},
            )


class BillableKey(NamedTuple):
    """One key of one organization's billable summary; `alone`: its account has no other entry."""

    entry: Row
    key: str
    figures: Mapping[str, Any]
    alone: bool


class BillableUsage(UsageStream[DatadogApi]):
    """The quantities behind the bill."""

    name = "datadog_billable_usage"
    about = (
        "The quantity of one billing key (dimension and aggregation) that one organization is billed on in one month."
    )
    grain = "month"
    step = months(1)
    lookback = months(1)

    def __init__(self, api: DatadogApi, scope: Scope, names: Lookup) -> None:
        super().__init__(api)
        self._scope, self._names = scope, names
        self.scope = {"datadog.include_connected_accounts": scope.connected}
        self.labels: Mapping[str, str] = {}

    def earliest_available(self, today: DateTime) -> DateTime:
        return oldest_month(today)

    def rows(self, window: Window) -> Iterator[BillableKey]:
        query = {"month": window.start.format("YYYY-MM"), "include_connected_accounts": flag(self._scope.connected)}
        entries = self.api.ask(BILLABLE, query).rows("usage")
        self.api.account = self._scope.account(entries)
        self.labels = self._names()
        members = Counter(map(account_of, entries))
        for entry in entries:
            for key, figures in (entry.get("usage") or {}).items():
                yield BillableKey(entry, key, figures or {}, members[account_of(entry)] == 1)

    def usages(self, row: BillableKey, window: Window) -> Iterator[Usage]:
        figures = row.figures
        value = figures.get("org_billable_usage")
        if value is None and row.alone:
            value = figures.get("account_billable_usage")
        if value is None:
            return
        month = window.start.start_of("month")
        product = figures.get("billing_dimension") or _dimension(row.key)
        yield usage(
            id=self.id(key_of(row.entry), month.format("YYYY-MM"), row.key),
            product={"id": product, "name": self.labels.get(product, product)},
            metric_name=row.key,
            organization=organization(row.entry),
            usage=compact(quantity=quantity(value), unit=figures.get("usage_unit")),
            **month_period(month),
            remote_data={**row.entry, "usage": {row.key: figures}},
        )


def hour_bounds(text: str) -> tuple[str, str]:
    """The start of an hour and of the next, as a record spells them. Raises ValueError, for a mere day too."""
    if len(text) < len("2026-09-01T00"):
        raise ValueError(f"{text!r} names no hour")
    start = parse_time(text)
    return rfc3339(start), rfc3339(start + _HOUR)


@cache
def unit_of(usage_type: str) -> str | None:
    """The unit that a usage type's name tells."""
    return next((unit for pattern, unit in _UNITS if fnmatchcase(usage_type, pattern)), None)


def _dimension(key: str) -> str:
    return next((key.removesuffix(end) for end in _AGGREGATIONS if key.endswith(end)), key)
