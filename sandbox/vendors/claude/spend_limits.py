"""Spend limits, and how far each seat has come in the running period."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.kit import Json
from sandbox.times import DAY, days_between
from sandbox.vendors.claude.credentials import Key
from sandbox.vendors.claude.organizations import PLATFORM
from sandbox.vendors.claude.query import Query
from sandbox.vendors.claude.refusals import invalid
from sandbox.vendors.claude.reports import Reports

BETA = "spend-limit-reads-2026-09-26"
_SCOPES: dict[str, list[Json]] = {
    "enterprise": [
        {"type": "organization"},
        {"type": "seat_tier", "seat_tier": "premium"},
        {"type": "rbac_group", "rbac_group_id": "rbac_group_01everyone"},
        {"type": "organization_service", "service": "claude_code"},
    ],
    "console": [{"type": "workspace", "workspace_id": PLATFORM}, {"type": "usage_tier"}],
}
_PERIODS = ("monthly", "daily", "weekly")
_CAP = "250000"


class SpendLimits:
    """Answers of `spend_limits` and `spend_limits/effective`."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def limits(self, organization: str) -> list[Json]:
        """One of them has no cap, one is switched off."""
        return [
            {
                "type": "spend_limit",
                "id": f"spl_01Sandbox{organization.title()}{number}",
                "amount": None if number == 1 else str(50_000 * (number + 1)),
                "currency": "USD",
                "period": _PERIODS[number % 3],
                "scope": scope,
                "is_enabled": number != 3,
                "created_at": "2026-09-27T10:00:00Z",
                "updated_at": "2026-09-28T10:00:00Z",
            }
            for number, scope in enumerate(_SCOPES[organization])
        ]

    def effective(self, now: datetime) -> list[list[Json]]:
        """By member, a row for each period; one is an API key, and of one the reading is unavailable."""
        seats = [member for member in self._reports.members if member.person and member.active_on(now.date())]
        rows = [
            [self._of(_actor(member.actor(now.date())), member.user_id, period, now) for period in _PERIODS[:2]]
            for member in seats
        ]
        key = {"type": "scoped_api_key_actor", "scoped_api_key_id": "sak_01SandboxBatch"}
        return [*rows, [self._of(key, None, "weekly", now)]]

    def answer_limits(self, query: Query, key: Key) -> Json:
        query.resume()
        page, next_page = query.cut(self.limits(key.organization), query.whole("limit", 20, 1000))
        return {"data": page, "next_page": next_page}

    def answer_effective(self, query: Query, key: Key) -> Json:
        """A member is never split over pages, so that one may have more rows than were asked for."""
        if key.organization == "console":
            raise invalid("organization_type_not_supported")
        query.resume()
        page, next_page = query.cut(self.effective(query.now), max(1, query.whole("limit", 20, 1000) // 2))
        return {"data": [row for rows in page for row in rows], "next_page": next_page or ""}

    def _of(self, actor: Any, user_id: str | None, period: str, now: datetime) -> Json:
        spent = self._spent(user_id, {"monthly": now.date().replace(day=1)}.get(period, now.date()), now)
        return {
            "actor": actor,
            "amount": _CAP if period == "monthly" else None,
            "currency": "USD",
            "period": period,
            "period_to_date_spend": f"{Decimal(spent).scaleb(-6):.3f}" if spent else "0",
            "scope": {"type": "organization"},
            "source": "organization",
            "spend_limit_id": "spl_01SandboxEnterprise0" if period == "monthly" else None,
        }

    def _spent(self, user_id: str | None, since: date, now: datetime) -> int:
        days = days_between(since, now.date() + DAY)
        events = (event for day in days for event in self._reports.events(day, now))
        return sum(event.amount for event in events if event.member and event.member.user_id == user_id)


def _actor(person: Any) -> Json:
    return {"name": None, **{name: value for name, value in person.items() if name != "email"}} | {
        "email_address": person["email"]
    }
