"""What the vendor reports at a moment: the events of a stretch of time that it has already seen."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeVar

from sandbox.clock import Clock
from sandbox.times import day_at, epoch
from sandbox.vendors.openai.cost_lines import CostEvent, CostLines
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.token_counts import CHAT_MODELS, tokens
from sandbox.vendors.openai.usage_events import DAY, Event, UsageEvents
from sandbox.world import World

E = TypeVar("E", Event, CostEvent)


class Reported:
    """Usage and cost events as of `clock.now()`, with the knobs that add rows."""

    def __init__(self, world: World, clock: Clock, knobs: Knobs, directory: Directory) -> None:
        self._clock, self._knobs, self._directory = clock, knobs, directory
        self._usage = UsageEvents(world, directory)
        self._costs = CostLines(world, directory, self._usage)

    def usage(self, endpoint: str, begin: int, end: int) -> list[Event]:
        """The endpoint's events in [begin, end)."""

        def of(day: date) -> Iterator[Event]:
            yield from self._usage.of(endpoint, day)
            if self._knobs.huge_tokens and endpoint == "completions":
                yield self._huge(day)

        return self._visible(of, begin, end)

    def costs(self, begin: int, end: int) -> list[CostEvent]:
        """The cost events in [begin, end)."""

        def of(day: date) -> Iterator[CostEvent]:
            yield from self._costs.of(day)
            if self._knobs.second_currency:
                yield self._costs.storage_in(self._knobs.second_currency, day)

        return self._visible(of, begin, end)

    def _visible(self, of: Callable[[date], Iterator[E]], begin: int, end: int) -> list[E]:
        now = self._clock.now().timestamp()
        return [
            event
            for midnight in range(begin - begin % DAY, end, DAY)
            for event in of(day_at(midnight))
            if begin <= event.at < end and event.seen <= now
        ]

    def _huge(self, day: date) -> Event:
        worker = self._directory.workers[self._directory.evals.name]
        at = epoch(day) + 60
        dimensions = (worker.project.id, None, worker.id, CHAT_MODELS[0], False, "scale")
        metrics = tokens(1, uncached=(2**53 + 1, 0, 0), output=(1, 0, 0))
        return Event(at, at + 60, dimensions, metrics)
