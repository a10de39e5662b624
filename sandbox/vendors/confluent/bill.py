"""The lines of the bill as they are served at a moment."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sandbox.times import DAY, days_between
from sandbox.vendors.confluent.cost_lines import CostLines
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.lines import Line, legacy

# the source begins one day inside the year that is served
OLDEST = timedelta(days=364)


class Bill:
    """The lines, with the knobs that change them."""

    def __init__(self, lines: CostLines, knobs: Knobs) -> None:
        self._lines, self._knobs = lines, knobs

    def served(self, start: date, end: date, now: datetime) -> Iterator[Line]:
        """The lines of the days in [start, end) that are seen by now."""
        for day in days_between(start, min(end, now.date() + DAY)):
            for line in self._lines.of(day):
                seen = line.as_of(now, self._knobs.settle)
                if seen:
                    yield self._shaped(seen)

    def _shaped(self, line: Line) -> Line:
        if self._knobs.shape == "legacy":
            line = legacy(line)
        if self._knobs.ids == "absent":
            return line
        number = line.number // (2 if self._knobs.ids == "repeated" else 1)
        return replace(line, id=f"bc-{line.day:%y%m%d}{number:03d}")
