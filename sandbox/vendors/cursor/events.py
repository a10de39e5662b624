"""The model calls of every day, pure per day, made from the seed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from sandbox.times import epoch
from sandbox.world import Person, World

HOME_TEAM, OTHER_TEAM = 101, 202
DAY_MS = 86_400_000
MODELS = (
    ("claude-4.5-sonnet", 30, True),
    ("gpt-5.2", 20, True),
    ("default", 25, False),
    ("composer-1", 15, False),
    ("gemini-3-pro", 6, True),
    ("grok-4", 2, True),
    ("some-future-model", 2, True),
)
# The spellings of a class, its weight, and whether it is chargeable
KINDS = (
    (("Usage-based", "On-Demand", "Custom Subscription", "Unspecified"), 62, True),
    (("Included in Business", "Included in Pro Plus", "Included in Ultra", "Free Credit"), 28, False),
    (("Errored, Not Charged", "Errored, No Charge"), 4, False),
    (("Aborted, Not Charged",), 3, False),
    (("User API Key",), 3, False),
)
INCLUDED = KINDS[1][0]
NEVER_CHARGED = (*KINDS[2][0], *KINDS[3][0])
# How Cursor writes that there is nothing, as clients report
_TOKENS = {"inputTokens": 4000, "outputTokens": 1500, "cacheWriteTokens": 8000, "cacheReadTokens": 30000}
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


def team_of(person: Person) -> int:
    return OTHER_TEAM if person.number % 4 == 1 else HOME_TEAM


class Events:
    """The events `of` a day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.of = world.by_day(self._make)

    def _make(self, day: date) -> Iterator[Event]:
        start = epoch(day) * 1000
        rhythm = self._world.rhythm(day)
        for person in self._world.people:
            if not person.active_on(day) or not person.intensity:
                continue
            draw = self._world.random("cursor", "events", day, person.number)
            for _ in range(round(min(person.intensity, 3) * rhythm * draw.uniform(2, 7))):
                at = start + round(min(max(draw.gauss(13, 3.5), 0), 23.9) * 3_600_000)
                yield self._event(draw, at, person)
        draw = self._world.random("cursor", "oddities", day)
        people = [p for p in self._world.people if team_of(p) == HOME_TEAM and p.active_on(day) and p.intensity]
        for at in (start, start + DAY_MS - 1):  # both midnights
            yield self._event(draw, at, draw.choice(people))
        at = start + draw.randrange(8 * 3_600_000, 18 * 3_600_000)
        twin = self._event(draw, at, people[0])
        yield twin
        yield twin  # equal to the last byte
        third, model = self._event(draw, at, people[-1]), {"model": twin.row["model"]}
        yield replace(third, row={**third.row, **model}, restated={**third.restated, **model})
        yield self._service_account(draw, start + 2 * 3_600_000 + draw.randrange(60_000))

    def _event(self, draw: Random, at: int, person: Person) -> Event:
        model, _, third_party = draw.choices(MODELS, [weight for _, weight, _ in MODELS])[0]
        kinds, _, chargeable = draw.choices(KINDS, [weight for _, weight, _ in KINDS])[0]
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
        """Token usage with its cost in cents; zero members are left out, as clients report of live answers."""
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
            team_of(person),
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
