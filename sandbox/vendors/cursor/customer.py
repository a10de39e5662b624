"""What happened at the customer, as it is known now: events, spend, daily counts."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import Any

from sandbox.clock import Clock
from sandbox.times import DAY, day_at, days_between, midnight
from sandbox.vendors.cursor.events import DAY_MS, HOME_TEAM, INCLUDED, KINDS, MODELS, OTHER_TEAM, Event, Events, team_of
from sandbox.world import Person, World


@dataclass
class Customer:
    """The customer's days. `injected` are events that a test or the knob `drift` adds to a day."""

    world: World
    clock: Clock
    injected: list[Event] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)

    @cached_property
    def _events(self) -> Events:
        return Events(self.world)

    @cached_property
    def teams(self) -> dict[int, list[Person]]:
        return {team: [p for p in self.world.people if team_of(p) == team] for team in (HOME_TEAM, OTHER_TEAM)}

    def gone(self, person: Person) -> bool:
        """Removed from the team as of now: the address vanishes, from old rows too."""
        left = person.left is not None and person.left <= self.clock.today()
        return left or person.number in self.removed

    def events(self, first_ms: int, last_ms: int, teams: set[int]) -> list[dict[str, Any]]:
        """The rows as they are now, both bounds inclusive, newest first; with teamId."""
        now = self.clock.now()
        day, last_day = (day_at(ms / 1000) for ms in (first_ms, last_ms))
        days = days_between(day, min(self.clock.today(), last_day) + DAY)
        visible = (event for day in days for event in self._events.of(day) if event.visible <= now)
        found = [e for e in (*visible, *self.injected) if first_ms <= e.at <= last_ms and e.team in teams]
        found.sort(key=lambda event: -event.at)
        return [self._now(event, now) for event in found]

    def add_late_event(self, last_ms: int) -> None:
        """An event that arrives just now, the newest of the time that ends with this millisecond."""
        person, at, now = self.teams[HOME_TEAM][0], last_ms - 1000, self.clock.now()
        row = {
            "timestamp": str(at),
            "userEmail": person.email,
            "model": "default",
            "kind": "Usage-based",
            "requestsCosts": 1,
            "isTokenBasedCall": False,
            "isChargeable": True,
            "chargedCents": 4,
        }
        self.injected.append(Event(at, HOME_TEAM, person, row, now, now, row))

    def _now(self, event: Event, now: datetime) -> dict[str, Any]:
        row = {"teamId": event.team, **(event.restated if event.settles <= now else event.row)}
        if event.person and self.gone(event.person):
            row.pop("userEmail", None)
        return row

    def cycle(self, moment: datetime) -> tuple[datetime, datetime]:
        """The billing cycle around a moment: from the subscription's anniversary on the 14th to the next."""
        start = moment.replace(day=14, hour=10, minute=21, second=33, microsecond=0)
        if moment < start:
            start = (start - timedelta(days=20)).replace(day=14)
        end = (start + timedelta(days=20 + 11)).replace(day=14)
        return start, end

    def contract(self) -> tuple[datetime, datetime]:
        """The contract's year."""
        year = self.clock.now().year
        return datetime(year, 1, 1, tzinfo=timezone.utc), datetime(year + 1, 1, 1, tzinfo=timezone.utc)

    def spend(self, start: datetime, end: datetime, person: Person) -> tuple[Decimal, Decimal]:
        """On-demand and included cents of one member in a time, as of now."""
        now = self.clock.now()
        on_demand = included = Decimal(0)
        for day in days_between(start.date(), min(end, now).date() + DAY):
            for event in self._events.of(day):
                inside = start.timestamp() * 1000 <= event.at < end.timestamp() * 1000
                if event.person is person and inside and event.visible <= now:
                    row = event.restated if event.settles <= now else event.row
                    charged = Decimal(repr(row["chargedCents"]))
                    if row["isChargeable"]:
                        on_demand += charged
                    elif row["kind"] in INCLUDED:
                        included += charged
        return on_demand, included

    def daily(self, day: date, person: Person) -> dict[str, Any]:
        """One member's day: figures of the last day and a half are still short."""
        draw = self.world.random("cursor", "daily", day, person.number)
        busy = person.active_on(day) and bool(person.intensity) and draw.random() < min(1.0, self.world.rhythm(day))
        young = self.clock.now() - midnight(day) < timedelta(hours=72)
        scale = (0.8 if young else 1.0) * person.intensity * self.world.rhythm(day) if busy else 0.0
        now = self.clock.now()
        kinds = [e.row["kind"] for e in self._events.of(day) if e.person is person and e.visible <= now] if busy else []
        counts = {name: round(scale * draw.uniform(0, top)) for name, top in _DAILY.items()}
        return {
            "day": day.isoformat(),
            "date": (day - date(1970, 1, 1)).days * DAY_MS,
            "isActive": busy,
            **counts,
            "subscriptionIncludedReqs": sum(kind in INCLUDED for kind in kinds),
            "apiKeyReqs": kinds.count("User API Key"),
            "usageBasedReqs": sum(kind in KINDS[0][0] for kind in kinds),
            "bugbotUsages": round(scale * draw.uniform(0, 2)),
            "mostUsedModel": draw.choice(MODELS)[0] if busy else None,
            "applyMostUsedExtension": draw.choice((".ts", ".py", ".go")) if busy else None,
            "tabMostUsedExtension": draw.choice((".ts", ".py", None)) if busy else None,
            "clientVersion": "2.4.7" if busy else None,
        }


_DAILY = {
    "totalLinesAdded": 1500,
    "totalLinesDeleted": 800,
    "acceptedLinesAdded": 900,
    "acceptedLinesDeleted": 500,
    "totalApplies": 80,
    "totalAccepts": 60,
    "totalRejects": 15,
    "totalTabsShown": 300,
    "totalTabsAccepted": 200,
    "composerRequests": 30,
    "chatRequests": 60,
    "agentRequests": 25,
    "cmdkUsages": 20,
}
