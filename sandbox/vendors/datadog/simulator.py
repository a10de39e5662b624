"""The vendor's endpoints: who may call them, how often, and what they answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.vendor import SandboxVendor, json_answer
from sandbox.vendors.datadog.attribution import Attribution
from sandbox.vendors.datadog.billable import BillableUsage, dimension_mapping
from sandbox.vendors.datadog.books import Books
from sandbox.vendors.datadog.catalog import EVERY, ROOT, Organization
from sandbox.vendors.datadog.costs import Costs
from sandbox.vendors.datadog.credentials import BILLING_READ, USAGE_READ, ApplicationKey
from sandbox.vendors.datadog.hourly import Hourly
from sandbox.vendors.datadog.knobs import Knobs
from sandbox.vendors.datadog.query import Query
from sandbox.vendors.datadog.refusals import (
    TOO_MANY_PAGE,
    Refusal,
    bad_keys,
    denied,
    forbidden,
    limit_headers,
    non_parent,
    plain,
    too_many,
)
from sandbox.vendors.datadog.statements import Statements
from sandbox.vendors.datadog.truth import Truth
from sandbox.world import World

# one bucket for all usage paths of the account
_BUCKET = "usage"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_ORGANIZATIONS = {org.public_id: org for org in EVERY}


@dataclass(frozen=True)
class Endpoint:
    """`cost` ones need both scopes; `by_tag` ones need the plan; `json_api`: how a child's key is refused."""

    path: str
    answer: Callable[[Query], Any]
    parent_only: bool = False
    cost: bool = False
    by_tag: bool = False
    json_api: bool = False


class DatadogSandbox(Knobs, SandboxVendor):
    """Cost, usage and attribution of one parent organization, its children and a partner's account."""

    name = "datadog"

    def __init__(self, world: World, clock: Clock) -> None:
        SandboxVendor.__init__(self, world, clock)
        Knobs.__init__(self)
        books = Books(world, self)
        statements = Statements(books, self)
        billable, hourly = BillableUsage(books, self), Hourly(world, self)
        costs = Costs(statements, self)
        attribution = Attribution(books, costs, self)
        self._truth = Truth(statements, billable, hourly, attribution, self)
        self._endpoints = (
            Endpoint("/api/v2/usage/historical_cost", costs.historical, parent_only=True, cost=True),
            Endpoint("/api/v2/usage/estimated_cost", costs.estimated, parent_only=True, cost=True),
            Endpoint("/api/v2/usage/projected_cost", costs.projected, parent_only=True, cost=True),
            Endpoint("/api/v2/usage/hourly_usage", hourly.answer),
            Endpoint("/api/v1/usage/billable-summary", billable.answer, parent_only=True),
            Endpoint("/api/v2/usage/billing_dimension_mapping", dimension_mapping, parent_only=True, json_api=True),
            Endpoint(
                "/api/v2/cost_by_tag/monthly_cost_attribution",
                attribution.monthly_cost,
                parent_only=True,
                cost=True,
                by_tag=True,
            ),
            Endpoint("/api/v2/cost_by_tag/active_billing_dimensions", attribution.active_dimensions, by_tag=True),
            Endpoint("/api/v1/usage/monthly-attribution", attribution.monthly_usage, by_tag=True),
            Endpoint("/api/v1/usage/hourly-attribution", attribution.hourly_usage, by_tag=True),
            Endpoint("/api/v2/usage/usage-attribution-types", attribution.types, by_tag=True),
        )

    def routes(self) -> list[Route]:
        return [
            *(Route(endpoint.path, self._answering(endpoint)) for endpoint in self._endpoints),
            Route("/api/v1/validate", self._validate),
            Route("/api/v2/validate_keys", self._validate_keys),
            Route("/{path:path}", _unknown, methods=_METHODS),
        ]

    def ledger(self, start: date, end: date) -> Ledger:
        """All eight streams, as of the clock, for the options in `reader`."""
        return self._truth.ledger(start, end, self.clock.now())

    def _answering(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                caller = self._admit(request, endpoint)
                body = endpoint.answer(Query(request.query_params, caller, self.clock.now()))
            except Refusal as refusal:
                return self._refused(refusal)
            return json_answer(body, headers=self._limit_headers())

        return answer

    def _admit(self, request: Request, endpoint: Endpoint) -> Organization:
        """The organization of a request that may be made, now. Raises Refusal."""
        key = self._key(request)
        if key is None:
            raise bad_keys()
        if endpoint.path in self.absent:
            raise plain(404, "Not found")
        needed = {USAGE_READ, BILLING_READ} if endpoint.cost else {USAGE_READ}
        closed = (endpoint.cost and self.marketplace_billed) or (endpoint.by_tag and not self.attribution_plan)
        if closed or not needed <= key.scopes:
            raise forbidden()
        child = endpoint.parent_only and key.public_id != ROOT.public_id
        if child and self.child_refusal == 403:
            raise denied()
        if self.limit.take(_BUCKET, self.clock.now()) is not None:
            raise too_many(self.limit)
        if child:
            raise non_parent(endpoint.json_api)
        return _ORGANIZATIONS[key.public_id]

    def _key(self, request: Request) -> ApplicationKey | None:
        """The application key; None unless both keys are known and belong together."""
        key = self.application_keys.get(request.headers.get("dd-application-key", ""))
        owner = self.api_keys.get(request.headers.get("dd-api-key", ""))
        return key if key and key.public_id == owner else None

    async def _validate(self, request: Request) -> Response:
        api_key = request.headers.get("dd-api-key")
        if not api_key:
            return self._refused(plain(403, "API key required"))
        return json_answer({"valid": True}) if api_key in self.api_keys else self._refused(bad_keys())

    async def _validate_keys(self, request: Request) -> Response:
        return json_answer({"status": "ok"}) if self._key(request) else self._refused(bad_keys())

    def _refused(self, refusal: Refusal) -> Response:
        headers = self._limit_headers() if refusal.limited else {}
        if refusal.status == 429 and self.limit_told != "JSON":
            return Response(TOO_MANY_PAGE, 429, headers, "text/html")
        return Response(orjson.dumps(refusal.body), refusal.status, headers, refusal.media_type)

    def _limit_headers(self) -> dict[str, str]:
        if self.limit_told == "nothing":
            return {}
        epoch = self.limit_reset == "epoch"
        return limit_headers(self.limit, _BUCKET, self.clock.now(), self.limit_name, epoch=epoch)


async def _unknown(_: Request) -> Response:
    return json_answer({"errors": ["Not found"]}, 404)
