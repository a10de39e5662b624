"""The GitHub REST API: one token, limits that come as 403 too, numbered pages, files behind signed links."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

import requests

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import Asked, ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.links import Links
from source_unified_usage.core.messages import message_of
from source_unified_usage.core.paging import PageInfo, walk
from source_unified_usage.core.paths import path
from source_unified_usage.core.retry import SYNC_RETRIES, retry_after, seconds_until
from source_unified_usage.core.row_files import Reader
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.usage import Row

# An older one lacks these routes and answers 404 (JSdotNet/Backlog, GitHubBillingClientTests).
VERSION = "2026-03-10"
# Where the files of reports are: "Copilot usage metrics", and a report export's redirect, as clients recorded it.
FILE_HOSTS = ("copilot-reports.github.com", "github.com", "*.blob.core.windows.net")
PAGE_SIZE = 100


class Account(NamedTuple):
    """Whose figures are read: an organization by its login, or an enterprise by its slug."""

    kind: Literal["organization", "enterprise"]
    name: str

    @property
    def enterprise(self) -> bool:
        return self.kind == "enterprise"

    @property
    def id(self) -> str:
        """As records carry it: GitHub does not tell upper from lower case in either."""
        return self.name.lower()

    @property
    def option(self) -> str:
        return f"github.{self.kind}"

    @property
    def scope(self) -> Mapping[str, str]:
        """Both options, so that a change from one to the other is another account."""
        return {"github.organization": "", "github.enterprise": "", self.option: self.id}

    def billing(self, *rest: str) -> str:
        """A path of the billing API, which says `organizations` where all others say `orgs`."""
        return path(f"{self.kind}s", self.name, "settings", "billing", *rest)

    def copilot(self, *rest: str) -> str:
        return path("enterprises" if self.enterprise else "orgs", self.name, "copilot", *rest)


class GitHubApi(Api):
    """One token's view of https://api.github.com."""

    title = "GitHub"
    # GitHub takes minutes to make an export; the other streams go on meanwhile
    parallel = 2
    rate_limit = (5000, 3600)  # "Rate limits for the REST API": by user, whoever else uses the token
    limited_wait = 60  # "Best practices for using the REST API", secondary limits: a minute at least, then longer
    errors = (
        ErrorRule((401,), KeyRefused, "Put a token that is neither revoked nor expired into {option}."),
        ErrorRule(
            (403,),
            ConfigError,
            "Use a classic personal access token of an enterprise owner or billing manager with the scope "
            "manage_billing:enterprise; fine-grained tokens and GitHub Apps are refused there.",
            path="/enterprises/.*/settings/billing/",
        ),
        ErrorRule(
            (403,),
            ConfigError,
            "Give {option} the organization permission Administration: read, or use a classic token of an owner or "
            "billing manager. The bill of an organization inside an enterprise is the enterprise's: set "
            "github.enterprise instead.",
            path="/settings/billing/",
        ),
        ErrorRule(
            (403,),
            ConfigError,
            "Set the policy Copilot usage metrics to Enabled everywhere.",
            message="polic",
            path="/copilot/metrics/",
        ),
        ErrorRule(
            (403,),
            ConfigError,
            "Give {option} the scope {scope} or manage_billing:copilot (a GitHub App: Copilot metrics, read), and set "
            "the policy Copilot usage metrics to Enabled everywhere.",
            path="/copilot/metrics/",
        ),
        ErrorRule(
            (403,), ConfigError, "Give {option} the scope manage_billing:copilot or {scope}.", path="/copilot/billing/"
        ),
        ErrorRule(
            (404,),
            ConfigError,
            "{account} is not found, or this account is not on the enhanced billing platform, or the token cannot see "
            "it.",
        ),
        ErrorRule((400, 422), ConfigError, "Check {account} and the days to read."),
    )

    def __init__(self, base_url: str, token: str, account: Account) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": VERSION,
        }
        super().__init__(base_url, Credential("github.token", headers))
        self.of = account

    def facts(self, asked: Asked) -> Mapping[str, str]:
        scope = "read:enterprise" if self.of.enterprise else "read:org"
        return {**super().facts(asked), "account": self.of.option, "scope": scope}

    # --- limits: "Rate limits for the REST API"

    def limited(self, answer: requests.Response, body: Any) -> bool:
        """Either limit comes as 403 or 429; a 403 without any of these marks is about a permission."""
        if answer.status_code == 403:
            marked = _spent(answer) or "Retry-After" in answer.headers
            return marked or re.search("rate limit", message_of(body), re.IGNORECASE) is not None
        return super().limited(answer, body)

    def retry_after(self, answer: requests.Response, body: Any) -> float | None:
        """Until the reset only where nothing is left: every answer names the next reset."""
        named = retry_after(answer.headers, limited=False)
        reset = _reset(answer) if _spent(answer) and self.limited(answer, body) else None
        return max(filter(None, (named, reset)), default=None)

    def observe(self, answer: requests.Response, path: str) -> None:
        if answer.ok and _spent(answer) and (reset := _reset(answer)) and reset <= SYNC_RETRIES.max_retry_after:
            self._rate_limit.hold(reset)

    # --- pages and files

    def pages(self, path: str, key: str, query: Mapping[str, Any], *, whole: bool = False) -> Iterator[list[Row]]:
        """Page after page of a list: as long as the header Link names a next one, or without one until one is empty.

        `whole`: the list may come whole whatever page is asked for, so that a page like the one before ends it.
        """
        before: list[Row] = []

        def ask(page: int) -> Answer:
            return self.get(path, {**query, "page": page, "per_page": PAGE_SIZE})

        def read_page(answer: Answer, page: int, _: int) -> PageInfo:
            nonlocal before
            rows, previous = answer.rows(key), before
            if whole and rows == previous:
                return PageInfo((), more=False)
            before = rows
            return PageInfo(rows, _names_next(answer, page) if "Link" in answer.headers else bool(rows))

        return (answer.rows(key) for answer in walk(ask, read_page))

    def linked(self, first: Answer, again: Callable[[], Answer | None], key: str, reader: Reader) -> Iterator[Row]:
        """The rows of the files that an answer links to under `key`. `again` asks for new links, which soon expire."""
        answers = [first]

        def links() -> list[str]:
            answer = answers.pop() if answers else again()
            return _links_of(answer, key) if answer else []

        return Links(self, FILE_HOSTS).rows(links, reader)


class AccountStream(UsageStream[GitHubApi]):
    """A stream of one account."""

    def __init__(self, api: GitHubApi) -> None:
        super().__init__(api)
        self.scope = api.of.scope


def _links_of(answer: Answer, key: str) -> list[str]:
    """The links that an answer names, one at least."""
    links = answer.body.get(key)
    if not isinstance(links, list) or not links or not all(isinstance(link, str) for link in links):
        raise answer.broken(f"no list of links under {key!r}")
    return links


def _spent(answer: requests.Response) -> bool:
    return answer.headers.get("X-RateLimit-Remaining", "").strip() == "0"


def _reset(answer: requests.Response) -> float | None:
    return seconds_until(answer.headers.get("X-RateLimit-Reset"), answer.headers)


def _names_next(answer: Answer, page: int) -> bool:
    """Whether there is a next page. Of its link only the number counts: its host is GitHub's even behind a base URL."""
    links = requests.utils.parse_header_links(answer.headers["Link"])
    url = next((link["url"] for link in links if link.get("rel") == "next"), None)
    if url is None:
        return False
    following = parse_qs(urlsplit(url).query).get("page", [""])[0]
    if following != str(page + 1):
        raise answer.broken(f"the page after page {page} is {following!r}")
    return True
