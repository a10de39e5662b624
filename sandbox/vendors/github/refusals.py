"""The refusals: envelopes as documented, wordings as clients recorded them."""

from collections.abc import Mapping

from starlette.responses import Response

from sandbox.kit import Json, Refusal

_DOCUMENTATION = "https://docs.github.com/rest"


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None, **more: object) -> Refusal:
    """The status is repeated as text."""
    body: Json = {"message": message, **more, "documentation_url": _DOCUMENTATION, "status": str(status)}
    return Refusal(status, body, headers)


def bad_request(message: str = "Bad Request") -> Refusal:
    return refusal(400, message)


def not_found() -> Refusal:
    return refusal(404, "Not Found")


def not_accessible() -> Refusal:
    return refusal(403, "Resource not accessible by personal access token")


def not_an_owner() -> Refusal:
    return refusal(403, "Must have admin rights to Repository.")


def invalid(field: str) -> Refusal:
    return refusal(422, "Validation Failed", errors=[{"resource": "Report", "field": field, "code": "invalid"}])


def secondary_limit(status: int, wait: int | None) -> Refusal:
    headers = {} if wait is None else {"Retry-After": str(wait)}
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return refusal(status, message, headers)


def expired_link() -> Response:
    """A link that is expired, or was asked with an Authorization, as storage answers it."""
    body = '<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code></Error>'
    return Response(body, 403, media_type="application/xml")
