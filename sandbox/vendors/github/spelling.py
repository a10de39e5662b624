"""How the same values are spelled: both ways are alive, as recorded answers and the reference's examples have them."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import TypeVar

from sandbox.times import day_stamp
from sandbox.vendors.github.knobs import Knobs

T = TypeVar("T")

_PRODUCTS = {"copilot": ("Copilot", "copilot"), "actions": ("Actions", "actions"), "ghec": ("ghec", "GHEC")}
_OLDER_SKUS = {
    "copilot_ai_credit": "Copilot AI Credits",
    "coding_agent_ai_credit": "Coding Agent AI Credits",
    "copilot_premium_request": "Copilot Premium Request",
    "coding_agent_premium_request": "Coding Agent Premium Request",
    "actions_linux": "Actions Linux",
    "actions_storage": "Actions Storage",
    "copilot_for_business": "Copilot for Business",
    "copilot_enterprise": "Copilot Enterprise",
    "ghec_licenses": "GHEC Licenses",
}
_OLDER_UNITS = {
    "ai-credits": "AI-Credits",
    "requests": "Requests",
    "minutes": "Minutes",
    "gigabyte-hours": "GigabyteHours",
    "user-months": "User Months",
}


class Spelling:
    """What the knobs say of it."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs

    def older(self, day: date) -> bool:
        before = self._knobs.respelled_on is not None and day < self._knobs.respelled_on
        return (self._knobs.spelling == "older") != before

    def product(self, product: str, day: date) -> str:
        return _PRODUCTS[product][self.older(day)]

    def sku(self, sku: str, day: date) -> str:
        return _OLDER_SKUS[sku] if self.older(day) else sku

    def product_and_sku_of_user(self, sku: str, day: date) -> tuple[str, str]:
        """As the reference's example of one user has it: the product is named after the SKU, and that is short."""
        if self.older(day) and sku == "copilot_ai_credit":
            return "Copilot AI Credits", "AI Credit"
        return self.product("copilot", day), self.sku(sku, day)

    def unit(self, unit: str, day: date) -> str:
        return _OLDER_UNITS[unit] if self.older(day) else unit

    def date(self, day: date) -> str:
        return day_stamp(day) if self.older(day) else day.isoformat()

    def figure(self, value: Decimal) -> float | str:
        return plain(value) if self._knobs.numbers == "string" else float(value)

    def ordered(self, rows: Sequence[T], *place: object) -> list[T]:
        """The rows in the order of the run."""
        found = list(rows)
        if self._knobs.order is not None:
            Random(f"{self._knobs.order}:{place}").shuffle(found)
        return found


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


# independent on purpose: ids are folded by the source with code of its own
def folded(model: str) -> str:
    return re.sub(r"[ -]", "_", model.lower())
