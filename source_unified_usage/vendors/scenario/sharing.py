"""One request a day for all streams that read a section of its answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from source_unified_usage.core.errors import SourceError
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.scenario.api import ScenarioApi, Section
from source_unified_usage.vendors.scenario.days import Day, Days
from source_unified_usage.vendors.scenario.lookups import Lookups, Scope


class _Plan(NamedTuple):
    """What a stream will read in this sync."""

    sections: tuple[Section, ...]
    days: Collection[str]


@dataclass(frozen=True)
class _Outcome:
    """What the request for a day brought, answers or a failure; `left`: the streams that have yet to take it."""

    day: str
    subject: str
    left: set[str]
    answers: Sequence[Day] = ()
    error: SourceError | None = None

    def named(self, stream: str) -> list[Day]:
        """The answers, or the failure, in the name of this stream."""
        subject, own = f"stream {self.subject},", f"stream {stream},"
        if self.error:
            sentence = str(self.error).replace(subject, own)
            raise type(self.error)(sentence, status=self.error.status, vendor_message=self.error.vendor_message)
        return [answer.renamed(subject, own) for answer in self.answers]


class SharedDays(Days):
    """Asks for a day once, and keeps the answer until every stream that reads the day has taken it.

    The window queue keeps streams with the same questions in step, the oldest window first: when one of them takes a
    day, the others have taken all days before it, or have stopped. So there is never more than one answer to keep.
    """

    def __init__(self, scope: Scope, lookups: Lookups) -> None:
        super().__init__(scope)
        self._lookups = lookups
        self._plans: dict[str, _Plan] = {}
        self._kept: _Outcome | None = None

    def expect(self, stream: str, sections: tuple[Section, ...], days: Collection[str]) -> None:
        """A stream of this sync will take these sections on these days."""
        self._plans[stream] = _Plan(sections, days)

    def take(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> list[Day]:
        """One day's answers, one for each project when they are read one by one.

        Raises RetentionStart when the vendor keeps no such day, else what the request raised.
        """
        day, outcome = window.first_day, self._kept
        if outcome and outcome.day < day:
            for stopped in outcome.left:
                self._plans.pop(stopped, None)
        if outcome is None or outcome.day != day or api.stream not in outcome.left:
            outcome = self._ask_for_all(api, sections, window)
        outcome.left.discard(api.stream)
        self._kept = outcome if outcome.left else None
        return outcome.named(api.stream)

    def ask_all(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> list[Day]:
        """The same for one stream alone."""
        return [self.ask(api, sections, window, project) for project in self._lookups.projects_to_ask(api)]

    def _ask_for_all(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> _Outcome:
        day = window.first_day
        readers = {stream: plan for stream, plan in self._plans.items() if day in plan.days}
        asked = tuple(dict.fromkeys((*sections, *(section for plan in readers.values() for section in plan.sections))))
        try:
            answers = self.ask_all(api, asked, window)
        except SourceError as error:
            return _Outcome(day, api.stream, set(readers), error=error)
        return _Outcome(day, api.stream, set(readers), answers)
