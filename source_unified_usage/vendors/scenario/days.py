"""One day of /usages, asked once for all streams that take a part of it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from pendulum import DateTime

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import UNMAPPABLE, ConfigError, SourceError, Unmappable
from source_unified_usage.core.lookup import by_id
from source_unified_usage.core.stream import RetentionStart
from source_unified_usage.core.usage import Row, decimal, number
from source_unified_usage.core.window import Window, first_served
from source_unified_usage.vendors.scenario.api import CONSUMPTION, ScenarioApi, Section, divided
from source_unified_usage.vendors.scenario.figures import has_figures
from source_unified_usage.vendors.scenario.inventory import Inventory, Scope


@dataclass(frozen=True)
class Day:
    """What was answered for one day and one project (None: for all that are read, together)."""

    project: str | None
    answers: Sequence[Answer]

    def rows(self, section: Section) -> list[Row]:
        """The section's rows, those of a divided day added up. Raises BrokenContract or Unmappable."""
        parts: dict[str, list[Row]] = {}
        for answer in self.answers:
            rows = answer.rows(section.member)
            for row in rows:
                if row.get(section.key) in (None, ""):
                    raise Unmappable(row, KeyError(section.key))
            keys = [repr(row[section.key]) for row in rows]
            if len(set(keys)) < len(keys):
                raise answer.broken(f"a {section.key} comes twice under {section.member!r}")
            for key, row in zip(keys, rows, strict=True):
                parts.setdefault(key, []).append(row)
        return [_added(rows) for rows in parts.values()]

    def value(self) -> Decimal:
        """The compute units that were consumed."""
        return _sum(row.get("value") for row in self.rows(CONSUMPTION))

    def entities(self, member: str) -> dict[str, Row]:
        """What the ids mean, as far as the vendor describes them."""
        return by_id(row for answer in self.answers for row in _described(answer.body, member))


@dataclass(frozen=True)
class _Outcome:
    """What the request of `asker` brought; the others that take part share its failure too."""

    subject: str
    days: Sequence[Day] = ()
    error: SourceError | None = None

    def told(self, stream: str) -> list[Day]:
        """The days, or the failure, in the name of this stream."""
        subject, own = f"stream {self.subject},", f"stream {stream},"
        if self.error:
            sentence = str(self.error).replace(subject, own)
            raise type(self.error)(sentence, status=self.error.status, vendor_message=self.error.vendor_message)
        return [
            Day(day.project, [replace(answer, source=answer.source.replace(subject, own)) for answer in day.answers])
            for day in self.days
        ]


