"""GitHub: the bill of an organization or enterprise, Copilot's AI credits, and who uses Copilot."""

from collections.abc import Sequence
from typing import Literal

from source_unified_usage.core import clock
from source_unified_usage.core.credentials import Key
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.github.ai_credits import AiCredits, AiCreditsByUser
from source_unified_usage.vendors.github.ai_usage import AiUsage
from source_unified_usage.vendors.github.api import Account, GitHubApi
from source_unified_usage.vendors.github.billing import BillingUsage
from source_unified_usage.vendors.github.lookups import Lookups
from source_unified_usage.vendors.github.metrics import UserActivity
from source_unified_usage.vendors.github.seats import Seats


class GitHub(Vendor):
    """One organization or one enterprise, whichever is billed."""

    name = "github"
    title = "GitHub"
    as_of = "2026-11"
    pages = (
        "REST API endpoints for billing usage",
        "REST API endpoints for usage reports",
        "REST API endpoints for cost centers",
        "REST API endpoints for Copilot usage metrics",
        "REST API endpoints for Copilot user management",
        "Copilot usage metrics",
        "Billing reports reference",
    )
    address = "https://api.github.com"
    # where links to files lead, without the token
    metrics_address = "https://copilot-reports.github.com"
    export_address = "https://github.com"
    export_files_address = "https://*.blob.core.windows.net"
    keys = (Key("token", advice="Make a personal access token under Settings, Developer settings."),)
    one_of = ("organization", "enterprise")

    def streams(self) -> Sequence[UsageStream]:
        api = self._api()
        lookups = Lookups(api)
        streams: list[UsageStream] = [BillingUsage(api, lookups), AiCredits(api, lookups)]
        if self.options["include_user_ai_credits"]:
            streams.append(AiCreditsByUser(api, lookups))
        if api.of.enterprise:
            streams.append(AiUsage(api))
        return [*streams, UserActivity(api), Seats(api)]

    def probes(self) -> Sequence[Probe]:
        api = self._api()
        return [Probe("github.token", lambda: self._probe(api))]

    def _api(self) -> GitHubApi:
        kind: Literal["enterprise", "organization"] = "enterprise" if self.options.get("enterprise") else "organization"
        return GitHubApi(self.base_url, self.options["token"], Account(kind, self.options[kind]))

    def _probe(self, api: GitHubApi) -> None:
        """A day of the bill that is complete."""
        day = clock.now().start_of("day").subtract(days=3)
        api.for_check().get(api.of.billing("usage"), {"year": day.year, "month": day.month, "day": day.day})
