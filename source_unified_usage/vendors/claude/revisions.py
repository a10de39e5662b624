"""Which days of a large report are read again, by what each day adds up to for the whole organization.

Figures are revised for 30 days, but on one day only those of some days. A day that adds up to what it did when its rows
were last read has the same rows, unless a revision only moved figures from one person to another: for that reason the
whole lookback is read again once a week.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from pendulum import DateTime, instance

from source_unified_usage.core.errors import UNMAPPABLE
from source_unified_usage.core.portions import MOST_ROWS, Portions
from source_unified_usage.core.stream import A, Range, UsageStream
from source_unified_usage.core.times import midnight, parse_time
from source_unified_usage.core.window import Covered, Span, Window, days, gaps

_ALWAYS = days(3)  # events that come late fill these days: they change between almost any two syncs
_WHOLE_EVERY = 7  # days
_PAGE = 1000  # rows: to read so many for nothing costs no more than one more request


class Totals(NamedTuple):
    """What days add up to, by YYYY-MM-DD, and when the figures were refreshed, where the answer says so."""

    by_day: Mapping[str, str] = {}
    refreshed: str | None = None


class Known(NamedTuple):
    """What a day added up to when its rows were last read, and how many they were."""

    total: str
    rows: int


class Revisions:
    """What one stream knows of its days, and which of them it must read.

    A day is left out only if earlier syncs have it whole, it is older than the last days, and its total is known and is
    the one of now. `of` tells the organizations of a stream apart.
    """

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._last_whole: DateTime | None = None
        self._before: DateTime | None = None
        self._covered = Covered()
        self.whole = True

    # --- the state

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over what `memory` wrote. What cannot be read counts as not known."""
        try:
            known = {day: Known(str(total), int(rows)) for day, (total, rows) in memory["days"].items()}
            self._last_whole = instance(parse_time(memory["whole"]))
        except UNMAPPABLE:
            return
        self._known = known

    def memory(self) -> Mapping[str, Any]:
        if self._last_whole is None:
            return {}
        return {"whole": midnight(self._last_whole), "days": {day: [*self._known[day]] for day in sorted(self._known)}}

    # --- a sync

    def plan(self, today: DateTime, covered: Covered, lookback: Span) -> None:
        """Decide whether the whole lookback is read; `covered` is what earlier syncs have, the lookback included."""
        mark = covered.high_water_mark
        comparable = mark is not None and lookback.before(mark) < _ALWAYS.before(mark)
        recent = self._last_whole is not None and (today - self._last_whole).days < _WHOLE_EVERY
        self._covered, self.whole = covered, not (comparable and recent)
        if self.whole:
            self._before, self._last_whole = self._last_whole if comparable else None, today
        oldest = lookback.before(mark or today).subtract(days=_WHOLE_EVERY).to_date_string()
        self._known = {key: known for key, known in self._known.items() if key[-10:] >= oldest}

    def since(self, mark: DateTime, lookback: Span) -> DateTime:
        """From when on what is read is read again: where all is, also what may have changed since all was last read."""
        return lookback.before(min(mark, self._before) if self._before else mark)

    def surely(self, window: Window) -> bool:
        """Whether a day of the window is read whatever the totals say."""
        return any(self._open(day) for day in days(1).cut(window))

    @property
    def fitting(self) -> int | None:
        """So many days of the size of the largest known one can be held at once; None where no day is known."""
        largest = max((known.rows for known in self._known.values()), default=None)
        return None if largest is None else max(1, MOST_ROWS // max(1, largest))

    def parts(self, window: Window, totals: Totals, of: str = "") -> Iterator[Window]:
        """The parts of the window to read, in order; a few rows between two of them are read with them."""
        part: Window | None = None
        between = 0
        for day in days(1).cut(window):
            if not self._open(day) and self._same(day, totals, of):
                between += self._known[of + day.first_day].rows
                continue
            if part and between > _PAGE:
                yield part
                part = None
            part, between = Window(part.start if part else day.start, day.end), 0
        if part:
            yield part

    def keep(self, part: Window, totals: Totals, rows: Mapping[str, int], refreshed: str | None, of: str = "") -> None:
        """The part was read, after the totals were: so many `rows` a day, of figures `refreshed` then."""
        older = refreshed and totals.refreshed and parse_time(refreshed) < parse_time(totals.refreshed)
        for day in days(1).cut(part):
            name, total = day.first_day, totals.by_day.get(day.first_day)
            self._known.pop(of + name, None)
            if total is not None and not older:
                self._known[of + name] = Known(total, rows.get(name, 0))

    def _open(self, day: Window) -> bool:
        mark = self._covered.high_water_mark
        if self.whole or mark is None or day.end > _ALWAYS.before(mark):
            return True
        return bool(gaps(day, self._covered.windows))

    def _same(self, day: Window, totals: Totals, of: str) -> bool:
        known = self._known.get(of + day.first_day)
        return known is not None and known.total == totals.by_day.get(day.first_day)


class RevisedStream(UsageStream[A]):
    """A stream that asks its `revisions` which days to read. Goes before the class that says how they are read."""

    @cached_property
    def revisions(self) -> Revisions:
        return Revisions()

    @cached_property
    def portions(self) -> Portions:
        """How many days are read at once: a whole window, unless days are known to be too large for that."""
        return Portions(self.revisions.fitting or self.step.count)

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        self.revisions.plan(wanted.today, covered, self.lookback)
        return super().plan(wanted, covered)

    def again_from(self, mark: DateTime) -> DateTime:
        return self.revisions.since(mark, self.lookback)

    def recall(self, memory: Mapping[str, Any]) -> None:
        self.revisions.recall(memory)

    def memory(self) -> Mapping[str, Any]:
        return self.revisions.memory()
