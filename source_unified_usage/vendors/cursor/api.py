"""The Cursor API: Basic auth with the key as user, one minute bucket per endpoint, three error envelopes."""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api, Credential, Verdict
from source_unified_usage.core.budget import Budget
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.lookup import texts_of
from source_unified_usage.core.usage import Row

# Requests per minute and endpoint; a second more than a minute, because latency varies
_PER_MINUTE = (
    (re.compile("filtered-usage-events"), 60),
    (re.compile("^/analytics/team/"), 100),
    (re.compile("^/analytics/by-user/"), 50),
    (re.compile(""), 20),
)
_SECONDS = 61
_EMPTY_PAGES = 50  # empty pages are followed, but not for ever


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

    def __init__(self, base_url: str, credential: Credential) -> None:
        super().__init__(base_url, credential)
        self._budgets: dict[str, Budget] = {}
        self._lock = threading.Lock()

    def budget(self, path: str) -> Budget:
        # the by-user endpoints are documented as one line: taken as one bucket
        shared = "/analytics/by-user/"
        bucket = shared if path.startswith(shared) else path
        with self._lock:
            if bucket not in self._budgets:
                limit = next(limit for pattern, limit in _PER_MINUTE if pattern.search(path))
                self._budgets[bucket] = Budget(limit, _SECONDS)
            return self._budgets[bucket]

    def judge(self, status: int, words: str, answer: requests.Response) -> Verdict:
        option = self.credential.option
        if status == 401 and re.search(r"Invalid (Team |Organization )?API key", words, re.I):
            if "organization" in words.lower():
                return Verdict(
                    KeyRefused,
                    f"{option} must be the organization's key because organization_id is set; a team key is refused.",
                )
            advice = (
                f"Put a team API key made by a team admin into {option}; personal and organization keys are refused."
            )
            if "/analytics/" in (answer.request.path_url or "") and option == "cursor.api_key":
                # older tenants have a key of its own for these: whether this one is bad, the other streams will tell
                own = "A tenant with a key of its own for Analytics needs it in cursor.analytics_api_key."
                return Verdict(ConfigError, f"{advice} {own}")
            return Verdict(KeyRefused, advice)
        if status in (401, 403) and "scope" in words.lower():
            return Verdict(ConfigError, f"Give {option} the scope that Cursor names, or admin:*.")
        if status == 403 and "authorized" in words.lower():
            return Verdict(ConfigError, "Check cursor.organization_id: it must be the organization of the key.")
        if status in (401, 403):
            return Verdict(
                ConfigError,
                f"The plan or rights of {option} do not include this API. It needs an Enterprise plan; set "
                "cursor.enterprise to false or deselect the stream.",
            )
        if status == 404 and "organization" in words.lower():
            return Verdict(ConfigError, "Check cursor.organization_id.")
        return super().judge(status, words, answer)

    def pages(self, method: str, path: str, rows: str, query: Mapping[str, Any], size: int) -> Iterator[Answer]:
        """Page after page, with its rows under `rows`, while `hasNextPage`; an empty page in between is followed."""
        number, read, empty = 1, 0, 0
        before: Any = None
        while True:
            asked = {**query, "page": number, "pageSize": size}
            answer = self.post(path, asked) if method == "POST" else self.get(path, asked)
            pagination = answer.object("pagination")
            current = pagination.get("currentPage", pagination.get("page", number))
            if current != number:
                raise answer.broken(f"asked for page {number}, got page {current}")
            if (found := answer.body.get(rows)) is None:
                raise answer.broken(f"nothing under {rows!r}")
            if found and found == before:
                raise answer.broken(f"page {number} is the one before")
            before = found
            yield answer
            read += len(found)
            more = pagination.get("hasNextPage")
            if not pagination:  # a variant of usage events in which only the total tells the end
                more = found and read < (answer.body.get("totalUsageEventsCount") or 0)
            if not more:
                return
            last = pagination.get("numPages", pagination.get("totalPages"))
            if last is not None and number >= last:
                raise answer.broken(f"hasNextPage on page {number} of {last}")
            empty = 0 if found else empty + 1
            if empty == _EMPTY_PAGES:
                raise answer.broken(f"{empty} empty pages one after another")
            number += 1


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
            found[texts.get("email", "").lower()] = {**texts, **ids}
    found.pop("", None)
    return found


def person(people: Mapping[str, Row], email: str | None, id: Any = None) -> dict[str, Any]:
    """The record's user; empty when neither id nor e-mail is known."""
    member = people.get(email.lower(), {}) if email else {}
    if id is None:
        id = member.get("id", member.get("userId"))
    user = {"id": None if id is None else str(id), "email": email, "name": member.get("name")}
    return {name: value for name, value in user.items() if value}


_PROVIDERS = (
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("codex", "openai"),
    ("gemini", "google"),
    ("grok", "xai"),
    ("deepseek", "deepseek"),
    ("kimi", "moonshot"),
)


@cache
def model_of(name: str | None) -> Mapping[str, str]:
    """The record's model; Cursor's own names (default, auto, composer-1, ...) are Cursor's."""
    if not name:
        return {}
    provider = next((who for start, who in _PROVIDERS if name.lower().startswith(start)), "cursor")
    return {"id": name, "provider": provider}
