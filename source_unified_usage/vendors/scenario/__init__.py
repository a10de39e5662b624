"""Scenario: compute units of a team by user, model, type and project."""

from collections.abc import Sequence
from decimal import Decimal

from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.credentials import Key
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.scenario.activity import Activity
from source_unified_usage.vendors.scenario.api import CONSUMPTION, PATH, ScenarioApi
from source_unified_usage.vendors.scenario.daily import Shared
from source_unified_usage.vendors.scenario.lookups import Lookups, Scope
from source_unified_usage.vendors.scenario.mapping import Tariff
from source_unified_usage.vendors.scenario.sharing import SharedDays
from source_unified_usage.vendors.scenario.streams import (
    AssetUsage,
    Consumption,
    ModelUsage,
    ModerationUsage,
    UsageByType,
)
from source_unified_usage.vendors.scenario.user_models import UserModelUsage


class Scenario(Vendor):
    """One team, which the vendor's pages call organisation."""

    name = "scenario"
    title = "Scenario"
    as_of = "2026-11"
    pages = (
        "Scenario API reference: usages.list",
        "Scenario help centre: Scenario Analytics API",
        "scenario-labs/skills: scenario-admin-analytics",
    )
    address = "https://api.cloud.scenario.com"
    keys = (
        Key("api_key", ("api_secret",), "An admin of the organisation mints one in Scenario under Analytics."),
        Key("api_secret", ("api_key",), "Scenario shows it once, when the API key is minted."),
    )

    def streams(self) -> Sequence[UsageStream]:
        api, scope, tariff = self._api(), self._scope(), self._tariff()
        lookups = Lookups(api, scope)
        shared = Shared(scope, tariff, lookups, SharedDays(scope, lookups))
        streams: list[UsageStream] = [
            Consumption(api, shared),
            ModelUsage(api, shared),
            AssetUsage(api, shared),
            UsageByType(api, shared),
        ]
        if self.options["include_activity"]:
            streams.append(Activity(api, shared))
        if self.options["include_user_model_usage"]:
            streams.append(UserModelUsage(api, shared))
        if self.options["include_moderation"]:
            streams.append(ModerationUsage(api, shared))
        return streams

    def probes(self) -> Sequence[Probe]:
        api = self._api()
        return [Probe("scenario.api_key", lambda: self._probe(api))]

    def _api(self) -> ScenarioApi:
        credential = Credential.basic("scenario.api_key", self.options["api_key"], self.options["api_secret"])
        return ScenarioApi(self.base_url, credential)

    def _scope(self) -> Scope:
        projects = tuple(dict.fromkeys(self.options["project_ids"]))
        return Scope(self.options.get("team_id"), projects, self.options["split_by_project"])

    def _tariff(self) -> Tariff:
        price, currency = self.options.get("cu_price"), self.options.get("cu_currency")
        if price is None and currency is None:
            return Tariff()
        if price is None or currency is None:
            present, absent = ("cu_price", "cu_currency") if currency is None else ("cu_currency", "cu_price")
            raise ConfigError(f"Scenario: scenario.{present} works only with scenario.{absent}. Set both or neither.")
        return Tariff(Decimal(repr(price)), currency.upper())

    def _probe(self, api: ScenarioApi) -> None:
        """The consumption of the last day, which may be empty."""
        query = {"timeRange": "last-day", "type": CONSUMPTION.type, "dropZeroPoints": "true", **self._scope().query()}
        api.for_check().get(PATH, query).rows(CONSUMPTION.member)
