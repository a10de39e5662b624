"""Pages by number that shift while they are read, and a list of them that never ends."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sandbox.vendors.cursor.knobs import Knobs
from sandbox.vendors.cursor.refusals import refuse

T = TypeVar("T")
_LISTS = {"usageEvents", "data", "teamMemberSpend", "items"}
_KEYS = {"conversationId", "userId", "commitHash", "changeId"}


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
