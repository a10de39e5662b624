"""What a request asks for: its times, the teams that it covers, and its page of a list that may shift or never end."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from starlette.requests import Request

from sandbox.vendors.cursor.credentials import FOREIGN_ORGANIZATION_ID, ORGANIZATION_ID
from sandbox.vendors.cursor.events import HOME_TEAM, OTHER_TEAM
from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.refusals import no_organization, refuse

Asked = Mapping[str, Any]
T = TypeVar("T")
# the lists that may never end, and what tells their rows apart
_LISTS = {"usageEvents", "data", "teamMemberSpend", "items"}
_KEYS = {"conversationId", "userId", "commitHash", "changeId"}


def of_organization(request: Request) -> bool:
    return "/organizations/" in request.url.path


def teams_of(request: Request, asked: Asked) -> set[int]:
    """The teams that the request covers. Raises for a missing or foreign organization."""
    if not of_organization(request):
        return {HOME_TEAM}
    organization = asked.get("organizationId")
    if not organization:
        raise refuse(400, "organizationId is required")
    if organization == FOREIGN_ORGANIZATION_ID:
        raise refuse(403, "Not authorized")
    if organization != ORGANIZATION_ID:
        raise no_organization()
    return {HOME_TEAM, OTHER_TEAM} & set(asked.get("teamIds") or (HOME_TEAM, OTHER_TEAM))


def instants(asked: Asked) -> tuple[int, int]:
    first, last = asked.get("startDate"), asked.get("endDate")
    if not isinstance(first, int) or not isinstance(last, int) or last < first:
        raise refuse(400, "startDate and endDate must be epoch milliseconds")
    return first, last


def date_of(text: str) -> date:
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise refuse(400, "Invalid date")
    return date.fromisoformat(text[:10])


def page_of(asked: Mapping[str, Any], knobs: Knobs, default: int, most: int) -> tuple[int, int]:
    """The number and the size of the page that is served."""
    try:
        page, size = int(asked.get("page", 1)), int(asked.get("pageSize", default))
    except ValueError:
        raise refuse(400, "page and pageSize must be numbers") from None
    if page < 1 or not 1 <= size <= most:
        raise refuse(400, f"pageSize must be between 1 and {most}")
    return page, min(size, knobs.page_cap)


def cut(rows: Sequence[T], page: int, size: int, knobs: Knobs) -> list[T]:
    """A page's rows, as the list is now."""
    start, now = (page - 1) * size, [*rows]
    if knobs.shifts and 0 < start < len(now):
        knobs.shifts -= 1
        now[start - 1], now[start] = now[start], now[start - 1]
    return now[start : start + size]


def pagination(page: int, size: int, *, least: int = 0, **total: int) -> dict[str, Any]:
    """`total`: how many rows there are, under the list's own name for it; `least`: how many pages there are then."""
    (count,) = total.values()
    pages = max(least, math.ceil(count / size))
    more = {"hasNextPage": page < pages, "hasPreviousPage": page > 1}
    return {"page": page, "pageSize": size, **total, "totalPages": pages, **more}


def unending(first: dict[str, Any], number: int) -> dict[str, Any]:
    """Page `number` of a list that never ends, made of its first page: ever new rows, and totals that are ahead."""
    (name,) = _LISTS & first.keys()
    rows = first[name]
    ahead = dict.fromkeys(("numPages", "totalPages"), number + 1)
    totals = {**ahead, **dict.fromkeys(("totalUsageEventsCount", "totalCount"), (number + 1) * len(rows))}
    answer = {**first, **{name: total for name, total in totals.items() if name in first}}
    if "pagination" in first:
        here = {"currentPage": number, "page": number, "hasNextPage": True}
        answer["pagination"] = {**first["pagination"], **here, **ahead}
    if isinstance(rows, list):
        answer[name] = [{**row, **{key: f"{row[key]}-{number}" for key in _KEYS & row.keys()}} for row in rows]
    return answer
