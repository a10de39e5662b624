"""What happened at the customer: events, daily counts, commits; pure per day, made from the seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any

from sandbox.clock import Clock
from sandbox.world import Person, World

HOME_TEAM, OTHER_TEAM = 101, 202
DAY_MS = 86_400_000

_MODELS = (
    ("claude-4.5-sonnet", 30, True),
    ("gpt-5.2", 20, True),
    ("default", 25, False),
    ("composer-1", 15, False),
    ("gemini-3-pro", 6, True),
    ("grok-4", 2, True),
    ("some-future-model", 2, True),
)
# The spellings of a class, its weight, and whether it is chargeable
_KINDS = (
    (("Usage-based", "On-Demand", "Custom Subscription", "Unspecified"), 62, True),
    (("Included in Business", "Included in Pro Plus", "Included in Ultra", "Free Credit"), 28, False),
    (("Errored, Not Charged", "Errored, No Charge"), 4, False),
    (("Aborted, Not Charged",), 3, False),
    (("User API Key",), 3, False),
)
INCLUDED = _KINDS[1][0]
NEVER_CHARGED = (*_KINDS[2][0], *_KINDS[3][0])
# What Cursor writes where it has nothing to write
_NOTHING = ("null", "undefined", "None", "  ", "NULL")


@dataclass(frozen=True)
class Event:
    """One model call; `row` as it is at first, `restated` once `settles` is past; seen from `visible` on."""

    at: int
    team: int
    person: Person | None
    row: dict[str, Any]
    visible: datetime
    settles: datetime
    restated: dict[str, Any]


@dataclass
class Books:
    """The customer's days. `injected` are events that a test or the drift hook adds to a day."""

    world: World
    clock: Clock
    injected: list[Event] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    _days: dict[date, list[Event]] = field(default_factory=dict)

    @cached_property
    def teams(self) -> dict[int, list[Person]]:
        people = self.world.people
        return {
            HOME_TEAM: [p for p in people if self.team_of(p) == HOME_TEAM],
            OTHER_TEAM: [p for p in people if self.team_of(p) == OTHER_TEAM],
        }

    def team_of(self, person: Person) -> int:
        return OTHER_TEAM if person.number % 4 == 1 else HOME_TEAM

    def gone(self, person: Person) -> bool:
        """Removed from the team as of now: the address vanishes, from old rows too."""
        left = person.left is not None and person.left <= self.clock.today()
        return left or person.number in self.removed

    def events(self, first_ms: int, last_ms: int, teams: set[int]) -> list[dict[str, Any]]:
        """The rows as they are now, both bounds inclusive, newest first; with teamId."""
        now = self.clock.now()
        day, last_day = (datetime.fromtimestamp(ms / 1000, timezone.utc).date() for ms in (first_ms, last_ms))
        found: list[Event] = []
        while day <= min(self.clock.today(), last_day):
            found += [e for e in self.day(day) if first_ms <= e.at <= last_ms and e.team in teams and e.visible <= now]
            day += timedelta(days=1)
        found += [e for e in self.injected if first_ms <= e.at <= last_ms and e.team in teams]
        found.sort(key=lambda event: -event.at)
        return [self._now(event, now) for event in found]

    def _now(self, event: Event, now: datetime) -> dict[str, Any]:
        row = {"teamId": event.team, **(event.restated if event.settles <= now else event.row)}
        if event.person and self.gone(event.person):
            row.pop("userEmail", None)
        return row

    def day(self, day: date) -> list[Event]:
        if day not in self._days:
            self._days[day] = list(self._make(day)) if self.world.has_data(day) else []
        return self._days[day]

    def _make(self, day: date) -> Iterator[Event]:
        start = int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp() * 1000)
        rhythm = self.world.rhythm(day)
        for person in self.world.people:
            if not person.active_on(day) or not person.intensity:
                continue
            draw = self.world.random("cursor", "events", day, person.number)
            for _ in range(round(min(person.intensity, 3) * rhythm * draw.uniform(2, 7))):
                at = start + round(min(max(draw.gauss(13, 3.5), 0), 23.9) * 3_600_000)
                yield self._event(draw, at, person)
        draw = self.world.random("cursor", "oddities", day)
        people = [p for p in self.teams[HOME_TEAM] if p.active_on(day) and p.intensity]
        for at in (start, start + DAY_MS - 1):  # both midnights
            yield self._event(draw, at, draw.choice(people))
        at = start + draw.randrange(8 * 3_600_000, 18 * 3_600_000)
        twin = self._event(draw, at, people[0])
        yield twin
        yield twin  # equal to the last byte
        third = self._event(draw, at, people[-1])
        yield Event(
            **{
                **vars(third),
                "row": {**third.row, "model": twin.row["model"]},
                "restated": {**third.restated, "model": twin.row["model"]},
            }
        )
        yield self._service_account(draw, start + 2 * 3_600_000 + draw.randrange(60_000))

    def _event(self, draw: Random, at: int, person: Person) -> Event:
        model, _, third_party = draw.choices(_MODELS, [weight for _, weight, _ in _MODELS])[0]
        kinds, _, chargeable = draw.choices(_KINDS, [weight for _, weight, _ in _KINDS])[0]
        kind = kinds[at // 7 % len(kinds)]
        by_request = chargeable and model == "default"
        row: dict[str, Any] = {
            "timestamp": str(at),
            "userEmail": person.email,
            "conversationId": f"{draw.getrandbits(32):08x}-0000-4000-8000-{person.number:012d}",
            "model": model,
            "kind": kind,
            "maxMode": draw.random() < 0.2,
            "requestsCosts": draw.choice((1, 1, 2, 1.4, 5)),
            "isTokenBasedCall": chargeable and not by_request,
            "isChargeable": chargeable,
            "isHeadless": draw.random() < 0.05,
        }
        if at % 3 == 0:
            nothing = _NOTHING[at % len(_NOTHING)]
            row |= dict.fromkeys(("serviceAccountId", "serviceAccountName", "cloudAgentId", "automationId"), nothing)
        if draw.random() < 0.3:
            del row["conversationId"]
        if not chargeable and draw.random() < 0.5:
            row["chargedCents"] = 0 if kind in NEVER_CHARGED else draw.choice((4, 8, 12.5))
            return self._settled(draw, at, person, row, row)
        tokens = {name: draw.randrange(0, top) for name, top in _TOKENS.items()}
        cost = Decimal(sum(tokens.values())) / 900 + Decimal(draw.randrange(1, 100_000)) / 10_000
        final = self._priced(draw, row, tokens, cost, third_party and chargeable)
        early = self._priced(draw, row, tokens, cost * Decimal("0.9"), third_party and chargeable)
        if draw.random() > 0.15 or "discountPercentOff" in final["tokenUsage"]:
            early = final
        return self._settled(draw, at, person, early, final)

    def _priced(
        self, draw: Random, row: dict[str, Any], tokens: dict[str, int], cost: Decimal, fee: bool
    ) -> dict[str, Any]:
        """Token usage with its cost in cents; zero members are left out, as live answers do."""
        cost = round(cost, 5)
        usage: dict[str, Any] = {name: count for name, count in tokens.items() if count}
        usage["totalCents"] = float(cost)
        charged = cost
        if draw.random() < 0.1:
            usage["discountPercentOff"] = 10
            charged = cost * Decimal("0.9")
        priced = {**row, "tokenUsage": usage}
        if fee:
            priced["cursorTokenFee"] = 1.18
            charged += Decimal("1.18")
        if row["isChargeable"] and not row["isTokenBasedCall"]:
            charged = 4 * Decimal(str(row["requestsCosts"]))
        priced["chargedCents"] = 0 if row["kind"] in NEVER_CHARGED else float(charged)
        return priced

    def _settled(self, draw: Random, at: int, person: Person, early: dict[str, Any], final: dict[str, Any]) -> Event:
        """Some events arrive hours later, some are priced anew within two days."""
        moment = datetime.fromtimestamp(at / 1000, timezone.utc)
        late = draw.uniform(1, 40) if draw.random() < 0.04 else 0
        return Event(
            at,
            self.team_of(person),
            person,
            early,
            moment + timedelta(hours=late),
            moment + timedelta(hours=draw.uniform(20, 46)),
            final,
        )

    def _service_account(self, draw: Random, at: int) -> Event:
        row = {
            "timestamp": str(at),
            "userEmail": "agent-runner@acme.example",
            "serviceAccountId": "sa_sandbox1",
            "serviceAccountName": "Nightly CI Agent",
            "cloudAgentId": f"bc-{draw.getrandbits(48):012x}",
            "automationId": "7fc64f90-0000-4000-8000-0000000000aa",
            "model": "composer-1",
            "kind": "Usage-based",
            "requestsCosts": 3.2,
            "isTokenBasedCall": True,
            "isChargeable": True,
            "isHeadless": True,
            "tokenUsage": {"inputTokens": 2048, "outputTokens": 512, "cacheReadTokens": 9000, "totalCents": 3.5},
            "chargedCents": 3.5,
        }
        moment = datetime.fromtimestamp(at / 1000, timezone.utc)
        return Event(at, HOME_TEAM, None, row, moment, moment, row)

    # --- other books

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
        day = start.date()
        while day <= min(end, now).date():
            for event in self.day(day):
                inside = start.timestamp() * 1000 <= event.at < end.timestamp() * 1000
                if event.person is person and inside and event.visible <= now:
                    row = event.restated if event.settles <= now else event.row
                    charged = Decimal(repr(row["chargedCents"]))
                    if row["isChargeable"]:
                        on_demand += charged
                    elif row["kind"] in INCLUDED:
                        included += charged
            day += timedelta(days=1)
        return on_demand, included

    def daily(self, day: date, person: Person) -> dict[str, Any]:
        """One member's day: figures of the last day and a half are still short."""
        draw = self.world.random("cursor", "daily", day, person.number)
        busy = person.active_on(day) and bool(person.intensity) and draw.random() < min(1.0, self.world.rhythm(day))
        young = self.clock.now() - datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc) < timedelta(hours=60)
        scale = (0.8 if young else 1.0) * person.intensity * self.world.rhythm(day) if busy else 0.0
        now = self.clock.now()
        kinds = [e.row["kind"] for e in self.day(day) if e.person is person and e.visible <= now] if busy else []
        counts = {name: round(scale * draw.uniform(0, top)) for name, top in _DAILY.items()}
        return {
            "day": day.isoformat(),
            "date": (day - date(1970, 1, 1)).days * DAY_MS,
            "isActive": busy,
            **counts,
            "subscriptionIncludedReqs": sum(kind in INCLUDED for kind in kinds),
            "apiKeyReqs": kinds.count("User API Key"),
            "usageBasedReqs": sum(kind in _KINDS[0][0] for kind in kinds),
            "bugbotUsages": round(scale * draw.uniform(0, 2)),
            "mostUsedModel": draw.choice(_MODELS)[0] if busy else None,
            "applyMostUsedExtension": draw.choice((".ts", ".py", ".go")) if busy else None,
            "tabMostUsedExtension": draw.choice((".ts", ".py", None)) if busy else None,
            "clientVersion": "2.4.7" if busy else None,
        }


_TOKENS = {"inputTokens": 4000, "outputTokens": 1500, "cacheWriteTokens": 8000, "cacheReadTokens": 30000}
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
