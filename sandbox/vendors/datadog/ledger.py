"""What a faultless reader must emit, taken from the figures and not from the answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from sandbox.kit import grouped
from sandbox.ledger import Entry, Ledger
from sandbox.times import DAY, midnight, stamp
from sandbox.vendors.datadog.attribution import Attribution
from sandbox.vendors.datadog.billable import BillableUsage
from sandbox.vendors.datadog.catalog import ATTRIBUTED, OWN, ROOT, Organization
from sandbox.vendors.datadog.hourly import Hourly, covered
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.periods import RETENTION_MONTHS, first_of, last_of, month_name, months_between, plus_months
from sandbox.vendors.datadog.statements import Group, Line, Statement, Statements, groups
from sandbox.vendors.datadog.tag_sets import Tagged, spelled, tag_sets

_CURRENCY = "USD"
_UNTYPED = ""
# independent on purpose: the source has a table of its own
_TYPES = {
    "committed": "committed",
    "commitment": "committed",
    "projected_committed": "committed",
    "on_demand": "on_demand",
    "projected_on_demand": "on_demand",
    "usage": "usage_based",
    "total": "total",
}
Charges = dict[tuple[str, str], Decimal]


class DatadogLedger:
    """The ledger of the eight streams for the reader that the knobs describe."""

    def __init__(
        self, statements: Statements, billable: BillableUsage, hourly: Hourly, attribution: Attribution, knobs: Knobs
    ) -> None:
        self._statements, self._billable, self._hourly = statements, billable, hourly
        self._attribution, self._knobs = attribution, knobs

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        """The months that the days touch, and the days themselves; nothing beyond the retention."""
        start = max(start, plus_months(now.date(), -RETENTION_MONTHS))
        end = min(end, now.date() + DAY)
        if start >= end:
            months, end = [], start
        else:
            months = list(months_between(start, end - DAY))
        found: dict[str, Iterator[Entry]] = {
            "datadog_cost": self._cost(months, now),
            "datadog_billable_usage": self._billable_usage(months, now),
            "datadog_hourly_usage": self._hourly_usage(start, end, now),
            "datadog_daily_cost": self._daily_cost(start, end, now),
            "datadog_projected_cost": self._projected_cost(months, now),
            "datadog_monthly_cost_attribution": self._monthly_cost(months, now),
            "datadog_monthly_usage_attribution": self._monthly_usage(months, now),
            "datadog_hourly_usage_attribution": self._hourly_attribution(start, end, now),
        }
        return {stream: list(entries) for stream, entries in found.items()}

    def _cost(self, months: Sequence[date], now: datetime) -> Iterator[Entry]:
        """The invoice where there is one, else the estimate."""
        for month in months:
            closed = self._statements.closed(month, self._groups(), now)
            for statement in closed or self._statements.estimated(month, self._groups(), now):
                yield from self._monthly(statement)

    def _projected_cost(self, months: Sequence[date], now: datetime) -> Iterator[Entry]:
        if first_of(now.date()) not in months:
            return
        for statement in self._statements.projected(self._groups(), now):
            for product, lines in _by_product(statement.lines).items():
                charges = _typed(line for line in lines if line.type != "total")
                key = (statement.org.public_id, month_name(statement.start), product)
                yield Entry(key, _start(statement.start), charges)

    def _monthly(self, statement: Statement) -> Iterator[Entry]:
        anonymous = self._knobs.ragged_costs and statement.org != ROOT
        org = statement.org.name if anonymous else statement.org.public_id
        for product, lines in _by_product(statement.lines).items():
            key = (org, month_name(statement.start), product)
            yield Entry(key, _start(statement.start), _billed(lines))

    def _daily_cost(self, start: date, end: date, now: datetime) -> Iterator[Entry]:
        """Differences to the last figures that the month has shown."""
        for month in months_between(plus_months(now.date(), -self._knobs.estimated_reach), now.date()):
            shown: dict[str, dict[tuple[str | None, str], int]] = defaultdict(dict)
            for statement in self._statements.days(month, last_of(month), self._groups(), now):
                before = shown[statement.org.public_id]
                lines = [
                    Line(line.product, line.type, (line.micros or 0) - before.get((line.product, line.type), 0))
                    for line in statement.lines
                ]
                before |= {(line.product, line.type): line.micros or 0 for line in statement.lines}
                if start <= statement.start < end:
                    for product, own in _by_product(lines).items():
                        key = (statement.org.public_id, statement.start.isoformat(), product)
                        yield Entry(key, _start(statement.start), _billed(own))

    def _billable_usage(self, months: Sequence[date], now: datetime) -> Iterator[Entry]:
        for month in months:
            for row in self._billable.rows(month, self._knobs.reader.include_connected_accounts, now):
                units = row.org_units
                if units is None and not self._billable.shared(row):
                    units = row.account_units
                if units is not None:
                    key = (row.org.public_id, month_name(month), row.product.key)
                    yield Entry(key, _start(month), usage={"quantity": Decimal(units)})

    def _hourly_usage(self, start: date, end: date, now: datetime) -> Iterator[Entry]:
        reader = self._knobs.reader
        seen = covered(ROOT, reader.include_descendants, reader.include_connected_accounts)
        for record in self._hourly.records(midnight(start), midnight(end), now):
            if record.org.public_id not in seen:
                continue
            at = stamp(record.hour)
            for (usage_type, _), value in zip(record.family.measurements, record.values, strict=bool(record.values)):
                if value is not None:
                    key = (record.org.public_id, at, record.family.name, usage_type)
                    yield Entry(key, at, usage={"quantity": Decimal(value)})

    def _monthly_cost(self, months: Sequence[date], now: datetime) -> Iterator[Entry]:
        for month in months:
            for tagged in self._tagged():
                for dimension, cost in self._attribution.costs(tagged, month, now):
                    lines = [Line(dimension, "committed", cost.committed), Line(dimension, "on_demand", cost.on_demand)]
                    yield Entry(_tag_key(tagged, month_name(month), dimension), _start(month), _billed(lines))

    def _monthly_usage(self, months: Sequence[date], now: datetime) -> Iterator[Entry]:
        for month in months:
            for tagged in self._tagged():
                for kind, units in self._attribution.usage(tagged, month, now):
                    usage = {"quantity": Decimal(units)}
                    yield Entry(_tag_key(tagged, month_name(month), kind), _start(month), usage=usage)

    def _hourly_attribution(self, start: date, end: date, now: datetime) -> Iterator[Entry]:
        for kind in ATTRIBUTED:
            if spelled(kind) in self._knobs.refused_types:
                continue
            for tagged in self._tagged():
                for hour, value in self._attribution.hours(tagged, kind, midnight(start), midnight(end), now):
                    at = stamp(hour)
                    yield Entry(_tag_key(tagged, at, kind), at, usage={"quantity": Decimal(value)})

    def _groups(self) -> list[Group]:
        reader = self._knobs.reader
        return groups(reader.view, reader.include_connected_accounts)

    def _tagged(self) -> Iterator[Tagged]:
        reader = self._knobs.reader
        orgs: tuple[Organization, ...] = OWN if reader.include_descendants else (ROOT,)
        return tag_sets(orgs, reader.tag_breakdown_keys)


def _by_product(lines: Iterable[Line]) -> dict[str, list[Line]]:
    return grouped((line for line in lines if line.micros is not None), lambda line: line.product or "unknown")


def _typed(lines: Iterable[Line]) -> Charges:
    charges: Charges = {}
    for line in lines:
        kind = (_TYPES.get(line.type, _UNTYPED), _CURRENCY)
        charges[kind] = charges.get(kind, Decimal(0)) + _dollars(line.micros or 0)
    return charges


def _billed(lines: Sequence[Line]) -> Charges:
    """What the vendor calls the total; without one, all there is."""
    charges = _typed(lines)
    stated = charges.get(("total", _CURRENCY))
    net = sum(charges.values(), Decimal(0)) if stated is None else stated
    return {**charges, ("net", _CURRENCY): net, ("total", _CURRENCY): net}


def _dollars(micros: int) -> Decimal:
    return Decimal(micros).scaleb(-6)


def _tag_key(tagged: Tagged, period: str, name: str) -> tuple[object, ...]:
    return (tagged.org.public_id, period, tagged.source, tagged.tags, name)


def _start(day: date) -> str:
    return stamp(midnight(day))
