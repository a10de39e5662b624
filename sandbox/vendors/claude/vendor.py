"""The two Claude APIs on one host: who may ask what, how often, and which part answers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.kit import Json, Refusal
from sandbox.limits import Limit
from sandbox.times import stamp
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.claude import refusals
from sandbox.vendors.claude.admin import Admin
from sandbox.vendors.claude.claude_code import ClaudeCode
from sandbox.vendors.claude.console import Console
from sandbox.vendors.claude.credentials import Key
from sandbox.vendors.claude.engagement import Engagement
from sandbox.vendors.claude.knobs import ENGAGEMENT, Knobs
from sandbox.vendors.claude.ledger import ClaudeLedger
from sandbox.vendors.claude.lookups import Lookups
from sandbox.vendors.claude.query import Query
from sandbox.vendors.claude.reports import ENDPOINTS as REPORTS
from sandbox.vendors.claude.reports import Reports
from sandbox.vendors.claude.spend import BETA as SPEND_BETA
from sandbox.vendors.claude.spend import ENDPOINTS as SPEND
from sandbox.vendors.claude.spend import SpendReports
from sandbox.vendors.claude.spend_limits import BETA as LIMITS_BETA
from sandbox.vendors.claude.spend_limits import SpendLimits
from sandbox.world import World

# what an Enterprise key needs for the lists that it shares with the Admin API
_OF_ENTERPRISE = {"users": "read:members", "spend_limits": "read:spend_limits"}


@dataclass(frozen=True)
class Path(Endpoint):
    """`name`: the path below `/v1/organizations`."""

    name: str = ""

    @property
    def analytics(self) -> bool:
        return self.name.startswith("analytics/")

    @property
    def spend(self) -> bool:
        """One that either kind of key may ask."""
        return self.name.removeprefix("analytics/") in SPEND

    @property
    def beta(self) -> str | None:
        """What the header anthropic-beta must name."""
        return SPEND_BETA if self.spend else LIMITS_BETA if self.name == "spend_limits" else None

    def scope_of(self, key: Key) -> str:
        """The scope that a key needs."""
        if self.analytics:
            return "read:analytics"
        scopes = _OF_ENTERPRISE if key.organization == "enterprise" else {}
        return scopes.get(self.name.partition("/")[0], "org:admin")


class ClaudeSandbox(SandboxVendor[Path, Key], Knobs):
    """Enterprise Analytics API and Admin API; every knob is described in `Knobs`."""

    name = "claude"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        console = Console(world)
        self._engagement = Engagement(world, self)
        self._reports = Reports(world, self)
        self._admin = Admin(console, self)
        self._claude_code = ClaudeCode(console, self)
        self._lookups = Lookups(world)
        self._spend = SpendReports(world, self, self._reports, self._admin)
        self._spend_limits = SpendLimits(self._reports)
        self._ledger = ClaudeLedger(
            self, self._engagement, self._reports, self._admin, self._claude_code, self._spend, self._spend_limits
        )

    def endpoints(self) -> list[Path]:
        engagement, reports = self._engagement.answer, self._reports.answer
        answers: dict[str, Callable[[Query, Key], Json]] = {
            **{f"analytics/{name}": _named(engagement, name) for name in ENGAGEMENT},
            **{f"analytics/{name}": _named(reports, name) for name in REPORTS},
            "analytics/cost": lambda query, key: self._spend.answer("cost", query, key),
            "analytics/usage": lambda query, key: self._spend.answer("usage", query, key),
            "spend_limits": self._spend_limits.answer_limits,
            "spend_limits/effective": self._spend_limits.answer_effective,
            "usage_report/messages": lambda query, _: self._admin.usage_report(query),
            "cost_report": lambda query, _: self._admin.cost_report(query),
            "usage_report/claude_code": lambda query, _: self._claude_code.answer(query),
            "me": self._lookups.me,
            "users": self._lookups.users,
            "workspaces": self._lookups.workspaces,
            "api_keys": self._lookups.api_keys,
        }
        return [Path(f"/v1/organizations/{name}", _asking(answer), name=name) for name, answer in answers.items()]

    def characterize(self, draw: Random) -> None:
        self.twins = draw.random() < 0.5

    def repage(self, draw: Random) -> Sequence[Fault]:
        self.spend_page_rows = draw.choice([40, 150, None])
        return ()

    def request_id(self, number: int) -> str:
        return f"req_01Sandbox{number:014d}"

    def finish(self, call: Call) -> None:
        call.headers["request-id"] = call.id

    def authenticate(self, endpoint: Path, call: Call) -> Key:
        key = self.keys.get(call.request.headers.get("x-api-key", ""))
        if key is None:
            raise refusals.not_found() if self._hides(endpoint) else refusals.invalid_key()
        return key

    def authorize(self, endpoint: Path, call: Call, key: Key) -> None:
        call.headers["anthropic-organization-id"] = self.organizations[key.organization]
        if endpoint.spend and "org:admin" in key.scopes:
            return
        needed = endpoint.scope_of(key)
        if needed not in key.scopes:
            if endpoint.analytics and self._hides(endpoint):
                raise refusals.not_found()
            shared = needed in _OF_ENTERPRISE.values()
            raise refusals.missing_scopes(key.scopes, needed) if shared else refusals.wrong_key(key, needed)
        if endpoint.analytics and self.analytics_off:
            raise refusals.permission("Analytics API access is disabled for this organization.")

    def limit_of(self, endpoint: Path, call: Call, key: Key) -> tuple[Limit, str]:
        return self.analytics_limit if endpoint.analytics else self.admin_limit, key.organization

    def throttled(self, endpoint: Path, call: Call, key: Key, wait: float) -> Refusal:
        named = endpoint.analytics or self.admin_retry_after
        return refusals.too_many_requests(wait if named else None, self._quota(endpoint, call, key))

    def counted(self, endpoint: Path, call: Call, key: Key) -> None:
        """Only the Admin API insists on the header of the version."""
        if endpoint.name in self.absent:
            raise refusals.not_found()
        if endpoint.name in self.denied:
            raise refusals.permission(f"This API key has no access to {endpoint.name}")
        if key.organization == "console" and "anthropic-version" not in call.request.headers:
            raise refusals.invalid("anthropic-version: header is required")
        if endpoint.beta and endpoint.beta not in call.request.headers.get("anthropic-beta", "").split(","):
            raise refusals.invalid(f"anthropic-beta: {endpoint.beta} is required")
        call.headers |= self._quota(endpoint, call, key)

    def unknown(self, call: Call) -> Refusal:
        return refusals.not_found()

    def _quota(self, endpoint: Path, call: Call, key: Key) -> dict[str, str]:
        """What is left of the hour, and when it is whole again; the reset is often over, as clients report."""
        if endpoint.analytics or not self.admin_quota_named:
            return {}
        limit, who = self.admin_limit, key.organization
        wait = -30.0 if self.admin_reset_stale else math.ceil(limit.reset(who, call.now))
        return {
            "anthropic-ratelimit-requests-limit": str(limit.requests),
            "anthropic-ratelimit-requests-remaining": str(limit.remaining(who, call.now)),
            "anthropic-ratelimit-requests-reset": stamp(call.now + timedelta(seconds=wait)),
        }

    def _hides(self, endpoint: Path) -> bool:
        return self.older_not_found and endpoint.name.removeprefix("analytics/") in ENGAGEMENT


def _asking(answer: Callable[[Query, Key], Json]) -> Callable[[Call, Key], Json]:
    return lambda call, key: answer(Query(call.path, call.query, call.now), key)


def _named(answer: Callable[[str, Query], Any], name: str) -> Callable[[Query, Key], Json]:
    return lambda query, _: dict(answer(name, query))
