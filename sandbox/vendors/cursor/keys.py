"""Who may ask: keys by kind, and the refusals that the others get."""

import base64
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

TEAM_KEY = "crsr_sandbox_team_key_0001"
READ_ONLY_TEAM_KEY = "crsr_sandbox_read_only_key_0002"
TEAMS_PLAN_KEY = "crsr_sandbox_teams_plan_key_0003"
ORGANIZATION_KEY = "crsr_sandbox_organization_key_0004"
ORGANIZATION_KEY_WITHOUT_USAGE = "crsr_sandbox_org_no_usage_key_0005"
PERSONAL_KEY = "crsr_sandbox_personal_key_0006"

ORGANIZATION_ID = "org_sandbox01"
FOREIGN_ORGANIZATION_ID = "org_foreign99"


@dataclass(frozen=True)
class Key:
    """`kind`: team, organization or personal; `enterprise`: the plan includes Analytics and AI Code Tracking."""

    kind: str
    enterprise: bool = True
    usage: bool = True
    members: bool = True


KEYS = {
    TEAM_KEY: Key("team"),
    READ_ONLY_TEAM_KEY: Key("team", members=False),
    TEAMS_PLAN_KEY: Key("team", enterprise=False),
    ORGANIZATION_KEY: Key("organization"),
    ORGANIZATION_KEY_WITHOUT_USAGE: Key("organization", usage=False),
    PERSONAL_KEY: Key("personal"),
}


class Refusal(Exception):
    """An error answer; `body` in one of the three envelopes that live tenants show."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}


def refuse(status: int, message: str) -> Refusal:
    return Refusal(status, {"code": "error", "message": message})


def presented(request: Request) -> str:
    """The key of HTTP Basic's user name with an empty password; empty when there is none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return ""
    return user if scheme.lower() == "basic" and not password else ""


def authorize(path: str, key: Key | None) -> None:
    """Raise what the API answers when this key may not ask for this path."""
    wanted = "organization" if path.startswith("/organizations/") else "team"
    if key is None or key.kind != wanted:
        raise refuse(401, f"Invalid {wanted.title()} API Key")
    if wanted == "organization" and not key.usage and path != "/organizations/members":
        raise refuse(401, "Organization API key missing required scope: usage:*")
    if path.endswith("/members") and not key.members:
        raise refuse(403, "Not authorized")
    if path.startswith("/analytics/") and not key.enterprise:
        raise refuse(401, "You must be a member of an enterprise team to access this resource")
    if path == "/teams/groups" and not key.enterprise:
        raise Refusal(403, {"error": "Forbidden", "message": "Enterprise access required"})
