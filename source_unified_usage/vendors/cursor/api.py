"""The Cursor API: Basic auth with the key as user, one minute bucket per endpoint, three error envelopes."""

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.lookup import mailbox, texts_of
from source_unified_usage.core.paging import Told, walk
from source_unified_usage.core.provider import provider_of
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.usage import Row, decimal

# Requests per minute and endpoint; a second more than a minute, because latency varies
_PER_MINUTE = (
    (re.compile("^/organizations/"), 20),
    (re.compile("filtered-usage-events"), 60),
    (re.compile("^/analytics/team/"), 100),
    (re.compile("^/analytics/by-user/"), 50),
    (re.compile(""), 20),
)
_SECONDS = 61
_TOTAL = "totalUsageEventsCount"
_INVALID_KEY = "Invalid (Team |Organization )?API key"
_TEAM_KEY = "Put a team API key made by a team admin into {option}; personal and organization keys are refused."
_NOTHING = frozenset(("", "null", "undefined", "none"))


@dataclass(frozen=True)
class Scope:
    """One team, or the teams of an organization (all when `teams` is empty)."""

    organization: str | None = None
    teams: tuple[int, ...] = ()

    def path(self, route: str) -> str:
        return f"/organizations/{route}" if self.organization else f"/teams/{route}"

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if not self.organization:
            return dict(body)
        teams = {"teamIds": list(self.teams)} if self.teams else {}
        return {"organizationId": self.organization, **teams, **body}

    @property
    def options(self) -> Mapping[str, Any]:
        """What narrows a stream, for its state."""
        return {"cursor.organization_id": self.organization, "cursor.team_ids": list(self.teams)}

    def of(self, row: Row) -> dict[str, Any]:
        """The fields of a record that tell organization and team; none for a single team."""
        if not self.organization:
            return {}
        team = row.get("teamId")
        resource = {"id": str(team), "name": "team", "workspace": {"id": str(team)}}
        return {
            "organization": {"id": self.organization},
            "resources": [resource] if team is not None else [],
        }

    def key(self, row: Row) -> tuple[Any, ...]:
        """The leading parts of an id: the team where the organization tells it. Raises KeyError."""
        return (row["teamId"],) if self.organization else ()


class CursorApi(Api):
    """One key's view of https://api.cursor.com."""

    title = "Cursor"
    parallel = 4  # every endpoint has its own bucket; more at once would only wait
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
            # older tenants have a key of its own for these: whether this one is bad, the other streams will tell
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
        # the by-user endpoints are documented as one line: taken as one bucket
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

        return walk(ask, lambda answer, number, read: _told(answer, number, read, rows))


def _told(answer: Answer, number: int, read: int, name: str) -> Told:
    pagination = answer.object("pagination")
    current = whole(pagination.get("currentPage", pagination.get("page")))
    if current is not None and current != number:
        raise answer.broken(f"asked for page {number}, got page {current}")
    rows, more = _found(answer, name), bool(pagination.get("hasNextPage"))
    last = whole(pagination.get("numPages", pagination.get("totalPages")))
    if more and last is not None and number >= last:
        raise answer.broken(f"hasNextPage on page {number} of {last}")
    if not pagination:  # a variant of usage events in which only the total tells the end
        more = bool(rows) and read + len(rows) < (total_of(answer) or 0)
    return Told(rows, more, last or pages_of(total_of(answer), rows))


def _found(answer: Answer, name: str) -> Collection[Any]:
    """What the answer lists. A time without events may lack the list, when it says that there are none."""
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
    return whole(answer.body.get(_TOTAL))


def whole(count: Any) -> int | None:
    """A count, sent as a number or as text. Raises ValueError."""
    exact = decimal(count)
    return None if exact is None else int(exact)


def stated(text: str | None) -> str | None:
    """A text that says something: Cursor also writes `null` and its like."""
    return text if text and text.strip().lower() not in _NOTHING else None


def members(api: CursorApi, scope: Scope) -> Iterator[dict[str, Row]]:
    """The members page by page, by lower-cased e-mail, the only name that all endpoints share."""
    if not scope.organization:
        yield _by_email(api.get("/teams/members").rows("teamMembers"))
        return
    query = {"organizationId": scope.organization}
    for page in api.pages("GET", "/organizations/members", "members", query, 200):
        yield _by_email(page.rows("members"))


def _by_email(rows: Iterable[Row]) -> dict[str, Row]:
    """Ids are numbers or texts; whatever else a member's fields hold would break the records that it names."""
    found: dict[str, Row] = {}
    for row in rows:
        if texts := texts_of(row, "email", "name"):
            ids = {name: row[name] for name in ("id", "userId") if type(row.get(name)) in (int, str)}
            found[mailbox(texts.get("email", ""))] = {**texts, **ids}
    found.pop("", None)
    return found


def person(people: Mapping[str, Row], email: str | None, id: Any = None) -> dict[str, Any]:
    """The record's user; empty when neither id nor e-mail is known."""
    email = stated(email)
    member = people.get(mailbox(email), {}) if email else {}
    if id is None:
        id = member.get("id", member.get("userId"))
    user = {"id": None if id is None else str(id), "email": email, "name": member.get("name")}
    return {name: value for name, value in user.items() if value}


def member_key(row: Row) -> Any:
    """What tells members apart in an id: the user's id, else the e-mail. Raises KeyError."""
    if row.get("userId") is not None:
        return row["userId"]
    if (email := stated(row["email"])) is None:
        raise KeyError("email")
    return mailbox(email)


@cache
def model_of(name: str | None) -> Mapping[str, str]:
    """The record's model; Cursor's own names (default, auto, composer-1, ...) are Cursor's."""
    return {"id": name, "provider": provider_of(name, "cursor")} if name else {}
