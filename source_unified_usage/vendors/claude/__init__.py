"""Claude: the Enterprise Analytics API of claude.ai, and the Admin API of the Claude Console.

Comments name the pages of `Claude.pages` as their sources; "reference" is the API reference of the endpoint.
"""

from collections.abc import Sequence

from source_unified_usage.core.credentials import Key
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.claude.activity import ActivitySummary, UserActivity
from source_unified_usage.vendors.claude.adoption import Artifacts, ChatProjects, Connectors, Plugins, Skills
from source_unified_usage.vendors.claude.api import AdminApi, AnalyticsApi
from source_unified_usage.vendors.claude.claude_code import ClaudeCodeUsage
from source_unified_usage.vendors.claude.console import ApiCost, ApiUsage
from source_unified_usage.vendors.claude.lookups import Lookups, users
from source_unified_usage.vendors.claude.organizations import Reader
from source_unified_usage.vendors.claude.reports import OrganizationCost, OrganizationUsage
from source_unified_usage.vendors.claude.spend import Spend, Tokens
from source_unified_usage.vendors.claude.spend_limits import SpendLimits
from source_unified_usage.vendors.claude.user_reports import UserCost, UserUsage


class Claude(Vendor):
    """An Enterprise organization, a Console organization, or both: each has a key of its own."""

    name = "claude"
    title = "Claude"
    as_of = "2026-11"
    pages = (
        "Claude Docs: Analytics API",
        "Claude Docs: Usage and Cost API",
        "Claude Docs: Usage and Cost Analytics API",
        "Claude Docs: Claude Code Analytics API",
        "Claude Docs: Admin API",
        "Claude Docs: Admin API keys",
        "Claude API reference: organization analytics, usage_report, cost_report, users, workspaces, api_keys, me",
        "Claude API reference: Errors",
        "anthropic SDK for Python 2.14.0: beta/organization/analytics, beta/organization/spend_limits",
        "Claude Help Center: articles 13703965 and 13694757",
    )
    address = "https://api.anthropic.com"
    keys = (Key("analytics_api_key"), Key("admin_api_key"))

    def streams(self) -> Sequence[UsageStream]:
        analytics, admin = self._apis()
        streams: list[UsageStream] = []
        readers: list[Reader] = []
        if analytics:
            readers.append(Reader("enterprise", analytics))
            people = Lookup(analytics, "user names", users)
            streams += [
                UserActivity(analytics, people),
                ActivitySummary(analytics),
                ChatProjects(analytics),
                Skills(analytics),
                Connectors(analytics),
                Plugins(analytics),
                Artifacts(analytics),
                UserUsage(analytics),
                UserCost(analytics),
                OrganizationUsage(analytics),
                OrganizationCost(analytics),
            ]
        if admin:
            lookups = Lookups(admin)
            readers.append(Reader("console", admin, lookups))
            streams += [ApiUsage(admin, lookups), ApiCost(admin, lookups), ClaudeCodeUsage(admin, lookups)]
        streams += [Spend(readers), Tokens(readers)]
        if self.options["include_spend_limits"]:
            streams.append(SpendLimits(readers))
        return streams

    def probes(self) -> Sequence[Probe]:
        return [Probe(api.credential.option, api.for_check().probe) for api in self._apis() if api]

    def _apis(self) -> tuple[AnalyticsApi | None, AdminApi | None]:
        analytics, admin = self.options.get("analytics_api_key"), self.options.get("admin_api_key")
        return (
            AnalyticsApi(self.base_url, analytics) if analytics else None,
            AdminApi(self.base_url, admin) if admin else None,
        )
