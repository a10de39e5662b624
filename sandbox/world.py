"""The company that the sandbox plays: its people, teams, projects and their rhythm, all made from one seed."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import TypeVar

T = TypeVar("T")

_FIRST = [
    "Ada",
    "Bruno",
    "Chiara",
    "Deniz",
    "Emeka",
    "Farah",
    "Goran",
    "Hana",
    "Ines",
    "Jonas",
    "Kaveh",
    "Lena",
    "Mateo",
]
_LAST = ["Almeida", "Bianchi", "Dvorak", "Eriksen", "Fofana", "Haddad", "Kimura", "Moreau", "Okafor", "Rossi", "Takeda"]
_TEAMS = ("platform", "payments", "search", "mobile", "data", "growth")
EPOCH = date(2025, 1, 1)


@dataclass(frozen=True)
class Person:
    """`number` counts from 1; `intensity` is around 1.0; `joined` and `left` bound the days with activity."""

    number: int
    name: str
    email: str
    team: str
    intensity: float
    joined: date
    left: date | None = None

    def active_on(self, day: date) -> bool:
        return self.joined <= day and (self.left is None or day < self.left)


class World:
    """Everything the vendors' data is made from. `today` is the day on which the sandbox was started."""

    def __init__(self, seed: int, days: int, today: date, people: int = 24) -> None:
        self.seed, self.days, self.today, self._count = seed, days, today, people

    @property
    def first_day(self) -> date:
        """The oldest day with data."""
        return date.fromordinal(self.today.toordinal() - self.days)

    def random(self, *key: object) -> random.Random:
        """A random source of its own for every key, so that one day's bytes do not depend on another's."""
        return random.Random(":".join(map(str, (self.seed, *key))))

    @cached_property
    def people(self) -> list[Person]:
        """The staff; the last one left half-way through the range, and one in twelve has an idle seat."""
        draw = self.random("people")
        half = date.fromordinal(self.today.toordinal() - self.days // 2)
        people = []
        for number in range(1, self._count + 1):
            first, last = draw.choice(_FIRST), draw.choice(_LAST)
            intensity = 0.0 if number % 12 == 0 else round(draw.lognormvariate(0, 0.6), 3)
            people.append(
                Person(
                    number=number,
                    name=f"{first} {last}",
                    email=f"{first}.{last}{number}@acme.example".lower(),
                    team=_TEAMS[number % len(_TEAMS)],
                    intensity=intensity,
                    joined=EPOCH,
                    left=half if number == self._count else None,
                )
            )
        return people

    @property
    def teams(self) -> tuple[str, ...]:
        return _TEAMS

    def rhythm(self, day: date) -> float:
        """How busy a day is beside an average working day: weekends are quiet, usage grows 0.3 % a day."""
        weekday = (1.0, 1.1, 1.1, 1.05, 0.85, 0.12, 0.08)[day.weekday()]
        return weekday * 1.003 ** (day - self.first_day).days

    def has_data(self, day: date) -> bool:
        return self.first_day <= day

    def by_day(self, make: Callable[[date], Iterable[T]]) -> Callable[[date], list[T]]:
        """What `make` makes of a day, made once and kept; nothing of days without data."""
        return cache(lambda day: list(make(day)) if self.has_data(day) else [])
