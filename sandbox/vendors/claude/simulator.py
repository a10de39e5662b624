"""The two Claude APIs on one host: who may ask what, how often, and which part answers."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.vendor import SandboxVendor, json_answer
from sandbox.vendors.claude.admin import Admin
from sandbox.vendors.claude.claude_code import ClaudeCode, look_up
from sandbox.vendors.claude.console import Console
from sandbox.vendors.claude.credentials import Key
from sandbox.vendors.claude.engagement import Engagement
from sandbox.vendors.claude.knobs import ENGAGEMENT, Knobs
from sandbox.vendors.claude.organizations import (
    CONSOLE_ID,
    CONSOLE_NAME,
    ENTERPRISE_ID,
    WORKSPACES,
    api_keys,
    console_users,
    enterprise_users,
    stamp,
)
from sandbox.vendors.claude.query import (
    STOP,
    Query,
    Refusal,
    invalid,
    missing_scopes,
    not_found,
    permission,
    too_many_requests,
)
from sandbox.vendors.claude.reports import ENDPOINTS as REPORTS
from sandbox.vendors.claude.reports import Reports
from sandbox.vendors.claude.truth import Truth
from sandbox.world import World

_LOOK_UPS = ("me", "users", "workspaces", "api_keys")
_ADMIN_REPORTS = ("usage_report/messages", "cost_report", "usage_report/claude_code")
_ORGANIZATIONS = {"enterprise": ENTERPRISE_ID, "console": CONSOLE_ID}


class ClaudeSandbox(Knobs, SandboxVendor):
    """Enterprise Analytics API and Admin API; every knob is described in `Knobs`."""

    name = "claude"

    def __init__(self, world: World, clock: Clock) -> None:
        SandboxVendor.__init__(self, world, clock)
        Knobs.__init__(self)
        console = Console(world)
        self._engagement = Engagement(world, self)
        self._reports = Reports(world, self)
        self._admin = Admin(console, self)
        self._claude_code = ClaudeCode(console, self)
        self._truth = Truth(self, self._engagement, self._reports, self._admin, self._claude_code)
        self._answered = 0

    def routes(self) -> list[Route]:
        paths = (
            *(f"analytics/{endpoint}" for endpoint in (*ENGAGEMENT, *REPORTS)),
            *_ADMIN_REPORTS,
            *_LOOK_UPS,
        )
        own = [Route(f"/v1/organizations/{path}", self._serve(path), name=path) for path in paths]
        return [*own, Route("/{rest:path}", self._serve(None))]

    def ledger(self, start: date, end: date) -> Ledger:
        """What a reader with both keys must emit, as of the clock, for the days [start, end)."""
        return self._truth.ledger(start, end, self.clock.now())

    def characterize(self, draw: Random) -> None:
        self.twins = draw.random() < 0.5

    def _serve(self, path: str | None) -> Any:
        async def endpoint(request: Request) -> Response:
            self._answered += 1
            headers = {"request-id": f"req_01Sandbox{self._answered:014d}"}
            try:
                if path is None:
                    raise not_found()
                key = self._key(request, path)
                if self.organization_header:
                    headers["anthropic-organization-id"] = _ORGANIZATIONS[key.organization]
                self._admit(request, path, key)
                headers.update(self._quota(path, key))
                return json_answer(self._answer(request, path, key), headers=headers)
            except Refusal as refusal:
                error = {"type": refusal.type, "message": refusal.message}
                body = {"type": "error", "error": error, "request_id": headers["request-id"]}
                return json_answer(body, refusal.status, {**headers, **refusal.headers})

        return endpoint

    def _key(self, request: Request, path: str) -> Key:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        secret = request.headers.get("x-api-key")
        key = self.keys.get(secret if secret is not None else bearer)
        if key is None or key.bearer != (secret is None):
            if self._hides(path):
                raise not_found()
            raise Refusal(401, "authentication_error", "invalid x-api-key", STOP)
        return key

    def _admit(self, request: Request, path: str, key: Key) -> None:
        """Scope, rate, and the version header, which only the Admin API insists on."""
        analytics = path.startswith("analytics/")
        if analytics:
            if "read:analytics" not in key.scopes:
                if self._hides(path):
                    raise not_found()
                raise _wrong_key(key, "read:analytics")
            if self.analytics_off:
                raise permission("Analytics API access is disabled for this organization.")
        elif path == "users" and key.organization == "enterprise":
            if "read:members" not in key.scopes:
                raise missing_scopes(key.scopes, "read:members")
        elif "org:admin" not in key.scopes:
            raise _wrong_key(key, "org:admin")
        limit = self.analytics_limit if analytics else self.admin_limit
        wait = limit.take(key.organization, self.clock.now())
        if wait is not None:
            told = self.analytics_retry_after if analytics else self.admin_retry_after
            raise too_many_requests(self._quota(path, key), max(1, math.ceil(wait)) if told else None)
        if path in self.absent:
            raise not_found()
        if path in self.denied:
            raise permission(f"This API key has no access to {path}")
        if key.organization == "console" and "anthropic-version" not in request.headers:
            raise invalid("anthropic-version: header is required")

    def _quota(self, path: str, key: Key) -> dict[str, str]:
        """What is left of the hour, and when it is whole again; the reset is often over, as clients saw."""
        if path.startswith("analytics/") or not self.admin_quota_told:
            return {}
        now = self.clock.now()
        wait = -30.0 if self.admin_reset_stale else math.ceil(self.admin_limit.reset(key.organization, now))
        return {
            "anthropic-ratelimit-requests-limit": str(self.admin_limit.requests),
            "anthropic-ratelimit-requests-remaining": str(self.admin_limit.remaining(key.organization, now)),
            "anthropic-ratelimit-requests-reset": stamp(now + timedelta(seconds=wait)),
        }

    def _hides(self, path: str) -> bool:
        return self.older_not_found and path.removeprefix("analytics/") in ENGAGEMENT

    def _answer(self, request: Request, path: str, key: Key) -> Mapping[str, Any]:
        query = Query(request, self.clock.now())
        endpoint = path.removeprefix("analytics/")
        if path.startswith("analytics/"):
            serves = self._reports if endpoint in REPORTS else self._engagement
            return serves.answer(endpoint, query)
        if path == "usage_report/claude_code":
            return self._claude_code.answer(query)
        if path in _ADMIN_REPORTS:
            return self._admin.answer(path, query, request.headers.get("anthropic-beta", ""))
        if path == "me":
            return {"id": CONSOLE_ID, "type": "organization", "name": CONSOLE_NAME}
        return look_up(query, self._listed(path, query, key))

    def _listed(self, path: str, query: Query, key: Key) -> list[dict[str, Any]]:
        if path == "users":
            if key.organization == "enterprise":
                return enterprise_users(self.world, self.clock.today())
            return console_users(self.world)
        if path == "api_keys":
            return api_keys(self.world)
        archived = query.flag("include_archived")
        return [row for row in WORKSPACES if archived or not row["archived_at"]]


def _wrong_key(key: Key, needed: str) -> Refusal:
    """A key of the other API is told so in other words than one that merely lacks a scope."""
    if "org:admin" in key.scopes or needed == "org:admin":
        got = ", ".join(key.scopes)
        return permission(f"This API key does not have the required scopes. Got: [{got}]. Needed: [{needed}]")
    return missing_scopes(key.scopes, needed)
