"""The refusals: shapes of the OpenAPI document, wordings as recorded answers have them."""

from collections.abc import Mapping
from typing import Any, Literal

from sandbox.kit import Refusal, whole_seconds

Throttle = Literal["seconds", "milliseconds", "silent"]


def platform(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    type: str = "invalid_request_error",
    headers: Mapping[str, str] | None = None,
) -> Refusal:
    error = {"message": message, "type": type, "param": param, "code": code}
    return Refusal(status, {"error": error}, headers)


def invalid(param: str, message: str, code: str | None = "invalid_value") -> Refusal:
    return platform(400, message, param=param, code=code)


def invalid_key(key: str) -> Refusal:
    if not key:
        return platform(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    masked = f"{key[:9]}***{key[-4:]}"
    return platform(401, f"Incorrect API key provided: {masked}.", code="invalid_api_key")


def missing_scope(status: int, scope: str) -> Refusal:
    message = f"You have insufficient permissions for this operation. Missing scopes: {scope}."
    if status == 401:
        return platform(401, f"{message} Check that your key and role allow it.")
    return platform(403, message, code="missing_scope")


def throttled(wait: float, form: Throttle) -> Refusal:
    message = "Too many requests." if form == "silent" else "Rate limit reached for requests."
    return platform(429, message, type="requests", code="rate_limit_exceeded", headers=_wait_headers(wait, form))


def analytics_throttled(wait: float, form: Throttle) -> Refusal:
    return Refusal(429, {"detail": "Too many requests"}, _wait_headers(wait, form))


def _wait_headers(wait: float, form: Throttle) -> dict[str, str]:
    if form == "silent":
        return {}
    seconds = {"Retry-After": str(whole_seconds(wait))}
    if form == "seconds":
        return seconds
    return {"retry-after-ms": str(whole_seconds(wait * 1000)), **seconds, "x-should-retry": "true"}


def quota_spent() -> Refusal:
    quota, headers = "insufficient_quota", {"x-should-retry": "false"}
    return platform(429, "You exceeded your current quota.", type=quota, code=quota, headers=headers)


def analytics(status: int, detail: str) -> Refusal:
    return Refusal(status, {"detail": detail})


def validation(param: str, message: str, kind: str, value: str | None, **context: Any) -> Refusal:
    """The analytics API's 422, as FastAPI writes it."""
    detail: dict[str, Any] = {"loc": ["query", param], "msg": message, "type": kind, "input": value}
    return Refusal(422, {"detail": [{**detail, **({"ctx": context} if context else {})}]})
