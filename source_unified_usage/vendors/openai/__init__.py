"""OpenAI: usage and costs of the API platform, and what a ChatGPT workspace does with Codex."""

from collections.abc import Mapping, Sequence
from typing import Any

from source_unified_usage.core import clock
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.config import base_url_of
from source_unified_usage.core.credentials import Key
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.openai.analytics import Workspace
from source_unified_usage.vendors.openai.api import AnalyticsApi, PlatformApi
from source_unified_usage.vendors.openai.codex import (
    CodexUsage,
    CodexUsageByClient,
    CodexUsageByModel,
    SharedRows,
    WorkspaceUsage,
)
from source_unified_usage.vendors.openai.completions import CachingUsage
from source_unified_usage.vendors.openai.costs import Costs, CostsByUser
from source_unified_usage.vendors.openai.lookups import Lookups
from source_unified_usage.vendors.openai.reviews import CodeReviewResponses, CodeReviews
from source_unified_usage.vendors.openai.usage import CACHING, ENDPOINTS, ApiUsage


class OpenAI(Vendor):
    """One organization of the API platform, one ChatGPT workspace, or both: each has its own key."""

    name = "openai"
    title = "OpenAI"
    as_of = "2026-11"
    pages = (
        "OpenAI API reference: Usage, Costs, Administration",
        "OpenAI OpenAPI document and Python SDK",
        "Codex: Governance, Admin setup",
        "ChatGPT Admin API reference",
    )
    address = "https://api.openai.com"
    codex_address = "https://api.chatgpt.com"
    keys = (
        Key("admin_api_key"),
        Key("codex.api_key", ("codex.workspace_id",), "Add the key for the workspace's analytics, or leave codex out."),
        Key("codex.workspace_id", ("codex.api_key",), "Add the workspace's id, or leave codex out."),
    )

    def streams(self) -> Sequence[UsageStream]:
        return [*self._platform_streams(), *self._codex_streams()]

    def probes(self) -> Sequence[Probe]:
        probes = []
        if platform := self._platform():
            probes.append(Probe("openai.admin_api_key", lambda: self._probe_costs(platform)))
        if analytics := self._analytics():
            probes.append(Probe("openai.codex.api_key", lambda: self._probe_codex(*analytics)))
        return probes

    def _platform_streams(self) -> Sequence[UsageStream]:
        api = self._platform()
        if api is None:
            return []
        lookups, users = Lookups(api, wanted=self.options["include_names"]), self._user_ids
        return [
            *(CachingUsage(endpoint, api, lookups, users) for endpoint in CACHING),
            *(ApiUsage(endpoint, api, lookups, users) for endpoint in ENDPOINTS),
            Costs(api, lookups, users),
            CostsByUser(api, lookups, users),
        ]

    def _codex_streams(self) -> Sequence[UsageStream]:
        analytics = self._analytics()
        if analytics is None:
            return []
        api, workspace = analytics
        shared = SharedRows()
        codex = CodexUsage(api, workspace, shared)
        streams: list[UsageStream] = [
            codex,
            CodexUsageByClient(api, workspace, shared),
            CodexUsageByModel(api, workspace, shared),
            CodeReviews(api, workspace),
            CodeReviewResponses(api, workspace),
        ]
        if self._codex["include_workspace_usage"]:
            whole = WorkspaceUsage(api, workspace, SharedRows())
            codex.role, codex.restates = "restates", (whole.name,)  # two bills would have Codex' money twice
            streams.append(whole)
        return streams

    def _platform(self) -> PlatformApi | None:
        """The API of the platform; None without its key."""
        key = self.options.get("admin_api_key")
        return PlatformApi(self.base_url, _bearer("openai.admin_api_key", key)) if key else None

    def _analytics(self) -> tuple[AnalyticsApi, Workspace] | None:
        """The API of the workspace's analytics; None without its key."""
        key = self._codex.get("api_key")
        if not key:
            return None
        address = base_url_of("openai.codex.base_url", self._codex.get("base_url") or self.codex_address)
        api = AnalyticsApi(address, _bearer("openai.codex.api_key", key))
        return api, Workspace(self._codex["workspace_id"], self._user_ids)

    @property
    def _codex(self) -> Mapping[str, Any]:
        return self.options.get("codex") or {}

    @property
    def _user_ids(self) -> Sequence[str]:
        return self.options.get("user_ids") or []

    def _probe_costs(self, api: PlatformApi) -> None:
        """One bucket: proves the kind of the key and its permission to read usage."""
        yesterday = clock.now().start_of("day").subtract(days=1)
        query = {"start_time": int(yesterday.timestamp()), "limit": 1}
        api.for_check().get("/v1/organization/costs", query)

    def _probe_codex(self, api: AnalyticsApi, workspace: Workspace) -> None:
        today = clock.now().start_of("day")
        query = {
            "start_time": int(today.subtract(days=1).timestamp()),
            "end_time": int(today.timestamp()),
            "group": "workspace",
            "limit": 1,
        }
        api.for_check().get(f"{workspace.codex}/usage", query)


def _bearer(option: str, key: str) -> Credential:
    return Credential(option, {"Authorization": f"Bearer {key}"})
