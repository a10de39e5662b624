"""What a request asks for: its times, and the teams that it covers."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request

from sandbox.vendors.cursor.credentials import FOREIGN_ORGANIZATION_ID, ORGANIZATION_ID
from sandbox.vendors.cursor.events import HOME_TEAM, OTHER_TEAM
from sandbox.vendors.cursor.refusals import no_organization, refuse

Asked = Mapping[str, Any]


def of_organization(request: Request) -> bool:
    return "/organizations/" in request.url.path


def teams_of(request: Request, asked: Asked) -> set[int]:
    """The teams that the request covers. Raises for a missing or foreign organization."""
    if not of_organization(request):
        return {HOME_TEAM}
    organization = asked.get("organizationId")
    if not organization:
        raise refuse(400, "organizationId is required")
    if organization == FOREIGN_ORGANIZATION_ID:
        raise refuse(403, "Not authorized")
    if organization != ORGANIZATION_ID:
        raise no_organization()
    return {HOME_TEAM, OTHER_TEAM} & set(asked.get("teamIds") or (HOME_TEAM, OTHER_TEAM))


def instants(asked: Asked) -> tuple[int, int]:
    first, last = asked.get("startDate"), asked.get("endDate")
    if not isinstance(first, int) or not isinstance(last, int) or last < first:
        raise refuse(400, "startDate and endDate must be epoch milliseconds")
    return first, last


def date_of(text: str) -> date:
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise refuse(400, "Invalid date")
    return date.fromisoformat(text[:10])
