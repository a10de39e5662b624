"""The refusals in their three envelopes: those of the documentation, and what clients report of live keys."""

from collections.abc import Mapping

from sandbox.kit import Refusal
from sandbox.vendors.cursor.credentials import Key


def refuse(status: int, message: str) -> Refusal:
    return Refusal(status, {"code": "error", "message": message})


def not_found() -> Refusal:
    return Refusal(404, {"error": "Not Found", "message": "Resource not found"})


def no_organization() -> Refusal:
    return Refusal(404, {"error": "Organization not found"})


def throttled(headers: Mapping[str, str]) -> Refusal:
    body = {"error": "Too Many Requests", "message": "Rate limit exceeded. Please try again later."}
    return Refusal(429, body, headers)


def check_kind(path: str, key: Key | None) -> Key:
    """The key, when it is of the kind that this path takes. Raises Refusal."""
    wanted = "organization" if path.startswith("/organizations/") else "team"
    if key is None or key.kind != wanted:
        raise refuse(401, f"Invalid {wanted.title()} API Key")
    return key


def check_rights(path: str, key: Key) -> None:
    """Raises Refusal when the key or its plan lacks what the path needs."""
    if key.kind == "organization" and not key.usage and path != "/organizations/members":
        raise refuse(401, "Organization API key missing required scope: usage:*")
    if path.endswith("/members") and not key.members:
        raise refuse(403, "Not authorized")
    if path.startswith("/analytics/") and not key.enterprise:
        raise refuse(401, "You must be a member of an enterprise team to access this resource")
    if path == "/teams/groups" and not key.enterprise:
        raise Refusal(403, {"error": "Forbidden", "message": "Enterprise access required"})
