"""The bill: credits summed up, seats, licences, and what Actions used."""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from random import Random

from sandbox.times import midnight
from sandbox.vendors.github.credits import Credit, Credits, share_of
from sandbox.vendors.github.estate import Account, Center, Organization
from sandbox.vendors.github.knobs import Knobs
from sandbox.world import World

_NINE_PLACES = Decimal("1e-9")
# USD for a month of a licence, and for the units of Actions
_LICENSE, _MINUTE, _GIGABYTE_HOUR = Decimal(21), Decimal("0.006"), Decimal("0.00033602")


@dataclass(frozen=True)
class BillRow:
    """A row with its figures; `sku` and `product` are spelled as ids spell them."""

    day: date
    center: Center | None
    organization: str
    product: str
    sku: str
    unit: str
    price: Decimal
    quantity: Decimal
    gross: Decimal
    discount: Decimal = Decimal(0)
    repository: str | None = None

    @property
    def net(self) -> Decimal:
        return self.gross - self.discount


class Bill:
    def __init__(self, world: World, account: Account, credits: Credits, knobs: Knobs) -> None:
        self._world, self._account, self._credits, self._knobs = world, account, credits, knobs

    def served(self, day: date, now: datetime) -> list[BillRow]:
        """The rows of all cost centers and of none, as they are known by now."""
        if not self._world.has_data(day) or day > now.date():
            return []
        share = share_of(now - midnight(day), self._knobs.settle)
        login, members = self._account.organizations[0].login, len(self._account.members)
        licenses = _prorated(day, None, login, "ghec", "ghec_licenses", _LICENSE, members)
        return [*_copilot(self._credits.served(day, now)), *self._seats(day), licenses, *self._actions(day, share)]

    def _seats(self, day: date) -> Iterator[BillRow]:
        counts: dict[tuple[Organization, Center | None], int] = {}
        for member in self._account.seated(day):
            who = member.organization, self._account.center_of(member, day)
            counts[who] = counts.get(who, 0) + 1
        for (organization, center), count in counts.items():
            price = Decimal(organization.price)
            yield _prorated(day, center, organization.login, "copilot", organization.plan, price, count)

    def _actions(self, day: date, share: Decimal) -> Iterator[BillRow]:
        draw = self._world.random("github", "actions", self._account.kind, day)
        for organization in self._account.organizations:
            for name in ("web-app", "api"):
                yield from self._repository(day, organization, name, share, draw)

    def _repository(
        self, day: date, organization: Organization, name: str, share: Decimal, draw: Random
    ) -> Iterator[BillRow]:
        """Minutes of the first repository are included; its storage comes as two rows that differ in figures alone."""
        center = self._account.center_of_repository(name)

        def row(sku: str, unit: str, price: Decimal, quantity: Decimal, *, included: bool = False) -> BillRow:
            known = (quantity * share).quantize(_NINE_PLACES)
            gross = (known * price).quantize(_NINE_PLACES)
            amounts = (price, known, gross, gross if included else Decimal(0))
            login, repository = organization.login, organization.repository(name)
            return BillRow(day, center, login, "actions", sku, unit, *amounts, repository)

        minutes = Decimal(round(draw.uniform(100, 900) * self._world.rhythm(day)))
        yield row("actions_linux", "minutes", _MINUTE, minutes, included=name == "web-app")
        if name == "web-app":
            for included in (True, False):
                stored = Decimal(round(draw.uniform(0.2, 3) * 10**9)) / 10**9
                yield row("actions_storage", "gigabyte-hours", _GIGABYTE_HOUR, stored, included=included)


def _copilot(credits: Iterable[Credit]) -> Iterator[BillRow]:
    """By cost center, organization, SKU and price; who used it for what is reported elsewhere."""
    sums: dict[tuple[Center | None, str, str, Decimal], BillRow] = {}
    for credit in credits:
        key = (credit.center, credit.organization, credit.sku, credit.price)
        of = (credit.day, credit.center, credit.organization, "copilot", credit.sku)
        unit = "requests" if credit.premium else "ai-credits"
        row = sums.get(key) or BillRow(*of, unit, credit.price, Decimal(0), Decimal(0))
        sums[key] = replace(
            row,
            quantity=row.quantity + credit.quantity,
            gross=row.gross + credit.gross,
            discount=row.discount + credit.discount,
        )
    yield from sums.values()


def _prorated(
    day: date, center: Center | None, organization: str, product: str, sku: str, price: Decimal, count: int
) -> BillRow:
    """A day's part of what so many seats or licences cost in a month."""
    quantity = (Decimal(count) / calendar.monthrange(day.year, day.month)[1]).quantize(_NINE_PLACES)
    return BillRow(day, center, organization, product, sku, "user-months", price, quantity, quantity * price)
