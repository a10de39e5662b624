"""The vendor's refusals, worded and shaped as its APIs word and shape them."""

from math import ceil
from typing import Any, Literal


class Refusal(Exception):
    """An answer that ends the request: status, JSON body and headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}


def platform(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    type: str = "invalid_request_error",
    headers: dict[str, str] | None = None,
) -> Refusal:
    error = {"message": message, "type": type, "param": param, "code": code}
    return Refusal(status, {"error": error}, headers)


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


def throttled(wait: float, form: Literal["seconds", "milliseconds", "silent"]) -> Refusal:
    seconds = {"Retry-After": str(max(1, ceil(wait)))}
    message = "Rate limit reached for requests."
    headers = seconds
    if form == "milliseconds":
        headers = {
            "retry-after-ms": str(max(1, ceil(wait * 1000))),
            **seconds,
            "x-should-retry": "true",
        }
    elif form == "silent":
        message, headers = "Too many requests.", {}
    return platform(429, message, type="requests", code="rate_limit_exceeded", headers=headers)


def quota_spent() -> Refusal:
    quota = "insufficient_quota"
    return platform(
        429,
        "You exceeded your current quota.",
        type=quota,
        code=quota,
        headers={"x-should-retry": "false"},
    )


def analytics(status: int, detail: str) -> Refusal:
    return Refusal(status, {"detail": detail})


def validation(param: str, message: str, kind: str, value: str, **context: Any) -> Refusal:
    """The analytics API's 422, as FastAPI writes it."""
    detail: dict[str, Any] = {
        "loc": ["query", param],
        "msg": message,
        "type": kind,
        "input": value,
    }
    if context:
        detail["ctx"] = context
    return Refusal(422, {"detail": [detail]})
