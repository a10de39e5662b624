"""The vendor's endpoints: who may call them, how often, and what they answer."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.kit import Json, Refusal
from sandbox.limits import Limit
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.datadog import refusals
from sandbox.vendors.datadog.attribution import Attribution
from sandbox.vendors.datadog.billable import BillableUsage
from sandbox.vendors.datadog.catalog import EVERY, ROOT
from sandbox.vendors.datadog.costs import Costs
from sandbox.vendors.datadog.credentials import BILLING_READ, USAGE_READ, ApplicationKey
from sandbox.vendors.datadog.hourly import Hourly
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.ledger import DatadogLedger
from sandbox.vendors.datadog.lookups import attribution_types, dimension_mapping
from sandbox.vendors.datadog.quantities import Quantities
from sandbox.vendors.datadog.query import Query
from sandbox.vendors.datadog.statements import Statements
from sandbox.world import World

# one bucket for all usage paths of the account
_BUCKET = "usage"
_ORGANIZATIONS = {org.public_id: org for org in EVERY}


@dataclass(frozen=True)
class Path(Endpoint):
    """`cost` ones need both scopes; `by_tag` ones need the plan; `json_api`: how a child's key is refused.

    `unmetered`: it takes the API key alone and is not counted.
    """

    parent_only: bool = False
    cost: bool = False
    by_tag: bool = False
    json_api: bool = False
    unmetered: bool = False


class DatadogSandbox(SandboxVendor[Path, ApplicationKey], Knobs):
    """Cost, usage and attribution of one parent organization, its children and a partner's account."""

    name = "datadog"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        quantities = Quantities(world, self)
        statements = Statements(quantities, self)
        self._billable, self._hourly = BillableUsage(quantities, self), Hourly(world, self)
        self._costs, self._attribution = Costs(statements, self), Attribution(quantities, self)
        self._ledger = DatadogLedger(statements, self._billable, self._hourly, self._attribution, self)

    def endpoints(self) -> list[Path]:
        costs, attribution = self._costs, self._attribution
        usage, by_tag = "/api/v2/usage", "/api/v2/cost_by_tag/monthly_cost_attribution"
        mapping = _asking(dimension_mapping)
        return [
            Path(f"{usage}/historical_cost", _asking(costs.historical), parent_only=True, cost=True),
            Path(f"{usage}/estimated_cost", _asking(costs.estimated), parent_only=True, cost=True),
            Path(f"{usage}/projected_cost", _asking(costs.projected), parent_only=True, cost=True),
            Path(f"{usage}/hourly_usage", _asking(self._hourly.answer)),
            Path("/api/v1/usage/billable-summary", _asking(self._billable.answer), parent_only=True),
            Path(f"{usage}/billing_dimension_mapping", mapping, parent_only=True, json_api=True),
            Path(by_tag, _asking(attribution.monthly_cost), parent_only=True, cost=True, by_tag=True),
            Path("/api/v1/usage/monthly-attribution", _asking(attribution.monthly_usage), by_tag=True),
            Path("/api/v1/usage/hourly-attribution", _asking(attribution.hourly_usage), by_tag=True),
            Path(f"{usage}/usage-attribution-types", _asking(attribution_types), by_tag=True),
            Path("/api/v1/validate", lambda *_: {"valid": True}, unmetered=True),
        ]

    def authenticate(self, endpoint: Path, call: Call) -> ApplicationKey:
        """Both keys are known and belong together."""
        api_key = call.request.headers.get("dd-api-key", "")
        owner = self.api_keys.get(api_key)
        if endpoint.unmetered:
            if not api_key:
                raise refusals.plain(403, "API key required")
            if owner is None:
                raise refusals.bad_keys()
            return ApplicationKey(owner)
        key: ApplicationKey | None = self.application_keys.get(call.request.headers.get("dd-application-key", ""))
        if key is None or key.public_id != owner:
            raise refusals.bad_keys()
        return key

    def authorize(self, endpoint: Path, call: Call, key: ApplicationKey) -> None:
        if endpoint.unmetered:
            return
        if endpoint.path in self.absent:
            raise refusals.plain(404, "Not found")
        needed = {USAGE_READ, BILLING_READ} if endpoint.cost else {USAGE_READ}
        closed = (endpoint.cost and self.marketplace_billed) or (endpoint.by_tag and not self.attribution_plan)
        if closed or not needed <= key.scopes:
            raise refusals.plain(403, "Forbidden")
        if _is_child(endpoint, key) and self.child_refusal == 403:
            raise refusals.plain(403, "Access was denied to this resource.")

    def limit_of(self, endpoint: Path, call: Call, key: ApplicationKey) -> tuple[Limit, str] | None:
        return None if endpoint.unmetered else (self.limit, _BUCKET)

    def throttled(self, endpoint: Path, call: Call, key: ApplicationKey, wait: float) -> Refusal:
        call.headers |= self._limit_headers(call)
        return refusals.too_many(self.limit)

    def counted(self, endpoint: Path, call: Call, key: ApplicationKey) -> None:
        call.headers |= self._limit_headers(call)
        if _is_child(endpoint, key):
            raise refusals.non_parent(endpoint.json_api)

    def unknown(self, call: Call) -> Refusal:
        return refusals.plain(404, "Not found")

    def refused(self, refusal: Refusal, call: Call) -> Response:
        if refusal.status == 429 and self.limit_body != "JSON":
            return Response(refusals.TOO_MANY_PAGE, 429, call.headers, "text/html")
        return super().refused(refusal, call)

    def _limit_headers(self, call: Call) -> dict[str, str]:
        if self.limit_body == "nothing":
            return {}
        return refusals.limit_headers(self.limit, _BUCKET, call.now, self.limit_name, epoch=self.limit_reset == "epoch")


def _asking(answer: Callable[[Query], Json]) -> Callable[[Call, ApplicationKey], Json]:
    return lambda call, key: answer(Query(call.query, _ORGANIZATIONS[key.public_id], call.now))


def _is_child(endpoint: Path, key: ApplicationKey) -> bool:
    """Whether a child asks for what the parent alone may see."""
    return endpoint.parent_only and key.public_id != ROOT.public_id
