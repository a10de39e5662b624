"""Half-open windows of days and months: what to read, in which steps, and what has been read already."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from pendulum import UTC, DateTime, instance

from source_unified_usage.core.times import parse_time, rfc3339

Unit = Literal["days", "months"]


@dataclass(frozen=True, order=True)
class Window:
    """From `start` (inclusive) to `end` (exclusive), both UTC. A snapshot's window is the instant of reading."""

    start: DateTime
    end: DateTime

    def __str__(self) -> str:
        return f"{rfc3339(self.start)} to {rfc3339(self.end)}"

    @property
    def empty(self) -> bool:
        return self.end <= self.start

    @property
    def first_day(self) -> str:
        """YYYY-MM-DD."""
        return self.start.to_date_string()

    @property
    def last_day(self) -> str:
        """YYYY-MM-DD of the last day that the window touches."""
        return self.end.subtract(microseconds=1).to_date_string()

    @property
    def end_day(self) -> str:
        """YYYY-MM-DD of the first day after the window, for APIs with an exclusive end."""
        return self.end.subtract(microseconds=1).add(days=1).to_date_string()

    @property
    def last_ms(self) -> int:
        """The last millisecond in the window since the epoch, for APIs with an inclusive end."""
        return round(self.end.timestamp() * 1000) - 1

    def until(self, moment: DateTime) -> "Window":
        return Window(self.start, max(self.start, min(self.end, moment)))


@dataclass(frozen=True)
class Span:
    """A length of time in days or calendar months: a step to cut a range by, or a lookback."""

    unit: Unit
    count: int
    whole_month: bool = False

    def before(self, moment: DateTime) -> DateTime:
        """The midnight this long before; with months, or `whole_month`, the first of that month."""
        if self.unit == "months":
            return moment.start_of("month").subtract(months=self.count)
        day = moment.start_of("day").subtract(days=self.count)
        return day.start_of("month") if self.whole_month else day

    def cut(self, window: Window) -> Iterator[Window]:
        """Windows that tile `window`: `count` days from its start, or up to each first of a month."""
        start = window.start
        while start < window.end:
            if self.unit == "months":
                end = start.start_of("month").add(months=self.count)
            else:
                end = start.start_of("day").add(days=self.count)
            yield Window(start, min(end, window.end))
            start = end


def days(count: int) -> Span:
    return Span("days", count)


def month_of_days(count: int) -> Span:
    """So many days, and what comes before them in their month: an open month, and a closed one while it settles."""
    return Span("days", count, whole_month=True)


def months(count: int) -> Span:
    return Span("months", count)


def utc_midnight(day: date) -> DateTime:
    return DateTime(day.year, day.month, day.day, tzinfo=UTC)


def merge(windows: Iterable[Window]) -> list[Window]:
    """The same time as the fewest windows, in order."""
    merged: list[Window] = []
    for window in sorted(windows):
        if window.empty:
            continue
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def without(windows: Iterable[Window], hole: Window) -> list[Window]:
    """The parts of `windows` outside `hole`."""
    parts: list[Window] = []
    for window in windows:
        parts.append(Window(window.start, min(window.end, hole.start)))
        parts.append(Window(max(window.start, hole.end), window.end))
    return merge(parts)


def gaps(within: Window, covered: Iterable[Window]) -> list[Window]:
    """The parts of `within` that no window of `covered` touches."""
    edges = [within.start]
    for window in merge(covered):
        edges += [min(max(edge, within.start), within.end) for edge in (window.start, window.end)]
    edges.append(within.end)
    return [gap for start, end in [*pairwise(edges)][::2] if not (gap := Window(start, end)).empty]


def first_served(refused: DateTime, served: DateTime, serves: Callable[[DateTime], bool]) -> DateTime:
    """The first day after `refused` that a vendor serves, found by halving; `served` itself is never asked for."""
    while (between := (served - refused).days) > 1:
        middle = refused.add(days=between // 2)
        if serves(middle):
            served = middle
        else:
            refused = middle
    return served


@dataclass(frozen=True)
class Covered:
    """What earlier syncs have written: merged windows, and the high-water mark, the furthest end they ever reached."""

    windows: tuple[Window, ...] = ()
    high_water_mark: DateTime | None = None

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Covered":
        """Read our own slices or those of the CDK's ConcurrentCursor. Raises ValueError when it is neither."""
        if not state:
            return cls()
        if "slices" not in state:
            raise ValueError(f"it has no slices but {', '.join(sorted(state))}")
        slices = [Window(_moment(s["start"]), _inclusive(_moment(s["end"]))) for s in state["slices"]]
        # merged before they are rounded to days: hours together make days
        windows = [Window(_next_midnight(w.start), w.end.start_of("day")) for w in merge(slices)]
        high_water_mark = max((window.end for window in slices), default=None)
        return cls(tuple(merge(windows)), high_water_mark and high_water_mark.start_of("day"))

    def until(self, moment: DateTime) -> "Covered":
        """Without what lies behind `moment`."""
        if self.high_water_mark is None or self.high_water_mark <= moment:
            return self
        return Covered(tuple(merge(window.until(moment) for window in self.windows)), moment)

    def forget(self, since: DateTime) -> "Covered":
        """Without what lies between `since` and the high-water mark, so that it is read again; the mark stays."""
        if self.high_water_mark is None or since >= self.high_water_mark:
            return self
        return Covered(tuple(without(self.windows, Window(since, self.high_water_mark))), self.high_water_mark)

    def add(self, window: Window) -> "Covered":
        if window.empty:
            return self
        high_water_mark = window.end if self.high_water_mark is None else max(self.high_water_mark, window.end)
        return Covered(tuple(merge([*self.windows, window])), high_water_mark)

    def to_state(self) -> dict[str, Any]:
        """The CDK's date-range form. A slice of no length holds the high-water mark when no window ends there."""
        windows = list(self.windows)
        if self.high_water_mark and (not windows or windows[-1].end < self.high_water_mark):
            windows.append(Window(self.high_water_mark, self.high_water_mark))
        slices = [{"start": rfc3339(w.start), "end": rfc3339(w.end)} for w in windows]
        return {"slices": slices, "state_type": "date-range"}


def _moment(value: Any) -> DateTime:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")
    return instance(parse_time(value))


def _inclusive(end: DateTime) -> DateTime:
    """The CDK's cursors may end a slice on the last second or millisecond of a day."""
    return end.add(seconds=1) if end.second == 59 else end


def _next_midnight(start: DateTime) -> DateTime:
    midnight = start.start_of("day")
    return midnight if midnight == start else midnight.add(days=1)
