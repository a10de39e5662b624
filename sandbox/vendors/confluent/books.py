"""What the vendor has booked at a moment, and the truth that a reader is held against."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ledger import Entry
from sandbox.vendors.confluent.cost_lines import CostLines
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.lines import Line, legacy

# one day inside the year that is served: there careful readers begin
OLDEST = timedelta(days=364)
_DAY = timedelta(days=1)


class Books:
    """The lines as they are served, with the knobs that change them."""

    def __init__(self, lines: CostLines, knobs: Knobs) -> None:
        self._lines, self._knobs = lines, knobs

    def served(self, start: date, end: date, now: datetime) -> Iterator[Line]:
        """The lines of the days in [start, end) that are seen by now."""
        for ordinal in range(start.toordinal(), min(end, now.date() + _DAY).toordinal()):
            for line in self._lines.of(date.fromordinal(ordinal)):
                seen = line.as_of(now, self._knobs.settle)
                if seen:
                    yield self._shaped(seen)

    def entries(self, start: date, end: date, now: datetime) -> Iterator[Entry]:
        """One entry per served line; the ordinal counts the lines of one key, the dearest first."""
        groups: dict[str, list[Line]] = defaultdict(list)
        for line in self.served(max(start, now.date() - OLDEST), end, now):
            groups[json.dumps(line.key(), sort_keys=True)].append(line)
        for lines in groups.values():
            lines.sort(key=_rank)
            for ordinal, line in enumerate(lines):
                usage = {} if line.quantity is None else {"quantity": line.quantity}
                key = (*line.key(), ordinal)
                yield Entry(key, f"{line.day.isoformat()}T00:00:00Z", _charges(line), usage)

    def _shaped(self, line: Line) -> Line:
        if self._knobs.shape == "legacy":
            line = legacy(line)
        if self._knobs.ids == "absent":
            return line
        number = line.number // (2 if self._knobs.ids == "repeated" else 1)
        return replace(line, id=f"bc-{line.day:%y%m%d}{number:03d}")


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
