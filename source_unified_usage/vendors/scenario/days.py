"""One day of /usages: asking for it, what its answers hold, and the first day that the vendor still serves."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from pendulum import DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError, Unmappable, mapping
from source_unified_usage.core.lookup import by_id
from source_unified_usage.core.stream import RetentionStart
from source_unified_usage.core.usage import Row
from source_unified_usage.core.window import Window, first_served
from source_unified_usage.vendors.scenario.api import CONSUMPTION, ScenarioApi, Section, divided
from source_unified_usage.vendors.scenario.lookups import Scope
from source_unified_usage.vendors.scenario.mapping import added

T = TypeVar("T")


@dataclass(frozen=True)
class Day:
    """The answers for one day, several where it was divided, and one project (None: all that are read, together)."""

    project: str | None
    answers: Sequence[Answer]

    def rows(self, section: Section) -> list[Row]:
        """The section's rows, those of a divided day added up. Raises BrokenContract or Unmappable."""
        parts: dict[str, list[Row]] = {}
        for answer in self.answers:
            for key, row in _by_key(answer, section).items():
                parts.setdefault(key, []).append(row)
        return [_whole(rows) for rows in parts.values()]

    def entities(self, member: str) -> dict[str, Row]:
        """What the vendor says of the ids in the rows, by id; it describes some and leaves out others."""
        return by_id(row for answer in self.answers for row in _described(answer.body, member))

    def renamed(self, old: str, new: str) -> "Day":
        """The same with `new` in place of `old` in what its errors will say."""
        return Day(self.project, [replace(answer, source=answer.source.replace(old, new)) for answer in self.answers])


class Days:
    """Asks for days. How far back the vendor goes is not documented; it is found at the first day that is refused."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._retained_from: DateTime | None = None
        self._oldest_answered: DateTime | None = None
        self._lock = threading.Lock()  # days are asked for at the same time

    def ask(
        self, api: ScenarioApi, sections: tuple[Section, ...], window: Window, project: str | None = None, **query: str
    ) -> Day:
        """One day's answers. Raises RetentionStart when the vendor keeps no such day."""
        params = {**self._scope.query(project), **query}
        return Day(project, self.answers(api, window, lambda part: [api.usages(part, sections, params)]))

    def answers(self, api: ScenarioApi, window: Window, ask: Callable[[Window], list[T]]) -> list[T]:
        """What `ask` gets for the window, in one piece or several. Raises RetentionStart."""
        if self._retained_from and window.start < self._retained_from:
            raise RetentionStart(self._retained_from)
        try:
            answers = divided(window, ask)
        except ConfigError as error:
            # no day is too old when an older one, or the day itself, was answered before
            if error.status != 400 or (self._oldest_answered and self._oldest_answered <= window.start):
                raise
            with self._lock:
                if self._retained_from is None or self._retained_from <= window.start:
                    self._retained_from = self._first_served(api, window.start, error)
            raise RetentionStart(self._retained_from) from None
        with self._lock:
            self._oldest_answered = min(self._oldest_answered or window.start, window.start)
        return answers

    def _first_served(self, api: ScenarioApi, refused: DateTime, error: ConfigError) -> DateTime:
        """The first day that is served, found by halving. Raises `error` when its reason is not the day's age."""
        serves = partial(self._serves, api)
        yesterday = clock.now().start_of("day").subtract(days=1)
        first = first_served(refused, yesterday, serves)
        if first == yesterday and (yesterday <= refused or not serves(yesterday)):
            raise error
        if first == refused.add(days=1) and serves(refused):
            raise error
        return first

    def _serves(self, api: ScenarioApi, day: DateTime) -> bool:
        window = Window(day, day.add(days=1))
        try:
            divided(window, lambda part: [api.usages(part, (CONSUMPTION,), self._scope.query())])
        except ConfigError as error:
            if error.status != 400:
                raise
            return False
        return True


def _by_key(answer: Answer, section: Section) -> dict[str, Row]:
    rows = answer.rows(section.member)
    for row in rows:
        if row.get(section.key) in (None, ""):
            raise Unmappable(row, KeyError(section.key))
    by_key = {repr(row[section.key]): row for row in rows}
    if len(by_key) < len(rows):
        raise answer.broken(f"a {section.key} comes twice under {section.member!r}")
    return by_key


def _whole(parts: Sequence[Row]) -> Row:
    if len(parts) == 1:
        return parts[0]
    with mapping(parts):
        return added(parts)


def _described(body: Any, member: str) -> Iterable[Any]:
    """Empty where the answer has no such descriptions: a missing name must not fail a row."""
    entities = body.get("entities") if isinstance(body, Mapping) else None
    found = entities.get(member) if isinstance(entities, Mapping) else None
    return found if isinstance(found, list) else ()
