"""AI credits, and premium requests before them: who used what, line by line, and what the month's pool covers."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random

from sandbox.times import DAY, HOUR, days_between, midnight
from sandbox.vendors.github.estate import Account, Center, Member
from sandbox.vendors.github.knobs import Knobs
from sandbox.world import World

# Copilot is billed in AI credits from this day on
FIRST_CREDITS = date(2026, 6, 1)
_LARGER_POOL = (date(2026, 6, 1), date(2026, 8, 31))
_MODELS = ("Claude Sonnet 5", "GPT-5", "Gemini 3 Pro", "Auto: Claude Haiku 4.5", "Grok Code Fast 1")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Credit:
    """Usage of one person (None: of nobody) with one model. `late`: it is seen a day and a half after its midnight."""

    day: date
    organization: str
    center: Center | None
    login: str | None
    sku: str
    model: str
    price: Decimal
    quantity: Decimal
    repository: str | None = None
    tokens: tuple[int, int, int, int] | None = None
    discount: Decimal = _ZERO
    late: bool = False

    @property
    def gross(self) -> Decimal:
        return self.quantity * self.price

    @property
    def premium(self) -> bool:
        return self.day < FIRST_CREDITS


class Credits:
    """Lines of one account. Final figures are pure per day; a month as it is known at an hour is kept."""

    def __init__(self, world: World, account: Account, knobs: Knobs) -> None:
        self._world, self._account, self._knobs = world, account, knobs
        self.of = world.by_day(self._made)  # with their final figures
        self._months: dict[tuple[date, datetime, timedelta], dict[date, list[Credit]]] = {}

    def served(self, day: date, now: datetime) -> list[Credit]:
        """The day's lines as they are known by now, with what the month's pool covers of them."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        key = (day.replace(day=1), hour, self._knobs.settle)
        if key not in self._months:
            self._months[key] = self._pooled(day.replace(day=1), hour)
        return self._months[key].get(day, [])

    def _pooled(self, first: date, now: datetime) -> dict[date, list[Credit]]:
        """The pool is spent in the order of use. It grows with the days of the month until that is over.

        That is how a day's discount moves until then; GitHub documents no more than the pool.
        """
        length = calendar.monthrange(first.year, first.month)[1]
        elapsed = min(length, (now.date() - first).days + 1)
        left = self._pool(first) * elapsed / length
        found: dict[date, list[Credit]] = {}
        for day in days_between(first, min(first + length * DAY, now.date() + DAY)):
            found[day] = []
            for credit in self.of(day):
                if (known := self._known(credit, now)) is not None:
                    covered = min(left, known.gross)
                    left -= covered
                    found[day].append(replace(known, discount=covered))
        return found

    def _pool(self, first: date) -> Decimal:
        """USD, a multiple of what divides by the days of every month."""
        larger = _LARGER_POOL[0] <= first <= _LARGER_POOL[1]
        whole = Decimal(0)
        for member in self._account.seated(first):
            business = member.organization.plan == "copilot_for_business"
            whole += Decimal((30 if larger else 19) if business else (70 if larger else 39))
        length = calendar.monthrange(first.year, first.month)[1]
        return (whole / length).quantize(Decimal("0.01")) * length

    def _known(self, credit: Credit, now: datetime) -> Credit | None:
        age = now - midnight(credit.day)
        if credit.late and age < 36 * HOUR:
            return None
        share = share_of(age, self._knobs.settle)
        if share == 1:
            return credit
        places = Decimal(1) if credit.premium else Decimal("0.00001")
        return replace(credit, quantity=(credit.quantity * share).quantize(places, ROUND_DOWN))

    def _made(self, day: date) -> Iterator[Credit]:
        draw = self._world.random("github", "credits", self._account.kind, day)
        for member in self._account.seated(day):
            busy = member.person.intensity * self._world.rhythm(day)
            models = draw.sample(_MODELS, 2)
            if busy:
                yield from self._used(day, member, models, busy, draw)
        yield from self._of_nobody(day, draw)

    def _used(self, day: date, member: Member, models: list[str], busy: float, draw: Random) -> Iterator[Credit]:
        organization, center = member.organization, self._account.center_of(member, day)
        for model in models:
            quantity = self._quantity(day, busy * draw.uniform(20, 120))
            prompt = draw.randint(1000, 90_000)
            tokens = (prompt, draw.randint(100, 9000), prompt * draw.randint(0, 9), draw.choice([0, 6000]))
            yield self._line(day, organization.login, center, member.login, "copilot", model, quantity, tokens=tokens)
        if member.person.number % 4 == 1:
            quantity = self._quantity(day, busy * draw.uniform(5, 40))
            repository = organization.repository(draw.choice(["web-app", "api"]))
            who = (organization.login, center, member.login)
            yield self._line(day, *who, "coding_agent", "Coding Agent", quantity, repository)

    def _of_nobody(self, day: date, draw: Random) -> Iterator[Credit]:
        """Code review, metered to the organization: two lines that differ in nothing but figures, one of them late."""
        for organization in self._account.organizations:
            repository = organization.repository("api")
            for late in (False, True):
                quantity = self._quantity(day, draw.uniform(20, 80) * self._world.rhythm(day))
                line = self._line(
                    day, organization.login, None, None, "copilot", "Code Review", quantity, repository, (0, 0, 0, 0)
                )
                yield replace(line, late=late)
                if day.toordinal() % 3 == 0 and not late:
                    # one SKU and model at two prices, which an answer tells by rows of one key
                    yield replace(line, price=line.price * Decimal("0.8"))

    def _quantity(self, day: date, credits: float) -> Decimal:
        """Requests are whole."""
        if day < FIRST_CREDITS:
            return Decimal(1 + int(credits / 20))
        return Decimal(round(credits * 1000)) / 1000 + Decimal("0.00004")

    def _line(
        self,
        day: date,
        organization: str,
        center: Center | None,
        login: str | None,
        family: str,
        model: str,
        quantity: Decimal,
        repository: str | None = None,
        tokens: tuple[int, int, int, int] | None = None,
    ) -> Credit:
        kind, price = ("premium_request", "0.04") if day < FIRST_CREDITS else ("ai_credit", "0.01")
        sku = f"{family}_{kind}"
        return Credit(day, organization, center, login, sku, model, Decimal(price), quantity, repository, tokens)


def share_of(age: timedelta, settle: timedelta) -> Decimal:
    """How much of a day is known when its midnight is `age` ago."""
    if age < DAY:
        return Decimal(max(0, age // HOUR)) / 24 * Decimal("0.8")
    if age >= settle:
        return Decimal(1)
    return Decimal("0.8") if age < 2 * DAY else Decimal("0.95")
