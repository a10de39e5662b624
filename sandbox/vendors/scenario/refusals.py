"""The vendor's refusals, worded and shaped as its API and the gateway before it do."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """An answer that ends the request; `traced` bodies carry a `trace_id`."""

    def __init__(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None, *, traced: bool = False
    ) -> None:
        super().__init__(status, body)
        self.status, self.headers = status, dict(headers or {})
        self._body, self._traced = body, traced

    def body(self, trace_id: str) -> Json:
        return {**self._body, **({"trace_id": trace_id} if self._traced else {})}


def unauthorized() -> Refusal:
    return Refusal(401, {"message": "Unauthorized"})


def protected() -> Refusal:
    """The wrong kind of key, or a missing scope."""
    return Refusal(403, {"message": "API Keys cannot access protected resources"})


def foreign_project(project: str) -> Refusal:
    return Refusal(403, {"reason": f"You do not have access to project {project}"}, traced=True)


def unknown_route() -> Refusal:
    return Refusal(403, {"message": "Missing Authentication Token"})


def invalid(reason: str) -> Refusal:
    return Refusal(400, {"reason": reason}, traced=True)


def no_team() -> Refusal:
    return Refusal(404, {"reason": "Team not found"}, traced=True)


def too_large() -> Refusal:
    return Refusal(502, {"message": "Internal server error"})


def timed_out() -> Refusal:
    return Refusal(504, {"message": "Endpoint request timed out"})


def throttled(seconds: int, form: str) -> Refusal:
    """A 429 in one of the forms in which the vendor names the wait, or does not."""
    if form == "cooldown":
        return Refusal(429, {"reason": "cooldown", "remainingSeconds": seconds})
    waits = {"retry-after": {"Retry-After": str(seconds)}, "retry-after-ms": {"retry-after-ms": str(seconds * 1000)}}
    return Refusal(429, {"message": "Too Many Requests"}, waits.get(form, {}))
