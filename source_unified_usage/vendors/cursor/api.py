"""The Cursor API: Basic auth with the key as user, a limit per minute and endpoint, pages by number."""

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from math import ceil
from typing import Any

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.paging import PageInfo, walk
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.usage import decimal

# Requests a minute to one endpoint (overview of the APIs, Organization Admin API)
_PER_MINUTE = (
    (re.compile("^/organizations/"), 20),
    (re.compile("filtered-usage-events"), 60),
    (re.compile("^/analytics/team/"), 100),
    (re.compile("^/analytics/by-user/"), 50),
    (re.compile(""), 20),
)
_SECONDS = 61  # a minute, and one second because latency varies
_TOTAL = "totalUsageEventsCount"
_INVALID_KEY = "Invalid (Team |Organization )?API key"
_TEAM_KEY = "Put a team API key made by a team admin into {option}; personal and organization keys are refused."


class CursorApi(Api):
    """One key's view of https://api.cursor.com."""

    title = "Cursor"
    parallel = 4  # endpoints are counted apart (a report in Cursor's forum), more at once would only wait
    errors = (
        ErrorRule(
            (401,),
            KeyRefused,
            "{option} must be the organization's key because organization_id is set; a team key is refused.",
            message=f"^(?=.*organization).*{_INVALID_KEY}",
        ),
        ErrorRule(
            (401,),
            ConfigError,
            f"{_TEAM_KEY} A tenant with a key of its own for Analytics needs it in cursor.analytics_api_key.",
            message=_INVALID_KEY,
            path="/analytics/",
            # older tenants have a second key for it, as clients report: whether this one is bad, other streams show
            when=lambda asked: asked.api.credential.option == "cursor.api_key",
        ),
        ErrorRule((401,), KeyRefused, _TEAM_KEY, message=_INVALID_KEY),
        ErrorRule((401, 403), ConfigError, "Give {option} the scope that Cursor names, or admin:*.", message="scope"),
        ErrorRule(
            (403,),
            ConfigError,
            "Check cursor.organization_id: it must be the organization of the key.",
            message="authorized",
        ),
        ErrorRule(
            (401, 403),
            ConfigError,
            "The plan or rights of {option} do not include this API. It needs an Enterprise plan; set "
            "cursor.enterprise to false or deselect the stream.",
        ),
        ErrorRule((404,), ConfigError, "Check cursor.organization_id.", message="organization"),
    )

    def __init__(self, base_url: str, credential: Credential) -> None:
        super().__init__(base_url, credential)
        self._rate_limits: dict[str, RateLimit] = {}
        self._lock = threading.Lock()

    def rate_limit_for(self, path: str) -> RateLimit:
        # the overview of the APIs has one line for all by-user endpoints: taken as one limit
        shared = "/analytics/by-user/"
        bucket = shared if path.startswith(shared) else path
        with self._lock:
            if bucket not in self._rate_limits:
                limit = next(limit for pattern, limit in _PER_MINUTE if pattern.search(path))
                self._rate_limits[bucket] = RateLimit(limit, _SECONDS)
            return self._rate_limits[bucket]

    def pages(self, method: str, path: str, rows: str, query: Mapping[str, Any], size: int) -> Iterator[Answer]:
        """Page after page, with its rows under `rows`, while `hasNextPage`; an empty page in between is followed."""

        def ask(number: int) -> Answer:
            asked = {**query, "page": number, "pageSize": size}
            return self.post(path, asked) if method == "POST" else self.get(path, asked)

        return walk(ask, lambda answer, number, read: _page_of(answer, number, read, rows))


def _page_of(answer: Answer, number: int, read: int, name: str) -> PageInfo:
    pagination = answer.object("pagination")
    current = integer(pagination.get("currentPage", pagination.get("page")))
    if current is not None and current != number:
        raise answer.broken(f"asked for page {number}, got page {current}")
    rows, more = _found(answer, name), bool(pagination.get("hasNextPage"))
    last = integer(pagination.get("numPages", pagination.get("totalPages")))
    if more and last is not None and number >= last:
        raise answer.broken(f"hasNextPage on page {number} of {last}")
    if not pagination:  # recorded by a client: usage events of which only the total says where they end
        more = bool(rows) and read + len(rows) < (total_of(answer) or 0)
    return PageInfo(rows, more, last or pages_of(total_of(answer), rows))


def _found(answer: Answer, name: str) -> Collection[Any]:
    """What the answer lists. A time without events may lack the list, as recorded, when it says that there are none."""
    found: Collection[Any] | None = answer.body.get(name)
    if found is not None:
        return found
    if total_of(answer) == 0 and not {"error", "errors", "message"} & answer.body.keys():
        return ()
    raise answer.broken(f"nothing under {name!r}")


def pages_of(total: int | None, rows: Collection[Any]) -> int | None:
    """How many pages a total makes, by the rows of this one."""
    return ceil(total / len(rows)) if total and rows else None


def total_of(answer: Answer) -> int | None:
    """How many events there are in the time that was asked for, as every page says."""
    return integer(answer.body.get(_TOTAL))


def integer(count: Any) -> int | None:
    """A count, sent as a number or as text; None where there is none. Raises ValueError."""
    exact = decimal(count)
    return None if exact is None else int(exact)


def team_of(page: Answer) -> str | None:
    """Whose key it is: a team's analytics say so, neither events nor daily usage, spend and AI code do."""
    team = page.object("params").get("teamId")
    return None if team is None else f"team {team}"
