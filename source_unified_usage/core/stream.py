"""A stream, as a vendor writes it: where rows come from, what a row means, how far back the vendor corrects it."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Generic, Literal

from pendulum import DateTime
from typing_extensions import TypeVar

from source_unified_usage.core.api import Api
from source_unified_usage.core.decision import Bounds
from source_unified_usage.core.errors import SourceError
from source_unified_usage.core.progress import logger
from source_unified_usage.core.rate_limit import expectation
from source_unified_usage.core.scope import Scope
from source_unified_usage.core.usage import Usage, record_id
from source_unified_usage.core.window import Covered, Span, Window, days, gaps, utc_midnight

A = TypeVar("A", bound=Api, default=Any)

Grain = Literal["day", "event", "month", "snapshot"]
Role = Literal["bill", "restates", "estimate", "activity"]


@dataclass(frozen=True)
class Range:
    """What the config asks for: from `start` (inclusive) to `end` (inclusive; None: as far as there is data)."""

    start: date
    end: date | None
    include_current_day: bool
    now: DateTime

    @property
    def today(self) -> DateTime:
        return self.now.start_of("day")

    def window(self, grain: Grain, *, open_day: bool = True) -> Window:
        """The time to read at this grain; months are whole, an event's open day ends with the last full hour.

        `open_day=False`: the vendor has no figures of the day that is still running.
        """
        if grain == "snapshot":
            return Window(self.now, self.now)
        start = utc_midnight(self.start)
        end = utc_midnight(self.end + timedelta(days=1)) if self.end else None
        if grain == "month":
            next_month = self.now.start_of("month").add(months=1)
            end = min(end.subtract(days=1).start_of("month").add(months=1), next_month) if end else next_month
            return Window(start.start_of("month"), end)
        latest = self.today
        if self.include_current_day and open_day:
            latest = self.now.start_of("hour") if grain == "event" else self.today.add(days=1)
        return Window(start, min(end, latest) if end else latest)

    def closed(self, grain: Grain) -> DateTime:
        """The end of what is over: an open day or month never counts as read."""
        return self.now.start_of("month") if grain == "month" else self.today


class RetentionStart(Exception):
    """Raised by `rows` when the vendor says that it keeps nothing before `day`: the window is read again from there."""

    def __init__(self, day: DateTime) -> None:
        super().__init__(str(day))
        self.day = day


class UsageStream(Generic[A]):
    """One stream of one vendor. Subclasses say what is particular; reading, state and output are the core's.

    `name`: the stream's name, `<vendor>_<what>`; `about`: what one row is, for the catalog and the docs.
    `role`: what its money is. A "bill" is what the vendor bills for what the stream covers; the bills of one
    configuration add up without overlap. "restates": the money of the streams named in `restates`, cut another way.
    "estimate": money that nobody bills. "activity": no money.
    `counts_tokens`: its tokens may be added to those of all other streams that say so; none is counted twice.
    `step`: how much one request walk covers; `lookback`: how far back the vendor still corrects.
    `grain`: "event" rows have one instant, "month" rows a whole month, "snapshot" is read once per sync as it is.
    `windows_at_once`: how many windows may be read at the same time, when one has been read alone, where its API has
    room for them. `rows` then runs in several threads: what it keeps on the stream belongs to all of its windows, and
    it calls neither `part_done` nor `failed_partly`. A stream that shares answers reads one after another all the same.
    `open_day`: the vendor has figures of the running day.
    `scope`: the options that narrow the stream, as `widened` compares them; they are written into its state.
    """

    name: str
    about: str
    role: Role
    restates: tuple[str, ...] = ()
    counts_tokens: bool = False
    step: Span = days(1)
    lookback: Span = days(3)
    grain: Grain = "day"
    open_day: bool = True
    windows_at_once: int = 1
    scope: Scope = {}

    def __init__(self, api: A) -> None:
        self.api = api.for_stream(self.name)
        self.id = partial(record_id, self.name)
        self.bounds = Bounds()
        self._warned: set[str] = set()
        self._partial_failure: SourceError | None = None
        self.parts_done = 0
        self.windows: Sequence[Window] = ()
        self.start: date | None = None  # as the config says
        self.requests_per_window: int | None = None  # requests that a window needs, where an answer tells

    # --- what a vendor writes

    def rows(self, window: Window) -> Iterable[Any]:
        """What the window holds, page after page: the vendor's rows, each with all that `usages` needs beside it.

        An item is the row itself, or a NamedTuple with it as `row`: its period, its names, its ordinal where identity
        needs the whole window. May call `asks`, `part_done`, `no_data_from`, `provisional_from`, `not_available` or
        `failed_partly`, or raise RetentionStart.
        """
        raise NotImplementedError

    def usages(self, item: Any) -> Iterable[Usage]:
        """The records that one item makes. Pure: no I/O, no clock, nothing that `rows` left behind.

        Raises one of UNMAPPABLE when the row cannot be mapped.
        """
        raise NotImplementedError

    def earliest_available(self, today: DateTime) -> DateTime | None:
        """The oldest day that the vendor still serves; None when it does not say."""
        return None

    def path(self) -> str:
        """The path whose rate limit applies to this stream."""
        return ""

    def questions(self) -> Iterable[Hashable]:
        """The requests that the windows need at least. Streams that share an answer return the same question.

        Asks nobody: what a list of the vendor adds, `asks` says when the list is there.
        """
        return [(self.name, window) for window in self.windows]

    def again_from(self, mark: DateTime) -> DateTime:
        """From when on what is read already is read again; `mark`: how far any sync has come."""
        return self.lookback.before(mark)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Called before `plan` with what `memory` said when the state was written; empty where it said nothing."""

    def memory(self) -> Mapping[str, Any]:
        """What the state remembers beside what is read. Asked for after every window; empty for most streams."""
        return {}

    # --- what the core does with it

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        """Set the windows to read. Returns the coverage without what will be read again."""
        if self.grain == "snapshot":
            self.windows = [wanted.window("snapshot")]
            return Covered()
        self.start = wanted.start
        window = wanted.window(self.grain, open_day=self.open_day)
        if (oldest := self.earliest_available(wanted.today)) and window.start < oldest:
            self._warn_of_older(oldest)
            window = Window(oldest, max(oldest, window.end))
        if covered.high_water_mark is not None:
            since = self.again_from(covered.high_water_mark)
            covered = covered.forget(since.start_of("month") if self.grain == "month" else since)
        self.windows = [part for gap in gaps(window, covered.windows) for part in self.step.cut(gap)]
        return covered

    def retained_from(self, day: DateTime) -> None:
        """The vendor's answer says that it keeps nothing before `day`."""
        self.bounds = replace(self.bounds, retained_from=day)
        self._warn_of_older(day)

    def _warn_of_older(self, oldest: DateTime) -> None:
        logger.warning(
            f"{self.name}: start_date {self.start} is older than what {self.api.title} keeps; reading from "
            f"{oldest.to_date_string()}, the oldest day it serves."
        )

    def warn_once(self, about: str, message: str) -> None:
        """Log a warning, unless one with the same `about` was logged in this sync."""
        if about not in self._warned:
            self._warned.add(about)
            logger.warning(f"{self.name}: {message}")

    def asks(self, requests: int, why: str) -> None:
        """A window needs so many requests, as an answer tells. The log says once how long those of all windows take."""
        if self.requests_per_window is None:
            self.requests_per_window = requests
            rate_limit = self.api.rate_limit_for(self.path())
            self.api.stats.tell(f"{why}: {expectation({rate_limit: requests * len(self.windows)})}")

    def no_data_from(self, moment: DateTime) -> None:
        """The vendor's answer says that it has nothing from `moment` on: windows end there, without an error."""
        moment, before = moment.start_of("day"), self.bounds.available_until
        if before is None or moment < before:
            self.bounds = replace(self.bounds, available_until=moment)
            logger.info(f"{self.name}: {self.api.title} has figures up to {moment.to_date_string()} (exclusive)")

    def not_available(self, window: Window, why: str) -> None:
        """The vendor has nothing for this stream: neither this window nor a later one counts as read."""
        self.bounds = replace(
            self.bounds, available_until=min(window.start, self.bounds.available_until or window.start)
        )
        logger.warning(f"{self.name}: {why}.")

    def failed_partly(self, error: SourceError) -> None:
        """What `rows` yields of this window lacks a part. It is written, the window stays open, the stream fails."""
        self._partial_failure = error

    def part_done(self) -> None:
        """What `rows` yields of this window from now on shares no id with what it has yielded."""
        self.parts_done += 1

    def partial_failure(self) -> SourceError | None:
        """Why the window that was just read lacks a part; None when it is whole."""
        error, self._partial_failure = self._partial_failure, None
        return error

    def provisional_from(self, moment: DateTime) -> None:
        """The vendor says that its figures are incomplete from `moment` on: they are read, but never count as read."""
        moment = min(moment.start_of("day"), self.bounds.provisional_from or moment)
        self.bounds = replace(self.bounds, provisional_from=moment)
