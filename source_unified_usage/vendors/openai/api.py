"""The OpenAI APIs: Bearer keys, opaque cursors, and 401s that mean a missing scope."""

from collections.abc import Iterator, Mapping
from typing import Any

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.error_rules import ANY_STATUS, Asked, ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.usage import Row

NO_USERS = "OpenAI does not tell its users apart, so there is nothing to read with openai.user_ids"

_LISTED = 100  # names per page, the maximum (OpenAI API reference: List projects, List users)

_WHICH_KEY = (
    "Put an admin key (sk-admin-..., made by an organization owner under Admin keys, with the permission "
    "api.usage.read) into openai.admin_api_key; project, service account and user keys cannot read usage and costs."
)
_NO_SCOPE = r"^(?!.*scope)"  # a 401 that names a scope says nothing about the key itself (as clients report)


class LookbackExceeded(ConfigError):
    """Nothing is kept of the time that was asked for; `vendor_message` may name the oldest day that is."""


def _code(asked: Asked) -> Any:
    """`error.code` of an error body; None where there is none."""
    error = asked.body.get("error") if isinstance(asked.body, Mapping) else None
    return error.get("code") if isinstance(error, Mapping) else None


_QUOTA_SPENT = ErrorRule(
    (429,),
    ConfigError,
    "Raise the organization's limit or settle its billing at OpenAI.",
    when=lambda asked: _code(asked) == "insufficient_quota",
)


class OpenAIApi(Api):
    """What the platform and the workspace analytics have in common: cursors in the query."""

    title = "OpenAI"

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Answer]:
        """Page after page while `has_more`; an empty page in between is followed."""
        return self.follow(path, query, "page", _next_page, _rows)


class PlatformApi(OpenAIApi):
    """An admin key's view of https://api.openai.com: usage, costs and names of one organization."""

    parallel = 4
    rate_limit = (60, 60)  # none is published; ingestr asks once a second
    errors = (
        ErrorRule(
            ANY_STATUS,
            LookbackExceeded,
            "Move start_date to a day that OpenAI still keeps.",
            when=lambda asked: _code(asked) == "reporting_lookback_exceeded",
        ),
        _QUOTA_SPENT,
        ErrorRule(
            (400,),
            ConfigError,
            "If OpenAI does not tell this organization's costs by user, deselect this stream; if only not those of so "
            "long ago, move start_date.",
            path=r"/costs\?.*group_by=user_id",
        ),
        ErrorRule((401,), KeyRefused, _WHICH_KEY, message=_NO_SCOPE),
        ErrorRule((401, 403), ConfigError, f"{_WHICH_KEY} The organization's IP allowlist may refuse a key too."),
    )

    def listing(self, path: str, query: Mapping[str, Any]) -> Iterator[list[Row]]:
        """The pages of a list; it continues after the id of its last row."""
        return map(_rows, self.follow(path, {**query, "limit": _LISTED}, "after", _last_id, _rows))


class AnalyticsApi(OpenAIApi):
    """A key's view of https://api.chatgpt.com: what the members of one ChatGPT workspace do."""

    parallel = 4
    rate_limit = (30, 60)  # none is published; another product keeps to 30 a minute
    errors = (
        _QUOTA_SPENT,  # a platform key may have the scope, too (Codex: Admin setup)
        # the usage of the whole workspace takes fewer kinds of keys, so its refusal says nothing about Codex
        # (ChatGPT Admin API reference; Codex: Admin setup)
        ErrorRule(
            (401,),
            KeyRefused,
            "Check that {option} is a key for the workspace's analytics, right and not revoked.",
            message=_NO_SCOPE,
            path="/analytics/codex/",
        ),
        ErrorRule(
            (401, 403),
            ConfigError,
            "Give {option} the scope codex.enterprise.analytics.read and have the endpoint enabled for the workspace.",
            path="/analytics/codex/",
        ),
        ErrorRule(
            (401, 403),
            ConfigError,
            "Make {option} a workspace admin key that has the scope enterprise.analytics.usage.read too and have the "
            "endpoint enabled for the workspace, or set openai.codex.include_workspace_usage to false.",
        ),
        ErrorRule((404,), ConfigError, "Check openai.codex.workspace_id and openai.codex.base_url ({base_url})."),
    )


def _rows(answer: Answer) -> list[Row]:
    return answer.rows("data")


def _has_more(answer: Answer) -> bool:
    more = answer.body.get("has_more")
    more = {"true": True, "false": False}.get(more, more) if isinstance(more, str) else more
    if not isinstance(more, bool):
        raise answer.broken(f"has_more is {more!r}")
    return more


def _next_page(answer: Answer) -> str | None:
    """The cursor of the next page; None on the last one."""
    if not _has_more(answer):
        return None
    cursor: object = answer.body.get("next_page")
    if not cursor or not isinstance(cursor, str):
        raise answer.broken("has_more without a next_page")
    return cursor


def _last_id(answer: Answer) -> str | None:
    """Where the list goes on; None at its end."""
    if not _has_more(answer):
        return None
    rows = _rows(answer)
    last = answer.body.get("last_id") or (rows[-1].get("id") if rows else None)
    if not last:
        raise answer.broken("has_more without a last_id")
    return str(last)
