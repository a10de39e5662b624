"""The refusals: kinds of the page "Errors", wordings as clients report them."""

from collections.abc import Mapping, Sequence
from datetime import date

from sandbox.kit import Refusal, whole_seconds
from sandbox.vendors.claude.credentials import Key

_STOP = {"x-should-retry": "false"}


def refuse(status: int, type: str, message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    error = {"type": type, "message": message}
    return Refusal(status, lambda id: {"type": "error", "error": error, "request_id": id}, headers)


def invalid(message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    return refuse(400, "invalid_request_error", message, headers)


def invalid_key() -> Refusal:
    return refuse(401, "authentication_error", "invalid x-api-key", _STOP)


def permission(message: str) -> Refusal:
    return refuse(403, "permission_error", message, _STOP)


def missing_scopes(got: Sequence[str], needed: str) -> Refusal:
    return permission(f"Missing required scopes. Got: {list(got)} Needed: {[needed]}")


def wrong_key(key: Key, needed: str) -> Refusal:
    """A key of the other API is refused in other words than one that merely lacks a scope."""
    if "org:admin" in key.scopes or needed == "org:admin":
        got = ", ".join(key.scopes)
        return permission(f"This API key does not have the required scopes. Got: [{got}]. Needed: [{needed}]")
    return missing_scopes(key.scopes, needed)


def not_found() -> Refusal:
    return refuse(404, "not_found_error", "Not found")


def cursor_expired() -> Refusal:
    message = "The page cursor is no longer valid. Restart pagination from the first page."
    return refuse(410, "invalid_request_error", message)


def too_many_requests(wait: float | None, quota: Mapping[str, str]) -> Refusal:
    """`wait` None: what is left of the quota is all that it says."""
    if wait is None:
        return refuse(429, "rate_limit_error", "Too many requests", quota)
    message = "This request would exceed your organization's rate limit."
    return refuse(429, "rate_limit_error", message, {"retry-after": str(whole_seconds(wait))})


def no_complete_bucket() -> Refusal:
    return invalid("Invalid date range: ending date must be after starting date", _STOP)


def empty_range() -> Refusal:
    return invalid("ending_date: must be after starting_date", _STOP)


def not_yet_available(asked: date, latest: date) -> Refusal:
    return invalid(
        f"Requested date {asked} is not yet available. The most recent date with available analytics data is {latest}.",
        _STOP,
    )
