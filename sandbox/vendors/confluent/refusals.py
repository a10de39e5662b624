"""The vendor's refusals, worded and shaped as its APIs word and shape them."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """An answer that ends the request: one error, which carries the request's id unless `bare`."""

    def __init__(
        self,
        status: int,
        error: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        bare: bool = False,
    ) -> None:
        super().__init__(status, error)
        self.status, self.headers = status, dict(headers or {})
        self._error, self._bare = error, bare

    def body(self, request_id: str) -> Json:
        named = {} if self._bare else {"id": request_id}
        return {"errors": [{**named, "status": str(self.status), **self._error}]}


def unauthenticated() -> Refusal:
    error = {
        "code": "user_unauthenticated",
        "title": "Authentication Required",
        "detail": "Valid authentication credentials must be provided",
    }
    challenge = 'Basic error="invalid_key", error_description="The API Key is invalid"'
    return Refusal(401, error, {"WWW-Authenticate": challenge})


def unauthorized() -> Refusal:
    error = {
        "code": "user_unauthorized",
        "title": "User Access Unauthorized",
        "detail": "Forbidden Access",
    }
    return Refusal(403, error)


def invalid(parameter: str, detail: str) -> Refusal:
    """A 400 that names the query parameter."""
    error = {
        "code": "invalid_filter",
        "title": "Invalid Filter",
        "detail": detail,
        "source": {"parameter": parameter},
    }
    return Refusal(400, error)


def too_old() -> Refusal:
    return Refusal(400, {"detail": "start date is too far in the past"})


def invalid_query(detail: str) -> Refusal:
    """A 400 of the metrics API."""
    return Refusal(400, {"detail": detail}, bare=True)


def throttled(headers: Mapping[str, str]) -> Refusal:
    return Refusal(429, {"detail": "Exceeded rate limit"}, headers, bare=True)


def not_found() -> Refusal:
    error = {"code": "resource_not_found", "title": "Not Found", "detail": "Resource not found"}
    return Refusal(404, error)
