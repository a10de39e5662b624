"""Confluent Cloud: costs of an organization, and traffic by principal."""

from collections.abc import Sequence

from source_unified_usage.core import clock
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.config import base_url_of
from source_unified_usage.core.credentials import Key
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Probe, Vendor
from source_unified_usage.vendors.confluent import costs
from source_unified_usage.vendors.confluent.api import ConfluentApi, MetricsApi
from source_unified_usage.vendors.confluent.lookups import Lookups
from source_unified_usage.vendors.confluent.metrics import MetricsUsage


class Confluent(Vendor):
    """One organization: the one whose Cloud API key is configured."""

    name = "confluent"
    title = "Confluent"
    as_of = "2026-11"
    pages = ("Confluent Cloud APIs: Billing v1, Org v2, Cluster Management v2", "Confluent Cloud Metrics API")
    address = "https://api.confluent.cloud"
    metrics_address = "https://api.telemetry.confluent.cloud"
    keys = (
        Key("api_key", ("api_secret",), "Make a Cloud API key in the Confluent Cloud console."),
        Key("api_secret", ("api_key",), "Confluent shows it once, when the Cloud API key is made."),
    )

    def streams(self) -> Sequence[UsageStream]:
        credential = self._credential()
        api = ConfluentApi(self.base_url, credential)
        lookups = Lookups(api)
        streams: list[UsageStream] = [costs.Costs(api, lookups)]
        if self.options["include_metrics"]:
            metrics = MetricsApi(self._metrics_url, credential)
            metrics.window_queue = api.window_queue  # it asks that API for clusters
            streams.append(MetricsUsage(metrics, api, lookups))
        return streams

    def probes(self) -> Sequence[Probe]:
        api = ConfluentApi(self.base_url, self._credential())
        return [Probe("confluent.api_key", lambda: self._probe(api))]

    def _credential(self) -> Credential:
        return Credential.basic("confluent.api_key", self.options["api_key"], self.options["api_secret"])

    @property
    def _metrics_url(self) -> str:
        address = self.options.get("metrics_base_url") or self.metrics_address
        return base_url_of("confluent.metrics_base_url", address)

    def _probe(self, api: ConfluentApi) -> None:
        """A day that is complete; no row of it is needed."""
        today = clock.now().start_of("day")
        query = {
            "start_date": today.subtract(days=4).to_date_string(),
            "end_date": today.subtract(days=3).to_date_string(),
            "page_size": 1,
        }
        api.for_check().get(costs.PATH, query)
