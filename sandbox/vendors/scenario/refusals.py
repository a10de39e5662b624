"""The refusals: statuses of the API reference; most wordings are the gateway's usual ones, which nothing documents."""

from sandbox.kit import Json, Refusal


def unauthorized() -> Refusal:
    return Refusal(401, {"message": "Unauthorized"})


def protected() -> Refusal:
    """The wrong kind of key, or a missing scope."""
    return Refusal(403, {"message": "API Keys cannot access protected resources"})


def foreign_project(project: str) -> Refusal:
    return _traced(403, f"You do not have access to project {project}")


def unknown_route() -> Refusal:
    return Refusal(403, {"message": "Missing Authentication Token"})


def invalid(reason: str) -> Refusal:
    return _traced(400, reason)


def no_team() -> Refusal:
    return _traced(404, "Team not found")


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


def _traced(status: int, reason: str) -> Refusal:
    def body(trace_id: str) -> Json:
        return {"reason": reason, "trace_id": trace_id}

    return Refusal(status, body)
