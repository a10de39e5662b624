"""The vendor's API on one address: paths, tokens and limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from random import Random
from typing import Any

from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.kit import Refusal, bearer, whole_seconds
from sandbox.ledger import Ledger
from sandbox.limits import Limit
from sandbox.vendor import Call, Endpoint, SandboxVendor
from sandbox.vendors.github import credentials, lookups, metrics, refusals
from sandbox.vendors.github.activity import ActivityReports
from sandbox.vendors.github.bill import Bill
from sandbox.vendors.github.billing import Billing
from sandbox.vendors.github.credentials import Token, classic
from sandbox.vendors.github.credits import Credits
from sandbox.vendors.github.estate import Account
from sandbox.vendors.github.exports import Exports
from sandbox.vendors.github.knobs import Customer, Knobs
from sandbox.vendors.github.ledger import GitHubLedger
from sandbox.vendors.github.links import Links
from sandbox.world import World

VERSION = "2026-03-10"
_BILLING = "settings/billing"


@dataclass(frozen=True)
class Path(Endpoint):
    """`of`: whose figures it has; None: it is a link, which needs no token. `subject`: what `denied` calls it."""

    of: Customer | None = None
    subject: str = "billing"


class GitHubSandbox(SandboxVendor[Path, Token], Knobs):
    """Billing, Copilot metrics and seats, of an organization and of an enterprise, and the files of reports."""

    name = "github"

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world, clock)
        self._links = Links(self)
        self._paths: list[Path] = []
        self._ledgers: dict[Customer, GitHubLedger] = {}
        self.accounts: dict[Customer, Account] = {}
        for kind in ("organization", "enterprise"):
            self._open(kind)

    def _open(self, kind: Customer) -> None:
        """The routes and the ledger of one account."""
        account = self.accounts[kind] = Account(self.world, kind)
        credits = Credits(self.world, account, self)
        bill = Bill(self.world, account, credits, self)
        reports = ActivityReports(self.world, account, credits)
        lists = lookups.Lookups(account, self)
        billing = Billing(account, bill, credits, self)
        self._ledgers[kind] = GitHubLedger(account, bill, credits, reports, lists, self)
        self._route(kind, f"{_BILLING}/usage", lambda call, _: billing.usage(call.query, call.now))
        self._route(kind, f"{_BILLING}/ai_credit/usage", lambda call, _: billing.ai_credits(call.query, call.now))
        self._route(
            kind, f"{_BILLING}/premium_request/usage", lambda call, _: billing.premium_requests(call.query, call.now)
        )
        self._route(kind, metrics.PATH, metrics.Metrics(account, reports, self._links, self).users, "metrics")
        self._route(kind, lookups.SEATS, lists.seats, "seats")
        if account.enterprise:
            exports = Exports(self.world, account, credits, self._links, self)
            self._route(kind, lookups.CENTERS, lists.centers, "cost-centers")
            self._route(kind, f"{_BILLING}/reports", exports.order, "reports", method="POST")
            self._route(kind, f"{_BILLING}/reports", exports.list, "reports")
            self._route(kind, f"{_BILLING}/reports/{{export}}", exports.export, "reports")

    def _route(
        self, of: Customer, rest: str, answer: Callable[[Call, Any], Any], subject: str = "billing", method: str = "GET"
    ) -> None:
        """Billing says `organizations` where everything else says `orgs`."""
        organization = "organizations" if rest.startswith(_BILLING) else "orgs"
        first = "enterprises" if of == "enterprise" else organization
        self._paths.append(Path(f"/{first}/{{account}}/{rest}", answer, method, of, subject))

    def endpoints(self) -> list[Path]:
        return [
            *self._paths,
            Path("/enterprises/{enterprise}/metered_exports/{number}", self._links.export),
            Path("/blob/{number}", self._links.file),
            Path("/copilot-reports/{number}", self._links.file),
        ]

    def characterize(self, draw: Random) -> None:
        self.inclusive = draw.random() < 0.5
        self.integer_quantities = draw.random() < 0.5
        self.export_columns = draw.choice(["all", "few", "older"])

    def repage(self, draw: Random) -> Sequence[Fault]:
        self.order = draw.randrange(1000)
        self.spelling, self.numbers = draw.choice(["current", "older"]), draw.choice(["number", "string"])
        self.export_bom = draw.random() < 0.5
        self.page_cap = draw.choice([1, 3, None])
        self.limit.requests = None
        return ()

    def ledger(self, start: date, end: date) -> Ledger:
        return self._ledgers[self.ledger_of].ledger(start, end, self.clock.now())

    def authenticate(self, endpoint: Path, call: Call) -> Token:
        if endpoint.of is None:
            return Token(frozenset(), frozenset())
        if not call.request.headers.get("user-agent"):
            forbidden = "Request forbidden by administrative rules."
            raise refusals.refusal(403, f"{forbidden} Please make sure your request has a User-Agent header")
        token = self.tokens.get(bearer(call.request))
        if token is None:
            raise refusals.refusal(401, "Bad credentials")
        return token

    def authorize(self, endpoint: Path, call: Call, key: Token) -> None:
        """A version without these routes, and an account that the token does not see, are both not found."""
        if endpoint.of is None:
            return
        account = call.request.path_params["account"]
        if call.request.headers.get("x-github-api-version") != VERSION:
            raise refusals.not_found()
        if account.lower() != self.accounts[endpoint.of].name:
            raise refusals.not_found()
        if endpoint.of == "enterprise" and not classic(bearer(call.request)):
            raise refusals.not_accessible()
        if endpoint.of not in key.sees or (call.path.find(_BILLING) > 0 and not self.new_platform):
            raise refusals.not_found()
        if endpoint.subject in self.denied:
            disabled = refusals.refusal(403, "Copilot usage metrics policy is disabled for this organization.")
            raise disabled if endpoint.subject == "metrics" else refusals.not_an_owner()
        self._permit(endpoint, key, is_classic=classic(bearer(call.request)))

    @staticmethod
    def _permit(endpoint: Path, key: Token, *, is_classic: bool) -> None:
        """Raises Refusal for what the token has no right to."""
        enterprise = endpoint.of == "enterprise"
        lists = {credentials.COPILOT, credentials.READ_ENTERPRISE if enterprise else credentials.READ_ORG}
        allowed = {"metrics": {*lists, credentials.COPILOT_METRICS}, "seats": lists}
        if endpoint.subject in allowed:
            if not key.scopes & allowed[endpoint.subject]:
                raise refusals.not_accessible()
        elif (is_classic and not key.owner) or (enterprise and credentials.ENTERPRISE_BILLING not in key.scopes):
            raise refusals.not_an_owner()
        elif not is_classic and credentials.ADMINISTRATION not in key.scopes:
            raise refusals.not_accessible()

    def limit_of(self, endpoint: Path, call: Call, key: Token) -> tuple[Limit, str] | None:
        return None if endpoint.of is None else (self.limit, bearer(call.request))

    def throttled(self, endpoint: Path, call: Call, key: Token, wait: float) -> Refusal:
        """What says how long to wait are the headers of every answer."""
        return refusals.refusal(self.limit_status, "API rate limit exceeded for user ID 1001.")

    def counted(self, endpoint: Path, call: Call, key: Token) -> None:
        wait = self.burst.take(bearer(call.request), call.now)
        if wait is not None:
            raise refusals.secondary_limit(self.limit_status, whole_seconds(wait) if self.burst_names_wait else None)

    def unknown(self, call: Call) -> Refusal:
        return refusals.not_found()

    def request_id(self, number: int) -> str:
        return f"{self.world.random('github', 'request', number).getrandbits(64):X}"

    def finish(self, call: Call) -> None:
        """Every answer of the API has its id, and what is left of the primary limit."""
        secret = bearer(call.request)
        call.headers["X-GitHub-Request-Id"] = call.id
        remaining = self.limit.remaining(secret, call.now)
        if secret not in self.tokens or remaining is None:
            return
        reset = ceil(call.now.timestamp() + self.limit.reset(secret, call.now))
        call.headers |= {
            "X-RateLimit-Limit": str(self.limit.requests),
            "X-RateLimit-Remaining": str(max(0, remaining)),
            "X-RateLimit-Used": str((self.limit.requests or 0) - remaining),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Resource": "core",
        }
