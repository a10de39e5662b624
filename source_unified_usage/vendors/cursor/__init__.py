"""Cursor: team and organization usage of the AI editor."""

from collections.abc import Sequence

from source_unified_usage.core import clock
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.credentials import Key
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.cursor.ai_code import AiCodeChanges, AiCodeCommits
from source_unified_usage.vendors.cursor.analytics import BY_USER
from source_unified_usage.vendors.cursor.api import CursorApi
from source_unified_usage.vendors.cursor.bugbot import Bugbot, BugbotReviews
from source_unified_usage.vendors.cursor.events import UsageEvents
from source_unified_usage.vendors.cursor.lookups import members
from source_unified_usage.vendors.cursor.mapping import Scope
from source_unified_usage.vendors.cursor.spend import GroupSpend, PooledUsage, Spend
from source_unified_usage.vendors.cursor.usage import DailyUsage


class Cursor(Vendor):
    """A team, or with an organization id all teams of an organization."""

    name = "cursor"
    title = "Cursor"
    as_of = "2026-11"
    pages = ("Cursor APIs overview", "Admin API", "Analytics API", "AI Code Tracking API", "Organization Admin API")
    address = "https://api.cursor.com"
    keys = (
        Key("api_key", advice="Make a team API key in the Cursor dashboard, Settings."),
        Key("analytics_api_key", ("api_key",)),
    )

    def streams(self) -> Sequence[UsageStream]:
        api, analytics = self._apis()
        scope = self._scope()
        people = members(api, scope)
        streams: list[UsageStream] = [
            UsageEvents(api, scope, people),
            DailyUsage(api, scope, people, inactive=self.options["include_inactive_members"]),
            Spend(api, scope),
        ]
        if scope.organization:
            streams.append(PooledUsage(api, scope))
        if self.options["enterprise"]:
            streams += [
                AiCodeCommits(analytics, people),
                AiCodeChanges(analytics, people),
                *(stream(analytics, people) for stream in BY_USER),
                Bugbot(analytics),
                BugbotReviews(analytics),
                GroupSpend(analytics),
            ]
        return streams

    def probes(self) -> Sequence[Probe]:
        api, analytics = self._apis()
        scope = self._scope()
        probes = [Probe("cursor.api_key", lambda: self._probe_events(api, scope))]
        if analytics is not api:
            probes.append(Probe("cursor.analytics_api_key", lambda: self._probe_analytics(analytics)))
        return probes

    def _apis(self) -> tuple[CursorApi, CursorApi]:
        """With the key for usage and with the one for the Enterprise streams; the same API where there is one key."""
        api = CursorApi(self.base_url, Credential.basic("cursor.api_key", self.options["api_key"], ""))
        second = self.options.get("analytics_api_key")
        if self.options["enterprise"] and self.options.get("organization_id") and not second:
            raise ConfigError(
                "Cursor: cursor.analytics_api_key is missing. The Enterprise streams want a team key, while api_key is "
                "the organization's because organization_id is set. Add a team key or set enterprise to false."
            )
        if not second:
            return api, api
        return api, CursorApi(self.base_url, Credential.basic("cursor.analytics_api_key", second, ""))

    def _scope(self) -> Scope:
        organization = self.options.get("organization_id")
        teams = self.options.get("team_ids") or []
        if teams and not organization:
            raise ConfigError(
                "Cursor: cursor.team_ids works only with cursor.organization_id. Set the organization or drop team_ids."
            )
        return Scope(organization, tuple(teams))

    def _probe_events(self, api: CursorApi, scope: Scope) -> None:
        """One closed hour, one event: it needs the scope that the main stream needs."""
        end = clock.now().start_of("hour")
        body = {
            "startDate": int(end.subtract(hours=1).timestamp() * 1000),
            "endDate": int(end.timestamp() * 1000) - 1,
            "page": 1,
            "pageSize": 1,
        }
        api.for_check().post(scope.path("filtered-usage-events"), scope.body(body))

    def _probe_analytics(self, api: CursorApi) -> None:
        day = clock.now().subtract(days=1).to_date_string()
        query = {"startDate": day, "endDate": day, "page": 1, "pageSize": 1}
        api.for_check().get("/analytics/by-user/models", query)
