"""The vendor's APIs on one address: routes, keys and limits."""

from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.vendor import SandboxVendor, json_answer
from sandbox.vendors.openai.analytics import Analytics
from sandbox.vendors.openai.books import Books
from sandbox.vendors.openai.buckets import Buckets
from sandbox.vendors.openai.codex_activity import CodexActivity
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.endpoints import ENDPOINTS
from sandbox.vendors.openai.keys import (
    CODEX_SCOPE,
    MANAGEMENT_SCOPE,
    USAGE_SCOPE,
    WORKSPACE_SCOPE,
    Key,
)
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.lookups import Lookups
from sandbox.vendors.openai.parameters import Parameters
from sandbox.vendors.openai.records import Records
from sandbox.vendors.openai.refusals import (
    Refusal,
    analytics,
    invalid_key,
    missing_scope,
    platform,
    quota_spent,
    throttled,
)
from sandbox.world import World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class OpenAISandbox(Knobs, SandboxVendor):
    """Organization usage, costs and look-ups, Codex analytics and the workspace's daily usage."""

    name = "openai"

    def __init__(self, world: World, clock: Clock) -> None:
        SandboxVendor.__init__(self, world, clock)
        Knobs.__init__(self)
        self.directory = Directory(world)
        books = Books(world, clock, self, self.directory)
        activity = CodexActivity(world)
        self._buckets = Buckets(books, self, self.directory)
        self._lookups = Lookups(world, self.directory, self)
        self._analytics = Analytics(activity, self.directory, self)
        self._records = Records(self, self.directory, books, activity, self._buckets, self._analytics)

    def routes(self) -> list[Route]:
        codex = "/v1/analytics/codex/workspaces/{workspace}"
        served: dict[str, Callable[[Request], Any]] = {
            "/v1/organization/usage/{endpoint}": self._usage,
            "/v1/organization/costs": self._costs,
            "/v1/organization/{lookup:path}": self._lookup,
            f"{codex}/usage": self._codex_usage,
            f"{codex}/code_reviews": self._code_reviews,
            f"{codex}/code_review_responses": self._code_review_responses,
            "/v1/analytics/workspaces/{workspace}/usage": self._workspace_usage,
        }
        routes = [Route(path, _answering(answer)) for path, answer in served.items()]
        return [*routes, Route("/{path:path}", _answering(_unknown), methods=_METHODS)]

    def ledger(self, start: date, end: date) -> Ledger:
        """Stream by stream; days that the vendor does not serve any more are left out."""
        return self._records.ledger(start, end, self.clock.now())

    def _usage(self, request: Request) -> Any:
        parameters = self._admit(request, USAGE_SCOPE)
        name = request.path_params["endpoint"]
        if name not in ENDPOINTS or name in self.unavailable:
            raise _no_url(request)
        return self._buckets.usage(name, parameters, self.clock.now())

    def _costs(self, request: Request) -> Any:
        return self._buckets.costs(self._admit(request, USAGE_SCOPE), self.clock.now())

    def _lookup(self, request: Request) -> Any:
        parameters = self._admit(request, MANAGEMENT_SCOPE)
        return self._lookups.read(request.path_params["lookup"], parameters, self.clock.today())

    def _admit(self, request: Request, scope: str) -> Parameters:
        """The parameters of a platform request whose key may make it, now."""
        secret, key = self._key(request)
        if key is None:
            raise invalid_key(secret)
        if not key.admin:
            raise missing_scope(403, scope)
        if scope not in key.scopes:
            management = scope == MANAGEMENT_SCOPE
            raise missing_scope(403 if management else self.missing_scope_status, scope)
        if self.quota_spent:
            raise quota_spent()
        wait = self.limit.take(secret, self.clock.now())
        if wait is not None:
            raise throttled(wait, self.throttle)
        return Parameters(request.query_params)

    def _codex_usage(self, request: Request) -> Any:
        self._admit_analytics(request, CODEX_SCOPE)
        return self._analytics.usage(request.query_params, self.clock.now(), all_products=False)

    def _code_reviews(self, request: Request) -> Any:
        self._admit_analytics(request, CODEX_SCOPE)
        return self._analytics.reviews(request.query_params, self.clock.now(), responses=False)

    def _code_review_responses(self, request: Request) -> Any:
        self._admit_analytics(request, CODEX_SCOPE)
        return self._analytics.reviews(request.query_params, self.clock.now(), responses=True)

    def _workspace_usage(self, request: Request) -> Any:
        self._admit_analytics(request, WORKSPACE_SCOPE)
        return self._analytics.usage(request.query_params, self.clock.now(), all_products=True)

    def _admit_analytics(self, request: Request, scope: str) -> None:
        secret, key = self._key(request)
        if key is None:
            raise analytics(401, "Unauthorized")
        if scope not in key.scopes:
            raise analytics(403, f"Missing scope {scope}")
        wait = self.codex_limit.take(secret, self.clock.now())
        if wait is not None:
            refusal = throttled(wait, self.throttle)
            raise Refusal(429, {"detail": "Too many requests"}, refusal.headers)
        if request.path_params["workspace"] not in self.workspaces:
            raise analytics(404, "Workspace not found")

    def _key(self, request: Request) -> tuple[str, Key | None]:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return "", None
        return secret, self.keys.get(secret)


def _answering(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            return json_answer(answer(request))
        except Refusal as refusal:
            return json_answer(refusal.body, refusal.status, refusal.headers)

    return endpoint


def _unknown(request: Request) -> Any:
    raise _no_url(request)


def _no_url(request: Request) -> Refusal:
    path = request.url.path.removeprefix(f"/{OpenAISandbox.name}")
    return platform(404, f"Invalid URL ({request.method} {path})")
