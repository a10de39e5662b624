"""The feed of usage events, of a team or an organization."""

import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.paging import cut, page_of
from sandbox.vendors.cursor.query import Asked, instants, of_organization, teams_of


class Feed:
    """Newest first, in pages by number; events of one millisecond have no order."""

    def __init__(self, customer: Customer, knobs: Knobs) -> None:
        self._customer, self._clock, self._knobs = customer, customer.clock, knobs
        self._turns = 0

    def events(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        first, last = instants(asked)
        organization = of_organization(request)
        page, size = page_of(asked, self._knobs, default=10 if organization else 100, most=1000)
        if page > 1 and self._knobs.drift:
            self._knobs.drift -= 1
            self._customer.add_late_event(last)
        rows = self._customer.events(first, last, teams)
        if not organization:
            rows = [{name: value for name, value in row.items() if name != "teamId"} for row in rows]
        if self._knobs.era_2025:
            rows = [_as_of_2025(row) for row in rows]
        self._turns += 1
        if self._knobs.restless and self._turns % 2:
            rows.reverse()
            rows.sort(key=lambda row: -int(row["timestamp"]))
        pages = math.ceil(len(rows) / size)
        answer = {
            "totalUsageEventsCount": str(len(rows)) if self._knobs.listless else len(rows),
            "pagination": {
                "numPages": pages,
                "currentPage": page,
                "pageSize": size,
                "hasNextPage": page < pages,
                "hasPreviousPage": page > 1,
            },
            "usageEvents": cut(rows, page, size, self._knobs),
            "period": {"startDate": first, "endDate": last},
        }
        if self._knobs.listless and not rows:
            del answer["usageEvents"]
        return answer


def _as_of_2025(row: Mapping[str, Any]) -> dict[str, Any]:
    gone = ("kind", "chargedCents", "isChargeable", "isHeadless", "conversationId")
    return {**{name: value for name, value in row.items() if name not in gone}, "kindLabel": row["kind"]}
