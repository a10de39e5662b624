"""The daily billing APIs: the bill, and AI credits or premium requests by model."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.kit import Json
from sandbox.times import DAY
from sandbox.vendors.github.bill import Bill, BillRow
from sandbox.vendors.github.credits import FIRST_CREDITS, Credit, Credits
from sandbox.vendors.github.estate import Account, Center
from sandbox.vendors.github.knobs import Knobs
from sandbox.vendors.github.refusals import bad_request, not_found
from sandbox.vendors.github.spelling import Spelling

_MONTHS_KEPT = 24


def oldest(today: date) -> date:
    """The first day that is served: "the past 24 months"."""
    year, month = today.year - _MONTHS_KEPT // 12, today.month
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


@dataclass
class ModelRow:
    """Credits of one SKU, model and price."""

    sku: str
    model: str
    price: Decimal
    quantity: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)


def by_model(credits: Iterable[Credit]) -> list[ModelRow]:
    found: dict[tuple[str, str, Decimal], ModelRow] = {}
    for credit in credits:
        key = (credit.sku, credit.model, credit.price)
        row = found.setdefault(key, ModelRow(*key))
        row.quantity += credit.quantity
        row.gross += credit.gross
        row.discount += credit.discount
    return list(found.values())


class Billing:
    def __init__(self, account: Account, bill: Bill, credits: Credits, knobs: Knobs) -> None:
        self._account, self._bill, self._credits, self._knobs = account, bill, credits, knobs
        self._spelling = Spelling(knobs)

    def usage(self, query: QueryParams, now: datetime) -> Json:
        """Of an enterprise without `cost_center_id` only what belongs to no cost center."""
        center = self._center(query)
        rows = [
            row
            for day in _days(query, now.date())
            for row in self._bill.served(day, now)
            if not self._account.enterprise or row.center == center
        ]
        ordered = self._spelling.ordered(rows, "bill", query)
        return {"usageItems": [self._bill_row(row) for row in ordered]}

    def ai_credits(self, query: QueryParams, now: datetime) -> Json:
        return self._credit_answer(query, now, premium=False)

    def premium_requests(self, query: QueryParams, now: datetime) -> Json:
        return self._credit_answer(query, now, premium=True)

    def _credit_answer(self, query: QueryParams, now: datetime, *, premium: bool) -> Json:
        """Rows carry neither day nor cost center nor person. Before June 2026 there are only premium requests."""
        center, login = self._center(query), query.get("user")
        days = _days(query, now.date())
        if days[0] < oldest(now.date()):
            raise bad_request("The requested period is out of range.")
        lines = [
            credit
            for day in days
            if (day < FIRST_CREDITS) == premium
            for credit in self._credits.served(day, now)
            if self._is_asked_for(credit, center, login)
        ]
        day = days[0]
        rows = [self._model_row(row, day, login is not None) for row in by_model(lines)]
        shown = day + DAY if self._knobs.wrong_day else day
        period = {name: getattr(shown, name) for name in ("year", "month", "day") if name in query}
        user = {} if login is None else {"user": login}
        return {
            "timePeriod": {"year": shown.year, **period},
            self._account.kind: self._account.name,
            **user,
            "usageItems": self._spelling.ordered(rows, "credits", query),
        }

    def _is_asked_for(self, credit: Credit, center: Center | None, login: str | None) -> bool:
        """A person's question is taken to be for all cost centers; the reference says nothing of either."""
        if login is not None and (credit.login or "") != login.lower():
            return False
        if not self._account.enterprise or (center is None and (login is not None or self._knobs.inclusive)):
            return True
        return credit.center == center

    def _center(self, query: QueryParams) -> Center | None:
        id = query.get("cost_center_id") if self._account.enterprise else None
        if id is None:
            return None
        for center in self._account.centers:
            if center.id == id:
                return center
        raise not_found()

    def _bill_row(self, row: BillRow) -> Json:
        spelled, figure = self._spelling, self._spelling.figure
        shown: Json = {
            "date": spelled.date(row.day),
            "product": spelled.product(row.product, row.day),
            "sku": spelled.sku(row.sku, row.day),
            "quantity": figure(row.quantity),
            "unitType": spelled.unit(row.unit, row.day),
            "pricePerUnit": figure(row.price),
            "grossAmount": figure(row.gross),
            "discountAmount": figure(row.discount),
            "netAmount": figure(row.net),
            "organizationName": row.organization,
        }
        return shown if row.repository is None else {**shown, "repositoryName": row.repository}

    def _model_row(self, row: ModelRow, day: date, of_user: bool) -> Json:
        spelled, figure = self._spelling, self._spelling.figure
        product, sku = spelled.product("copilot", day), spelled.sku(row.sku, day)
        if of_user:
            product, sku = spelled.product_and_sku_of_user(row.sku, day)
        unit = "requests" if day < FIRST_CREDITS else "credits" if of_user else "ai-credits"
        net = row.gross - row.discount
        return {
            "product": product,
            "sku": sku,
            "model": row.model,
            "unitType": unit,
            "pricePerUnit": figure(row.price),
            "grossQuantity": self._quantity(row.quantity),
            "grossAmount": figure(row.gross),
            "discountQuantity": self._quantity(row.discount / row.price),
            "discountAmount": figure(row.discount),
            "netQuantity": self._quantity(net / row.price),
            "netAmount": figure(net),
        }

    def _quantity(self, value: Decimal) -> Any:
        whole = self._knobs.integer_quantities
        return int(value.to_integral_value(ROUND_DOWN)) if whole else self._spelling.figure(value)


def _days(query: QueryParams, today: date) -> list[date]:
    """The year, the month or the day that is asked for: the current year, or its month, when the query is short."""
    year = _number(query, "year", today.year)
    if "month" not in query and "day" not in query:
        first, last = date(year, 1, 1), date(year, 12, 31)
    else:
        month = _number(query, "month", today.month)
        if not 1 <= month <= 12:
            raise bad_request()
        length = calendar.monthrange(year, month)[1]
        day = _number(query, "day", 0)
        if "day" in query and not 1 <= day <= length:
            raise bad_request()
        first, last = (date(year, month, day),) * 2 if day else (date(year, month, 1), date(year, month, length))
    return [first + n * DAY for n in range((last - first).days + 1)]


def _number(query: QueryParams, name: str, default: int) -> int:
    try:
        value = int(query.get(name, default))
    except ValueError:
        raise bad_request() from None
    if name == "year" and not 2000 <= value <= 9998:
        raise bad_request()
    return value
