"""The two Claude APIs on one host: `x-api-key`, page cursors bound to their query, errors that name scopes."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, TypeVar

import requests

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import SERVER_ERRORS, Asked, ErrorRule
from source_unified_usage.core.errors import BrokenContract, ConfigError, Crowded, KeyRefused, SourceError, Unavailable
from source_unified_usage.core.piles import Pile
from source_unified_usage.core.retry import SYNC_RETRIES, seconds_until
from source_unified_usage.core.times import midnight
from source_unified_usage.core.usage import Row, listed
from source_unified_usage.core.window import Window

ORGANIZATION = "/v1/organizations"
ANALYTICS = f"{ORGANIZATION}/analytics"
MESSAGES = f"{ORGANIZATION}/usage_report/messages"
SPEND_LIMITS = f"{ORGANIZATION}/spend_limits"

_VERSION = "2023-06-01"
# Of one window, by the status of an expired cursor: the data was refreshed (410), the cursor no longer fits (400); both
# as the reference of the reports says
_RESTARTS = {410: 5, 400: 1}
# Keys of a workspace, but also those of people and service accounts that are scoped to none, which the Admin API takes
# too (Admin API keys); the beginning is that of the samples in the documentation
_ORDINARY = "sk-ant-api03-"

_ORDINARY_KEY = (
    f"{{option}} holds an ordinary key ({_ORDINARY}...), which opens no usage API when it is scoped to a workspace. "
    "Put {wanted} there."
)

# The Usage and Cost Analytics API. 404 where an organization does not have it; 400 also for one with HIPAA readiness
# (reference: analytics/cost), in words that are not documented.
_SPEND = r"/analytics/(?:usage|cost)(?:\?|$)"
_PARAMETERS = r"starting_at|ending_at|\brange\b|group_by|time_bucket_width|order_by"
_NO_SPEND = (
    "Claude does not offer its Usage and Cost Analytics API, a beta, to the organization of {option} (nor to one with "
    "HIPAA readiness): take claude_spend and claude_tokens out of the catalog; the other reports tell usage and cost."
)
_NO_LIMITS = (
    "Claude does not tell the spend limits of the organization of {option} (to Console organizations only by early "
    "access): switch claude.include_spend_limits off."
)
_LACKS_SCOPE = "The key in {option} lacks the scope {scope}. Scopes are fixed when a key is made: make another."


T = TypeVar("T")


class Piled(NamedTuple):
    """What came in pages: the first answer without its body, and the rows of all."""

    first: Answer
    rows: Pile


class ClaudeApi(Api):
    """One key's view of https://api.anthropic.com. One request at a time: more at once only meets the limit."""

    title = "Claude"
    parallel = 1
    option: ClassVar[str]  # that holds the key
    wanted: ClassVar[str]  # the key that this API takes
    foreign_prefix: ClassVar[str]  # how the keys of the other API begin
    foreign: ClassVar[str]  # such a key, for messages
    probed: ClassVar[str]  # the report that proves the key
    errors = (
        ErrorRule((403,), ConfigError, "The organization's owner must switch API access on.", message="disabled"),
        ErrorRule((400,), BrokenContract, "The cursor was Claude's own, the question the same.", message="cursor"),
        ErrorRule((400,), ConfigError, "Check the configuration.", message=_PARAMETERS, path=_SPEND),
        ErrorRule((400, 404), ConfigError, _NO_SPEND, path=_SPEND),
        ErrorRule((400, 404), ConfigError, _NO_LIMITS, path=SPEND_LIMITS),
        ErrorRule(
            (401, 403, 404),
            KeyRefused,
            "{option} holds {foreign}; put {wanted} there.",
            when=lambda asked: asked.api.holds_foreign,
        ),
        ErrorRule((401,), KeyRefused, _ORDINARY_KEY, when=lambda asked: asked.api.looks_ordinary),
        ErrorRule((403,), ConfigError, _ORDINARY_KEY, when=lambda asked: asked.api.looks_ordinary),
        ErrorRule((401,), KeyRefused, "Put {wanted} into {option}; a revoked or expired key is refused."),
        ErrorRule((403,), ConfigError, _LACKS_SCOPE, message=r"Needed: \[(?P<scope>[^\]]*)\]"),
        ErrorRule((403,), ConfigError, _LACKS_SCOPE, message=r"lacks the (?P<scope>[\w:]+) scope"),
        ErrorRule((403,), ConfigError, "The key in {option} needs the scope read:spend_limits.", path=SPEND_LIMITS),
        ErrorRule((403,), ConfigError, "The organization or plan of {option} does not include this report."),
        # a wrong path, but also a key without the right (Help Center, article 13703965)
        ErrorRule(
            (404,),
            ConfigError,
            "Claude answers so to keys without the right, too: put {wanted} into {option} and check base_url "
            "({base_url}).",
        ),
        ErrorRule((410,), Unavailable, "The figures were refreshed while they were read; the next sync tries again."),
        ErrorRule(
            SERVER_ERRORS,
            Unavailable,
            "Claude says that trying again does not help now; the next sync tries again.",
            when=lambda asked: asked.answer.headers.get("x-should-retry") == "false",
        ),
    )

    def __init__(self, base_url: str, key: str) -> None:
        super().__init__(base_url, Credential(self.option, {"x-api-key": key, "anthropic-version": _VERSION}))
        self.holds_foreign, self._ordinary = key.startswith(self.foreign_prefix), key.startswith(_ORDINARY)
        self._answered = threading.Event()
        self.organization: str | None = None  # of the key, as refusals tell it, too

    def observe(self, answer: requests.Response, path: str) -> None:
        self.organization = organization_id(answer) or self.organization
        if answer.status_code == 200:
            self._answered.set()
            self.account = organization_id(answer) or self.account
        if answer.status_code != 429 and answer.headers.get("anthropic-ratelimit-requests-remaining") == "0":
            self.rate_limit_for(path).hold(_until_reset(answer) or 0)

    def retry_after(self, answer: requests.Response, body: Any) -> float | None:
        named = super().retry_after(answer, body)
        return _until_reset(answer) if named is None and answer.status_code == 429 else named

    def facts(self, asked: Asked) -> Mapping[str, str]:
        return {**super().facts(asked), "wanted": self.wanted, "foreign": self.foreign}

    @property
    def looks_ordinary(self) -> bool:
        """Whether the key begins as one of a workspace and has opened nothing yet: other keys begin so, too."""
        return self._ordinary and not self._answered.is_set()

    def probe(self) -> None:
        """One finished day, one bucket."""
        today = clock.now().start_of("day")
        finished = Window(today.subtract(days=2), today.subtract(days=1))
        self.get(self.probed, {**day_buckets(finished), "limit": 1})

    def read(
        self, path: str, query: Mapping[str, Any], headers: Mapping[str, str] | None = None, most: int | None = None
    ) -> list[Answer]:
        """All pages of one state of the data. Raises Crowded as soon as they have more than `most` rows."""

        def collect(pages: Iterator[Answer]) -> list[Answer]:
            answers = []
            rows = 0
            for answer in pages:
                answers.append(answer)
                rows += len(rows_of(answer))
                if most is not None and rows > most:
                    raise Crowded
            return answers

        return self._whole(path, query, headers, collect)

    def pile(self, path: str, query: Mapping[str, Any]) -> "Piled":
        """The same in little memory, where a page is all that is needed at once."""

        def collect(pages: Iterator[Answer]) -> Piled:
            first = next(pages)
            pile = Pile(rows_of(first))
            for answer in pages:
                pile.add(rows_of(answer))
            return Piled(replace(first, body={}), pile)

        return self._whole(path, query, None, collect)

    def _whole(
        self,
        path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str] | None,
        collect: Callable[[Iterator[Answer]], T],
    ) -> T:
        """What `collect` makes of the pages, from the start again where the data was refreshed under their cursor."""
        restarts = dict(_RESTARTS)
        while True:
            answered = False

            def pages() -> Iterator[Answer]:
                nonlocal answered
                for answer in self.follow(path, query, "page", _next_page, rows_of, headers):
                    answered = True
                    yield answer

            try:
                return collect(pages())
            except SourceError as error:
                expired = error.status == 410 or (error.status == 400 and "cursor" in error.vendor_message.lower())
                if not answered or not expired or not restarts[error.status or 0]:
                    raise
                restarts[error.status or 0] -= 1

    def listing(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[list[Row]]:
        """The pages of a list, which goes on with `after_id` (reference: users, workspaces, api_keys).

        `offset` is ignored, as clients report, and would never end.
        """
        answers = self.follow(path, {"limit": 1000, **(query or {})}, "after_id", _last_id, rows_of)
        return (answer.rows("data") for answer in answers)


def rows_of(answer: Answer) -> list[Row]:
    """Of any list: the reference names that of summaries differently than the SDK does."""
    return answer.rows("summaries" if "summaries" in answer.body else "data")


def day_buckets(window: Window) -> dict[str, Any]:
    """The query for a window's day buckets. The end is exclusive: only whole buckets before it come (reference)."""
    return {"starting_at": midnight(window.start), "ending_at": midnight(window.end), "bucket_width": "1d"}


def bucket_rows(answer: Answer) -> Iterator[Row]:
    """The results of all buckets, each with the start and end of its bucket."""
    for bucket in answer.rows("data"):
        span = {"starting_at": bucket["starting_at"], "ending_at": bucket["ending_at"]}
        for result in listed(bucket, "results"):
            yield {**result, **span}


def _until_reset(answer: requests.Response) -> float | None:
    """Seconds until requests are allowed again; None without a reset, or with one that is over or far off.

    Instead of Retry-After, 429s of the Admin API carry a reset, which is often over: measured by others in August 2026.
    """
    seconds = seconds_until(answer.headers.get("anthropic-ratelimit-requests-reset"), answer.headers)
    return seconds if seconds and seconds <= SYNC_RETRIES.max_retry_after else None


def organization_id(answer: Answer | requests.Response) -> str | None:
    """The organization that the key belongs to, for answers whose body does not name it (reference: headers)."""
    return answer.headers.get("anthropic-organization-id")


def _last_id(answer: Answer) -> str | None:
    return _cursor(answer, "last_id") if answer.body.get("has_more") else None


def _next_page(answer: Answer) -> str | None:
    more, page = answer.body.get("has_more"), answer.body.get("next_page")
    return None if more is False or (not page and not more) else _cursor(answer, "next_page")


def _cursor(answer: Answer, member: str) -> str:
    cursor = answer.body.get(member)
    if not cursor:
        raise answer.broken(f"has_more without {member}")
    return str(cursor)


class AnalyticsApi(ClaudeApi):
    """Claude Enterprise."""

    option = "claude.analytics_api_key"
    wanted = "an Analytics key of the Claude Enterprise organization (scope read:analytics)"
    foreign_prefix = "sk-ant-admin"
    foreign = "an Admin key of the Claude Console, which the Analytics API refuses"
    probed = f"{ANALYTICS}/usage_report"
    # 60 a minute for the organization, all its keys and endpoints together (Analytics API); some are left to others
    rate_limit = (50, 60)

    def answers(self) -> bool:
        """Whether the key opens anything, so that a 404 means this account and not the key."""
        if not self._answered.is_set():
            try:
                self.probe()
            except ConfigError:
                return False
        return True


class AdminApi(ClaudeApi):
    """The Claude Console."""

    option = "claude.admin_api_key"
    wanted = "an Admin key of the Claude Console (it begins with sk-ant-admin)"
    foreign_prefix = "sk-ant-api01-"
    foreign = "an Analytics key of Claude Enterprise, which the Admin API refuses"
    probed = MESSAGES
    # no figure is published (Usage and Cost API); clients that asked more at once report refusals by the hundred
    rate_limit = (1, 1)
