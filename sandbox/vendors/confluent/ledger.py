"""The ledger: what a faultless reader emits, counted from the lines and the points themselves."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.ledger import Entry, Ledger
from sandbox.times import DAY, day_stamp, days_between
from sandbox.vendors.confluent.bill import OLDEST, Bill
from sandbox.vendors.confluent.estate import Estate
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.lines import Line
from sandbox.vendors.confluent.traffic import METRICS, Traffic


class ConfluentLedger:
    def __init__(self, bill: Bill, traffic: Traffic, estate: Estate, knobs: Knobs) -> None:
        self._bill, self._traffic, self._estate, self._knobs = bill, traffic, estate, knobs

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        """Costs, and the metrics of the days that they still reach."""
        return {
            "confluent_costs": list(self._costs(start, end, now)),
            "confluent_metrics_usage": list(self._metrics(start, end, now)),
        }

    def _costs(self, start: date, end: date, now: datetime) -> Iterator[Entry]:
        """One entry per served line; the ordinal counts the lines of one key, the dearest first."""
        groups: dict[str, list[Line]] = defaultdict(list)
        for line in self._bill.served(max(start, now.date() - OLDEST), end, now):
            groups[json.dumps(line.key(), sort_keys=True)].append(line)
        for lines in groups.values():
            for ordinal, line in enumerate(sorted(lines, key=_rank)):
                usage = {} if line.quantity is None else {"quantity": line.quantity}
                yield Entry((*line.key(), ordinal), day_stamp(line.day), _charges(line), usage)

    def _metrics(self, start: date, end: date, now: datetime) -> Iterator[Entry]:
        """One entry per point that has a value."""
        for day in days_between(max(start, now.date() - self._knobs.metrics_history), min(end, now.date() + DAY)):
            for metric in METRICS:
                for cluster in self._estate.clusters:
                    for point in self._traffic.points(metric, cluster, day, now):
                        if point.value is not None:
                            key = (day.isoformat(), metric, cluster.id, point.principal)
                            yield Entry(key, day_stamp(day), {}, {"quantity": point.value})


# independent on purpose: the source ranks the lines of one key with code of its own
def _rank(line: Line) -> tuple[Any, ...]:
    return (
        line.price is None,
        -(line.price or 0),
        line.id or "",
        line.original is None,
        line.original or 0,
        line.quantity is None,
        line.quantity or 0,
    )


def _charges(line: Line) -> dict[tuple[str, str], Decimal]:
    off = line.discount or Decimal(0)
    net = line.amount
    if net is None and line.original is not None:
        net = line.original - off
    if net is None and line.quantity is not None and line.price is not None:
        net = line.quantity * line.price
    if net is None:
        return {}
    total = line.original if line.original is not None else net + off
    charges = {("net", "USD"): net, ("total", "USD"): total}
    if total != net:
        charges["discount", "USD"] = total - net
    if line.line_type == "PROMO_CREDIT":
        charges["credit", "USD"] = net
    return charges
