"""One request a day for all streams that read a section of its answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from source_unified_usage.core.errors import SourceError
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.scenario.api import ScenarioApi, Section
from source_unified_usage.vendors.scenario.days import Day, Days
from source_unified_usage.vendors.scenario.lookups import Lookups, Scope


@dataclass(frozen=True)
class _Plan:
    """Which sections a stream reads, and the days that it has not taken yet."""

    sections: tuple[Section, ...]
    days: set[str]


@dataclass(frozen=True)
class _Outcome:
    """What the request of one stream brought, days or a failure; `left`: the streams that have yet to take it."""

    asker: str
    left: set[str]
    days: Sequence[Day] = ()
    error: SourceError | None = None

    def named(self, stream: str) -> list[Day]:
        """The days, or the failure, in the name of this stream."""
        asker, own = f"stream {self.asker},", f"stream {stream},"
        if self.error:
            sentence = str(self.error).replace(asker, own)
            raise type(self.error)(sentence, status=self.error.status, vendor_message=self.error.vendor_message)
        return [day.renamed(asker, own) for day in self.days]


class SharedDays(Days):
    """Asks for a day once, and keeps the answer until every stream that reads the day has taken it.

    The window queue lets one window of a credential be read at a time, the oldest first. The streams therefore pass
    through the days together, and few answers are kept at once.
    """

    def __init__(self, scope: Scope, lookups: Lookups) -> None:
        super().__init__(scope)
        self._lookups = lookups
        self._plans: dict[str, _Plan] = {}
        self._kept: dict[str, _Outcome] = {}

    def expect(self, stream: str, sections: tuple[Section, ...], days: Iterable[str]) -> None:
        """A stream of this sync will take these sections on these days."""
        self._plans[stream] = _Plan(sections, set(days))

    def take(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> list[Day]:
        """One day's answers, one for each project when they are read one by one.

        Raises RetentionStart when the vendor keeps no such day, else what the request raised.
        """
        day, stream = window.first_day, api.stream
        if stream in self._plans:
            self._plans[stream].days.discard(day)
        outcome = self._kept.get(day)
        if outcome is None or stream not in outcome.left:
            outcome = self._ask_for_all(api, sections, window)
        outcome.left.discard(stream)
        if outcome.left:
            self._kept[day] = outcome
        else:
            self._kept.pop(day, None)
        return outcome.named(stream)

    def _ask_for_all(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> _Outcome:
        others = self._others(window.first_day)
        asked = tuple(dict.fromkeys((*sections, *(section for plan in others.values() for section in plan.sections))))
        try:
            days = [self.ask(api, asked, window, project) for project in self._lookups.projects_to_ask(api)]
        except SourceError as error:
            return _Outcome(api.stream, set(others), error=error)
        return _Outcome(api.stream, set(others), days)

    def _others(self, day: str) -> dict[str, _Plan]:
        """The streams that will take this day too. One that has not taken an older answer has stopped."""
        stopped = {stream for older, outcome in self._kept.items() if older < day for stream in outcome.left}
        return {stream: plan for stream, plan in self._plans.items() if day in plan.days and stream not in stopped}
