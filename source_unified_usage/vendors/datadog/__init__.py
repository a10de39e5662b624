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
from source_unified_usage.vendors.datadog.api import DatadogApi
from source_unified_usage.vendors.datadog.attribution import (
    HourlyUsageAttribution,
    MonthlyCostAttribution,
    MonthlyUsageAttribution,
)
from source_unified_usage.vendors.datadog.costs import Cost, ProjectedCost
from source_unified_usage.vendors.datadog.daily_costs import DailyCost
from source_unified_usage.vendors.datadog.lookups import labels
from source_unified_usage.vendors.datadog.organizations import Organizations
from source_unified_usage.vendors.datadog.usage import BillableUsage, HourlyUsage


class Datadog(Vendor):
    """One parent organization with what belongs to it."""

    name = "datadog"
    title = "Datadog"
    as_of = "2026-11"
    pages = ("Usage Metering", "Rate Limits", "Hourly Usage and Migration", "API and Application Keys")
    address = "https://api.datadoghq.com"
    keys = (
        Key("api_key", ("application_key",), "Make one in Datadog under Organization Settings, API Keys."),
        Key("application_key", ("api_key",), "Make one in Datadog under Organization Settings, Application Keys."),
    )

    def streams(self) -> Sequence[UsageStream]:
        api, options = self._api(), self.options
        organizations = Organizations(
            options["view"], connected=options["include_connected_accounts"], descendants=options["include_descendants"]
        )
        names, currency = Lookup(api, "product labels", labels), options["currency"].upper()
        families, tags = options.get("product_families", ()), options.get("tag_breakdown_keys", ())
        hours = HourlyUsage(api, organizations, families=families, zeros=options["include_zero_usage"])
        attribution: list[UsageStream] = []
        if options["include_attribution"]:
            attribution = [
                MonthlyCostAttribution(api, organizations, tags=tags, labels=names, currency=currency),
                MonthlyUsageAttribution(api, organizations, tags=tags),
                HourlyUsageAttribution(api, organizations, tags=tags),
            ]
        narrower = [stream.name for stream in (hours, *attribution)]
        streams: list[UsageStream] = [
            Cost(api, organizations, names, currency, narrower=narrower),
            BillableUsage(api, organizations, names),
            hours,
            DailyCost(api, organizations, names, currency),
        ]
        if options["include_projected_cost"]:
            streams.append(ProjectedCost(api, organizations, names, currency))
        streams += attribution
        if not options.get("base_url"):
            for stream in streams:  # another site is another organization
                stream.scope = {**stream.scope, "datadog.site": options["site"]}
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
        site = None if self.options.get("base_url") else self.options["site"]
        access = Access(self._api(), self.options["api_key"], site)
        return [Probe("datadog.api_key and datadog.application_key", access.check)]

    @property
    def base_url(self) -> str:
        """The configured address, else the site's. Raises ConfigError."""
        return base_url_of("datadog.base_url", self.options.get("base_url") or f"https://api.{self.options['site']}")

    def _api(self) -> DatadogApi:
        headers = {"DD-API-KEY": self.options["api_key"], "DD-APPLICATION-KEY": self.options["application_key"]}
        return DatadogApi(self.base_url, Credential("datadog.api_key and datadog.application_key", headers))
