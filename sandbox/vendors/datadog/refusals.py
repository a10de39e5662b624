"""The refusals in their three shapes, as the SDKs' recorded traffic has them, and the headers of the limit."""

import math
from datetime import datetime

from sandbox.kit import Json, Refusal
from sandbox.limits import Limit

JSON_API = "application/vnd.api+json"
TOO_MANY_PAGE = "<html><head><title>429 Too Many Requests</title></head><body>Too Many Requests</body></html>"
_NON_PARENT = "API called with non-parent org keys. Data is only available at the root level org"


def bad_keys() -> Refusal:
    """The edge does not know the keys."""
    body = {
        "status": "error",
        "code": 403,
        "errors": ["Forbidden"],
        "statuspage": "http://status.datadoghq.com",  # ignore-https-check
        "twitter": "http://twitter.com/datadogops",  # ignore-https-check
        "email": "support@datadoghq.com",
    }
    return Refusal(403, body)


def plain(status: int, text: str) -> Refusal:
    return Refusal(status, {"errors": [text]})


def beyond(name: str, months: int, oldest: str) -> Refusal:
    return plain(400, f"{name} cannot go beyond {months} months in the past; the farthest you can go: {oldest}")


def json_api(detail: str) -> Refusal:
    error = {"status": "400", "title": "Bad Request", "detail": detail}
    return Refusal(400, {"errors": [error]}, media_type=JSON_API)


def non_parent(as_json_api: bool) -> Refusal:
    if not as_json_api:
        return plain(400, _NON_PARENT)
    empty = dict.fromkeys(("id", "links", "code", "source", "meta"))
    error: Json = {**empty, "status": "400", "title": "Bad Request", "detail": _NON_PARENT}
    return Refusal(400, {"errors": [error]}, media_type=JSON_API)


def too_many(limit: Limit) -> Refusal:
    rate = f"{limit.requests} requests in {limit.seconds:g} seconds"
    return plain(429, f"Rate limit of {rate} reached. Please try again later.")


def limit_headers(limit: Limit, key: str, now: datetime, name: str | None, *, epoch: bool) -> dict[str, str]:
    """The reset as seconds until it or as its `epoch`; nothing when there is no limit."""
    remaining = limit.remaining(key, now)
    if remaining is None:
        return {}
    reset = limit.reset(key, now) + (now.timestamp() if epoch else 0)
    headers = {
        "X-RateLimit-Limit": str(limit.requests),
        "X-RateLimit-Period": f"{limit.seconds:g}",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(math.ceil(reset)),
    }
    return {**headers, "X-RateLimit-Name": name} if name else headers
