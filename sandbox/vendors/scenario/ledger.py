"""The ledger: what a faultless reader emits for these days, as of now, counted from the events alone."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.kit import grouped
from sandbox.ledger import Entry, Ledger
from sandbox.times import DAY, day_stamp, days_between
from sandbox.vendors.scenario.credentials import ANALYTICS_KEY
from sandbox.vendors.scenario.estate import Estate, Team
from sandbox.vendors.scenario.events import DAY_MS, Event, day_ms, names_cost, spelled, to_ms
from sandbox.vendors.scenario.knobs import Knobs
from sandbox.vendors.scenario.sections import step_ms
from sandbox.vendors.scenario.usages import Usages

Key = tuple[Any, ...]
_ZERO = Decimal(0)
_STREAMS = (
    *("consumption", "model_usage", "asset_usage", "usage_by_type"),
    *("activity", "user_model_usage", "moderation_usage"),
)


class ScenarioLedger:
    """Entries by stream for the reader of the knobs."""

    def __init__(self, usages: Usages, estate: Estate, knobs: Knobs) -> None:
        self._usages, self._estate, self._knobs = usages, estate, knobs

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        days = days_between(start, end)
        if self._knobs.retention is not None:
            kept = to_ms(now - self._knobs.retention)
            days = [day for day in days if day_ms(day) >= kept]
        found: Ledger = {f"scenario_{name}": [] for name in _STREAMS}
        for day in days:
            for project, events in self._read(day, now):
                head = (self._knobs.reader.team_id, project, day.isoformat())
                at = day_stamp(day)
                found["scenario_consumption"] += self._consumption(events, head, at)
                found["scenario_model_usage"] += self._models(events, head, at)
                found["scenario_asset_usage"] += _counted(events, head, at, lambda event: event.assets)
                found["scenario_usage_by_type"] += self._types(events, head, at)
                found["scenario_user_model_usage"] += self._user_models(events, head, at)
                found["scenario_moderation_usage"] += self._moderation(events, head, at, day)
            found["scenario_activity"] += self._activity(self._seen(day, now))
        return found

    def _team(self) -> Team:
        return self._estate.teams[self._knobs.reader.team_id or self._knobs.keys[ANALYTICS_KEY].teams[0]]

    def _read(self, day: date, now: datetime) -> Iterator[tuple[str | None, list[Event]]]:
        """The answers that the reader gets for a day: one, or one per project."""
        reader, events = self._knobs.reader, self._seen(day, now)
        if not reader.split_by_project:
            yield None, events
            return
        listed = [project.id for project in self._team().projects if not project.deleted]
        for project in reader.project_ids or listed:
            yield project, [event for event in events if event.project == project]

    def _seen(self, day: date, now: datetime) -> list[Event]:
        """The day's events in the projects that are read. Activity names its project and is never read one by one."""
        start, asked = day_ms(day), set(self._knobs.reader.project_ids)
        events = self._usages.known(self._team(), start, start + DAY_MS - 1, now)
        return [event for event in events if not asked or event.project in asked]

    def _charges(self, value: Decimal, discount: Decimal) -> dict[tuple[str, str], Decimal]:
        views = {"net": value, "total": value + discount}
        if discount:
            views["discount"] = discount
        charges = {(kind, "CU"): amount for kind, amount in views.items()}
        reader = self._knobs.reader
        if reader.cu_price is not None:
            charges |= {(kind, reader.cu_currency.upper()): amount * reader.cu_price for kind, amount in views.items()}
        return charges

    def _consumption(self, events: Iterable[Event], head: Key, at: str) -> Iterator[Entry]:
        for user, spent in grouped(events, lambda event: event.user).items():
            charged = [event for event in spent if event.value or event.discount]
            if charged:
                value, discount = _sum(e.value for e in charged), _sum(e.discount for e in charged)
                yield Entry((*head, user), at, self._charges(value, discount), {"quantity": value})

    def _models(self, events: Iterable[Event], head: Key, at: str) -> Iterator[Entry]:
        for model, jobs in grouped((e for e in events if e.model), lambda event: event.model).items():
            cost, discount = _sum(e.cost for e in jobs), _sum(e.discount for e in jobs)
            usage = {"quantity": cost, "requests.total": Decimal(len(jobs))}
            yield Entry((*head, model), at, self._charges(cost, discount), usage)

    def _user_models(self, events: list[Event], head: Key, at: str) -> Iterator[Entry]:
        """Of the users of the day's consumption only."""
        for user, done in grouped(events, lambda event: event.user).items():
            if any(event.value or event.discount for event in done):
                yield from self._models(done, (*head, user), at)

    def _types(self, events: Iterable[Event], head: Key, at: str) -> Iterator[Entry]:
        named = ((name, event) for event in events for name in event.usages)
        for name, pairs in grouped(named, lambda pair: pair[0]).items():
            done = [event for _, event in pairs]
            priced = names_cost(name, self._knobs.free_cost)
            charges = self._charges(_sum(e.value for e in done), _sum(e.discount for e in done)) if priced else {}
            yield Entry((*head, name), at, charges, {"quantity": Decimal(len(done))})

    def _moderation(self, events: list[Event], head: Key, at: str, day: date) -> Iterator[Entry]:
        yield from _counted(events, (*head, "nsfw"), at, lambda event: event.nsfw)
        step = step_ms(DAY, self._knobs)
        seen: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for event in events:
            for asset, verdict in event.gate:
                for name in ("total", verdict):
                    seen[name].add(((event.time - day_ms(day)) // step, asset))
        for verdict, assets in seen.items():
            yield Entry((*head, "quality_gate", verdict), at, usage={"quantity": Decimal(len(assets))})

    def _activity(self, events: Iterable[Event]) -> Iterator[Entry]:
        """The ordinal counts the rows that differ in their cost alone, the dearest first."""
        for twins in grouped(events, _identity).values():
            for ordinal, event in enumerate(sorted(twins, key=lambda e: (e.billed, e.cost), reverse=True)):
                time = spelled(event.time)
                data = {**event.data}
                if "byokProvider" in data:
                    data["byokProvider"] = data["byokProvider"]["id"]
                key = (self._knobs.reader.team_id, time, event.user, event.project, event.action, data, ordinal)
                charges = self._charges(event.cost, _ZERO) if event.billed else {}
                usage = {"quantity": event.cost} if event.billed else {}
                yield Entry(key, time.replace(".000Z", "Z"), charges, usage)


def _identity(event: Event) -> Key:
    """What rows of one key agree in; independent on purpose of the source's."""
    return (event.time, event.user, event.project, event.action, json.dumps(event.data, sort_keys=True))


def _counted(events: Iterable[Event], head: Key, at: str, counts: Callable[[Event], dict[str, int]]) -> Iterator[Entry]:
    sums: dict[str, int] = defaultdict(int)
    for event in events:
        for name, count in counts(event).items():
            sums[name] += count
    for name, count in sums.items():
        yield Entry((*head, name), at, usage={"quantity": Decimal(count)})


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _ZERO)
