"""The refusals: shapes and codes of the OpenAPI document; clients report "too far in the past" and the 429."""

from collections.abc import Mapping

from sandbox.kit import Json, Refusal


def unauthenticated() -> Refusal:
    challenge = 'Basic error="invalid_key", error_description="The API Key is invalid"'
    error = {
        "code": "user_unauthenticated",
        "title": "Authentication Required",
        "detail": "Valid authentication credentials must be provided",
    }
    return _refusal(401, error, {"WWW-Authenticate": challenge})


def unauthorized() -> Refusal:
    title = "User Access Unauthorized"
    return _refusal(403, {"code": "user_unauthorized", "title": title, "detail": "Forbidden Access"})


def invalid(parameter: str, detail: str) -> Refusal:
    """A 400 that names the query parameter."""
    error = {"code": "invalid_filter", "title": "Invalid Filter", "detail": detail, "source": {"parameter": parameter}}
    return _refusal(400, error)


def too_old() -> Refusal:
    return _refusal(400, {"detail": "start date is too far in the past"})


def not_found() -> Refusal:
    return _refusal(404, {"code": "resource_not_found", "title": "Not Found", "detail": "Resource not found"})


def invalid_query(detail: str) -> Refusal:
    """A 400 of the metrics API, which names no request."""
    return Refusal(400, {"errors": [{"status": "400", "detail": detail}]})


def throttled(headers: Mapping[str, str]) -> Refusal:
    return Refusal(429, {"errors": [{"status": "429", "detail": "Exceeded rate limit"}]}, headers)


def _refusal(status: int, error: Json, headers: Mapping[str, str] | None = None) -> Refusal:
    return Refusal(status, lambda id: {"errors": [{"id": id, "status": str(status), **error}]}, headers)
