"""The feed of usage events, of a team or an organization."""

import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from sandbox.vendors.cursor.books import HOME_TEAM, Books, Event
from sandbox.vendors.cursor.keys import refuse
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.paging import cut, page_of
from sandbox.vendors.cursor.query import Asked, instants, of_organization, teams_of

_HOSTING = {"CLOUD", "SELF_HOSTED", "SELF_HOSTED_POOL", "SELF_HOSTED_MACHINE"}


class Feed:
    """Newest first, in pages by number; events of one millisecond have no order."""

    def __init__(self, books: Books, knobs: Knobs) -> None:
        self._books, self._clock, self._knobs = books, books.clock, knobs
        self._turns = 0

    def events(self, request: Request, asked: Asked) -> dict[str, Any]:
        teams = teams_of(request, asked)
        first, last = instants(asked)
        if asked.get("hostingType") not in (None, *_HOSTING):
            raise refuse(400, "Invalid hostingType")
        organization = of_organization(request)
        page, size = page_of(asked, self._knobs, default=10 if organization else 100, most=1000)
        if page > 1 and self._knobs.drift:
            self._knobs.drift -= 1
            self._books.injected.append(self._late(last))
        rows = self._books.events(first, last, teams)
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

    def _late(self, last: int) -> Event:
        """An event that arrives just now, the newest of its window."""
        person = self._books.teams[HOME_TEAM][0]
        row = {
            "timestamp": str(last - 1000),
            "userEmail": person.email,
            "model": "default",
            "kind": "Usage-based",
            "requestsCosts": 1,
            "isTokenBasedCall": False,
            "isChargeable": True,
            "chargedCents": 4,
        }
        now = self._clock.now()
        return Event(last - 1000, HOME_TEAM, person, row, now, now, row)


def _as_of_2025(row: Mapping[str, Any]) -> dict[str, Any]:
    gone = ("kind", "chargedCents", "isChargeable", "isHeadless", "conversationId")
    return {**{name: value for name, value in row.items() if name not in gone}, "kindLabel": row["kind"]}
