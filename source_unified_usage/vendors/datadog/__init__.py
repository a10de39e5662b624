"""Datadog: cost, usage and attribution of a parent organization."""

from collections.abc import Sequence
from typing import Any

from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.config import base_url_of
from source_unified_usage.core.credentials import Key
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.datadog.access import Access
from source_unified_usage.vendors.datadog.api import DatadogApi, labels
from source_unified_usage.vendors.datadog.attribution import (
    HourlyUsageAttribution,
    MonthlyCostAttribution,
    MonthlyUsageAttribution,
)
from source_unified_usage.vendors.datadog.costs import Cost, ProjectedCost
from source_unified_usage.vendors.datadog.daily_costs import DailyCost
from source_unified_usage.vendors.datadog.organizations import Scope
from source_unified_usage.vendors.datadog.usage import BillableUsage, HourlyUsage


class Datadog(Vendor):
    """One parent organization with what belongs to it."""

    name = "datadog"
    title = "Datadog"
    address = "https://api.datadoghq.com"
    keys = (
        Key("api_key", ("application_key",), "Make one in Datadog under Organization Settings, API Keys."),
        Key("application_key", ("api_key",), "Make one in Datadog under Organization Settings, Application Keys."),
    )

    def streams(self) -> Sequence[UsageStream]:
        api, options = self._api(), self.options
        scope = Scope(
            options.get("view", "sub-org"),
            connected=bool(options.get("include_connected_accounts")),
            descendants=bool(options.get("include_descendants")),
        )
        currency = options.get("currency", "USD").upper()
        # a child organization is told 400
        names = Lookup(api, "product labels", labels)
        families = options.get("product_families") or ()
        hours = HourlyUsage(api, scope, families=families, zeros=options.get("include_zero_usage", True))
        attribution: list[UsageStream] = []
        if options.get("include_attribution"):
            tags = options.get("tag_breakdown_keys") or ()
            attribution = [
                MonthlyCostAttribution(api, scope, currency=currency, names=names, tags=tags),
                MonthlyUsageAttribution(api, scope, tags=tags),
                HourlyUsageAttribution(api, scope, tags=tags),
            ]
        narrower = [stream.name for stream in (hours, *attribution)]
        streams: list[UsageStream] = [
            Cost(api, scope, currency, names, narrower=narrower),
            BillableUsage(api, scope, names),
            hours,
            DailyCost(api, scope, currency, names),
        ]
        if options.get("include_projected_cost"):
            streams.append(ProjectedCost(api, scope, currency, names))
        streams += attribution
        if not options.get("base_url"):
            for stream in streams:  # another site is another organization
                stream.scope = {**stream.scope, "datadog.site": self._site}
        return streams

    @classmethod
    def addresses(cls) -> Sequence[str]:
        """One for each site."""
        return [f"https://api.{site}" for site in cls.spec()["properties"]["site"]["enum"]]

    @classmethod
    def spec(cls) -> dict[str, Any]:
        """The vendor's object in the spec; the address is the site's where none is configured."""
        block = super().spec()
        base_url = block["properties"]["base_url"]
        base_url["description"] = base_url["description"].replace(cls.address, "https://api.<site>")
        return block

    def probes(self) -> Sequence[Probe]:
        site = None if self.options.get("base_url") else self._site
        access = Access(self._api(), self.options["api_key"], site)
        return [Probe("datadog.api_key and datadog.application_key", access.check)]

    @property
    def base_url(self) -> str:
        """The configured address, else the site's. Raises ConfigError."""
        return base_url_of("datadog.base_url", self.options.get("base_url") or f"https://api.{self._site}")

    @property
    def _site(self) -> str:
        return str(self.options.get("site") or "datadoghq.com")

    def _api(self) -> DatadogApi:
        headers = {"DD-API-KEY": self.options["api_key"], "DD-APPLICATION-KEY": self.options["application_key"]}
        return DatadogApi(self.base_url, Credential("datadog.api_key and datadog.application_key", headers))
