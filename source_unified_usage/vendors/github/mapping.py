"""What GitHub's streams share: spellings, money, and who and where a row belongs to."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from source_unified_usage.core.provider import provider_of
from source_unified_usage.core.usage import Charge, Row, canonical_json, charges, compact, decimal, number, text

# Spellings that are alive at the same time (examples of "Billing usage", jleavers/issuebot); in ids each value has one.
# The general rule of `fold` comes first.
_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "product": {
        "ai_credit": "copilot",
        "copilot_ai_credit": "copilot",
        "copilot_premium_request": "copilot",
        "premium_request": "copilot",
    },
    "sku": {"ai_credit": "copilot_ai_credit", "premium_request": "copilot_premium_request"},
    "model": {},
}
_APART = Decimal("1e-6")  # USD by which a net may miss gross less discount, as the answers' floats are rounded

Field = Literal["product", "sku", "model"]


def fold(field: Field, value: Any) -> str | None:
    """One spelling for a value of GitHub's vocabulary, for ids and rules, never to be shown."""
    spelled = text(value)
    if spelled is None:
        return None
    folded = re.sub(r"[\s_-]+", "_", spelled.strip().lower())
    folded = re.sub(r"^credits?$", "ai_credit", folded)
    folded = re.sub(r"(^|_)(ai_credit|premium_request)s$", r"\1\2", folded)
    return _SPELLINGS[field].get(folded, folded)


def kind_of(row: Row) -> tuple[str | None, ...]:
    """Product, SKU and model, as ids have them."""
    return fold("product", row.get("product")), fold("sku", row.get("sku")), fold("model", row.get("model"))


def product_of(row: Row) -> Mapping[str, str]:
    """Raises ValueError when the row names no product."""
    id = fold("product", row.get("product"))
    if id is None:
        raise ValueError("no product")
    return compact(id=id, name=text(row.get("product")))


def model_of(value: Any) -> Mapping[str, str]:
    """The name as GitHub shows it; "Auto: X" was chosen by GitHub. Agents count as models of its own."""
    name = text(value)
    if name is None:
        return {}
    return {"id": name, "provider": provider_of(re.sub(r"^auto:\s*", "", name, flags=re.IGNORECASE), "github")}


def person(login: str | None) -> Mapping[str, str]:
    """Who is known by the login alone, in which GitHub does not tell upper from lower case."""
    return {"id": login.lower(), "name": login} if login else {}


# --- money and quantities


class Figures:
    """The names of a row's figures in one API: camel case in JSON, snake case in files."""

    def __init__(self, *, price: str, gross: str, discount: str, net: str, quantity: str) -> None:
        self._price, self._gross, self._discount, self._net, self._quantity = price, gross, discount, net, quantity

    def price(self, row: Row) -> Decimal | None:
        return decimal(row.get(self._price))

    def gross(self, row: Row) -> Decimal:
        return decimal(row.get(self._gross)) or Decimal(0)

    def charges(self, row: Row) -> list[Charge]:
        """Net and total as GitHub names them, a missing one by the discount; then the class of the SKU."""
        net, total, discount = (decimal(row.get(name)) for name in (self._net, self._gross, self._discount))
        if net is None and total is not None:
            net = total - (discount or 0)
        if net is None:
            return []
        total = net + (discount or 0) if total is None else total
        net, total = round(net, 10), round(total, 10)
        sku = fold("sku", row.get("sku")) or ""
        included = total - net if is_included(sku) and total > net else None
        kind = "committed" if _is_license(sku) else "usage_based"
        return charges("USD", net=net, total=total, **{kind: net}, included=included)

    def credits(self, row: Row) -> Mapping[str, Any]:
        """Credits by their price, for answers with truncated quantities exist (tokenbill); else GitHub's own."""
        price, gross = self.price(row), decimal(row.get(self._gross))
        count = gross / price if price and price > 0 and gross is not None else decimal(row.get(self._quantity))
        if count is None:
            return {}
        exact = number(round(count, 10))
        if "premium_request" in (fold("sku", row.get("sku")) or ""):
            return {"quantity": exact, "unit": "request", "requests": {"total": exact}}
        return {"quantity": exact, "unit": "credit"}

    def contradicts(self, row: Row) -> bool:
        """Whether the net is another than gross less discount."""
        net, total, discount = (decimal(row.get(name)) for name in (self._net, self._gross, self._discount))
        if net is None or total is None or discount is None:
            return False
        return abs(total - discount - net) > _APART


def is_included(sku: str) -> bool:
    """Whether what is discounted of it is the seats' pool of credits."""
    return "ai_credit" in sku or "premium_request" in sku


def _is_license(sku: str) -> bool:
    """Seats and licences, which are billed whether they are used or not."""
    return sku.endswith(("_for_business", "_enterprise")) or "licenses" in sku


# --- ordinals of rows that agree in every part of their key

_METRICS = re.compile(
    r"(quantity|amount)$|^(pricePerUnit|applied_cost_per_quantity|unitType|unit_type|exceeds_quota|total_monthly_quota)$"
    r"|^(total_)?(input|output|cache_read|cache_write|cache_creation)(_tokens)?$",
    re.IGNORECASE,
)


def order(figures: Figures, row: Row) -> tuple[Any, ...]:
    """The dearest first, then by what is no figure; at the end the whole row, so that no answer's order matters."""
    price = figures.price(row)
    names = {name: value for name, value in row.items() if not _METRICS.search(name)}
    return -(price or Decimal(0)), canonical_json(names), figures.gross(row), canonical_json(row)


# --- where a row belongs to


def resources(
    *, repository: str | None = None, center: Mapping[str, Any], organization: str | None = None
) -> list[Mapping[str, Any]]:
    """The repository, or else the cost center, and of an enterprise the organization; the center is the workspace."""
    found: list[Mapping[str, Any]] = []
    if repository:
        found.append(compact(id=repository, name=repository, workspace=center))
    elif center:
        found.append(center)
    if organization:
        found.append(compact(id=organization, name=organization, workspace=center))
    return found
