"""The vendor's APIs on one address: paths, keys and limits."""

from dataclasses import dataclass
from functools import partial

from sandbox.clock import Clock
from sandbox.kit import Json, Refusal, bearer
from sandbox.limits import Limit
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.openai import refusals
from sandbox.vendors.openai.analytics import Analytics
from sandbox.vendors.openai.buckets import Buckets
from sandbox.vendors.openai.codex_activity import CodexActivity
from sandbox.vendors.openai.credentials import CODEX_SCOPE, MANAGEMENT_SCOPE, USAGE_SCOPE, WORKSPACE_SCOPE, Key
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.endpoints import ENDPOINTS
from sandbox.vendors.openai.knobs import Knobs
from sandbox.vendors.openai.ledger import OpenAILedger
from sandbox.vendors.openai.lookups import Lookups
from sandbox.vendors.openai.query import Query
from sandbox.vendors.openai.reported import Reported
from sandbox.world import World

_CODEX = "/v1/analytics/codex/workspaces/{workspace}"


@dataclass(frozen=True)
class Path(Endpoint):
    """`scope`: the one that its key needs; `analytics`: it belongs to the workspace analytics, else to the platform."""

    scope: str = USAGE_SCOPE
    analytics: bool = False


class OpenAISandbox(SandboxVendor[Path, Key], Knobs):
    """Organization usage, costs and look-ups, Codex analytics and the workspace's daily usage."""

    name = "openai"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        self.directory = Directory(world)
        reported = Reported(world, clock, self, self.directory)
        activity = CodexActivity(world)
        self._buckets = Buckets(reported, self, self.directory)
        self._lookups = Lookups(world, self.directory, self)
        self._analytics = Analytics(activity, self.directory, self)
        self._ledger = OpenAILedger(self, self.directory, reported, activity, self._buckets, self._analytics)

    def endpoints(self) -> list[Path]:
        usage, reviews = self._analytics.usage, self._analytics.reviews
        codex, workspace = partial(Path, scope=CODEX_SCOPE, analytics=True), partial(Path, scope=WORKSPACE_SCOPE)
        management = partial(Path, scope=MANAGEMENT_SCOPE)
        return [
            Path("/v1/organization/usage/{endpoint}", self._usage),
            Path("/v1/organization/costs", lambda call, _: self._buckets.costs(Query(call.query), call.now)),
            management("/v1/organization/projects", self._lookups.projects),
            management("/v1/organization/projects/{project}/api_keys", self._lookups.api_keys),
            management("/v1/organization/users", self._lookups.users),
            codex(f"{_CODEX}/usage", lambda call, _: usage(call.query, call.now, all_products=False)),
            codex(f"{_CODEX}/code_reviews", lambda call, _: reviews(call.query, call.now, responses=False)),
            codex(f"{_CODEX}/code_review_responses", lambda call, _: reviews(call.query, call.now, responses=True)),
            workspace(
                "/v1/analytics/workspaces/{workspace}/usage",
                lambda call, _: usage(call.query, call.now, all_products=True),
                analytics=True,
            ),
        ]

    def authenticate(self, endpoint: Path, call: Call) -> Key:
        secret = bearer(call.request)
        key: Key | None = self.keys.get(secret)
        if key is None:
            raise refusals.analytics(401, "Unauthorized") if endpoint.analytics else refusals.invalid_key(secret)
        return key

    def authorize(self, endpoint: Path, call: Call, key: Key) -> None:
        scope = endpoint.scope
        if endpoint.analytics:
            if scope not in key.scopes:
                raise refusals.analytics(403, f"Missing scope {scope}")
            return
        if not key.admin:
            raise refusals.missing_scope(403, scope)
        if scope not in key.scopes:
            raise refusals.missing_scope(403 if scope == MANAGEMENT_SCOPE else self.missing_scope_status, scope)
        if self.quota_spent:
            raise refusals.quota_spent()

    def limit_of(self, endpoint: Path, call: Call, key: Key) -> tuple[Limit, str]:
        return self.codex_limit if endpoint.analytics else self.limit, bearer(call.request)

    def throttled(self, endpoint: Path, call: Call, key: Key, wait: float) -> Refusal:
        return (refusals.analytics_throttled if endpoint.analytics else refusals.throttled)(wait, self.throttle)

    def counted(self, endpoint: Path, call: Call, key: Key) -> None:
        if endpoint.analytics and call.request.path_params["workspace"] not in self.workspaces:
            raise refusals.analytics(404, "Workspace not found")

    def unknown(self, call: Call) -> Refusal:
        return refusals.platform(404, f"Invalid URL ({call.request.method} {call.path})")

    def _usage(self, call: Call, _: Key) -> Json:
        name = call.request.path_params["endpoint"]
        if name not in ENDPOINTS or name in self.unavailable:
            raise self.unknown(call)
        return self._buckets.usage(name, Query(call.query), call.now)