class Days:
    """The answers that the streams of one sync share.

    The gate lets one window of a credential be read at a time and the oldest first, so the streams pass through the
    days together: an answer is kept until each of them has taken it.
    """

    def __init__(self, scope: Scope, inventory: Inventory) -> None:
        self.scope, self._inventory = scope, inventory
        self._sections: dict[str, tuple[Section, ...]] = {}
        self._expected: dict[str, deque[str]] = {}
        self._kept: dict[tuple[str, str], _Outcome] = {}
        self._served_from: DateTime | None = None
        self._oldest_answered: DateTime | None = None

    def expect(self, stream: str, sections: tuple[Section, ...], days: Iterable[str]) -> None:
        """A stream of this sync will take these sections on these days, one after another."""
        self._sections[stream], self._expected[stream] = sections, deque(days)

    def take(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> list[Day]:
        """One day's answers, one for each project when they are read one by one.

        Raises ServedFrom when the vendor keeps no such day, else what the request raised.
        """
        day = window.first_day
        self._drop(api.stream, lambda expected: expected <= day)
        outcome = self._kept.pop((api.stream, day), None)
        if outcome is None:
            # one that has missed a day has stopped: nothing is asked for it any more
            others = [name for name, days in self._expected.items() if days and days[0] == day]
            asked = dict.fromkeys([*sections, *(section for name in others for section in self._sections[name])])
            try:
                outcome = _Outcome(api.stream, self._ask(api, tuple(asked), window))
            except SourceError as error:
                outcome = _Outcome(api.stream, error=error)
            self._kept.update({(name, day): outcome for name in others})
        return outcome.told(api.stream)

    def ask(
        self, api: ScenarioApi, sections: tuple[Section, ...], window: Window, project: str | None = None, **query: str
    ) -> Day:
        """One day's answer that no other stream takes. Raises ServedFrom."""
        params = {**self.scope.query(project), **query}
        return Day(project, self.answers(api, window, lambda part: [api.usages(part, sections, params)]))

    def answers(self, api: ScenarioApi, window: Window, ask: Callable[[Window], list[Answer]]) -> list[Answer]:
        """What `ask` gets for the window, in one piece or several. Raises ServedFrom."""
        if self._served_from and window.start < self._served_from:
            raise RetentionStart(self._served_from)
        answered = self._oldest_answered
        try:
            answers = divided(window, ask)
        except ConfigError as error:
            # a day that was answered, or one after it, is not too old
            if error.status != 400 or (answered and answered <= window.start):
                raise
            oldest = self._oldest(api, window.start, error)
        else:
            self._oldest_answered = min(answered or window.start, window.start)
            return answers
        self._served_from = oldest
        for stream in self._expected:
            self._drop(stream, lambda expected: expected < oldest.to_date_string())
        raise RetentionStart(oldest)

    def _ask(self, api: ScenarioApi, sections: tuple[Section, ...], window: Window) -> list[Day]:
        projects = self._inventory.to_split(api) if self.scope.split else (None,)
        return [self.ask(api, sections, window, project) for project in projects]

    def _oldest(self, api: ScenarioApi, refused: DateTime, error: ConfigError) -> DateTime:
        """The oldest day that is served, found by halving. Raises `error` when its reason is not the day's age."""
        yesterday = clock.now().start_of("day").subtract(days=1)
        oldest = first_served(refused, yesterday, partial(self._serves, api))
        if oldest == yesterday and (yesterday <= refused or not self._serves(api, yesterday)):
            raise error
        if oldest == refused.add(days=1) and self._serves(api, refused):
            raise error
        return oldest

    def _serves(self, api: ScenarioApi, day: DateTime) -> bool:
        window = Window(day, day.add(days=1))
        try:
            divided(window, lambda part: [api.usages(part, (CONSUMPTION,), self.scope.query())])
        except ConfigError as error:
            if error.status != 400:
                raise
            return False
        return True

    def _drop(self, stream: str, over: Callable[[str], bool]) -> None:
        days = self._expected.get(stream)
        while days and over(days[0]):
            days.popleft()


def _described(body: Any, member: str) -> Iterable[Any]:
    """Descriptions are never worth failing for."""
    entities = body.get("entities") if isinstance(body, Mapping) else None
    found = entities.get(member) if isinstance(entities, Mapping) else None
    return found if isinstance(found, list) else ()


def _added(rows: Sequence[Row]) -> Row:
    """One row of the parts of a day: points joined, the figures of consumption added up. Raises Unmappable."""
    if len(rows) == 1:
        return rows[0]
    try:
        return _merged(rows)
    except UNMAPPABLE as error:
        raise Unmappable(rows, error) from error


def _merged(rows: Sequence[Row]) -> Row:
    merged = {name: value for row in rows for name, value in row.items()}
    if "points" in merged:
        # the zero bucket that may follow a part begins with the next part
        return {**merged, "points": [point for row in rows for point in row["points"] if has_figures(point)]}
    for name in ("value", "discount", "total"):
        if name in merged:
            parts = [row.get(name) for row in rows]
            merged[name] = None if None in parts else number(_sum(parts))
    details: list[Mapping[str, object]] = [row.get("costDetails") or {} for row in rows]
    if any(details):
        names = dict.fromkeys(name for detail in details for name in detail)
        merged["costDetails"] = {name: number(_sum(detail.get(name) for detail in details)) for name in names}
    return merged


def _sum(figures: Iterable[object]) -> Decimal:
    known: Iterator[Decimal | None] = (decimal(figure) for figure in figures)
    return sum((figure for figure in known if figure is not None), Decimal(0))
