"""The connection check: which of keys, site, permissions and organization is wrong."""

from source_unified_usage.core import clock
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import ConfigError, KeyRefused, SourceError, Unavailable
from source_unified_usage.core.retry import CHECK_RETRIES, RetryPolicy
from source_unified_usage.vendors.datadog.api import DatadogApi, hour
from source_unified_usage.vendors.datadog.costs import ESTIMATED
from source_unified_usage.vendors.datadog.usage import HOURLY

VALIDATE = "/api/v1/validate"
COMMERCIAL_SITES = (
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
)
GOVERNMENT_SITES = ("ddog-gov.com", "us2.ddog-gov.com")
# Another site is only asked to explain a failure: once, and not for long
_ONE_QUICK_TRY = RetryPolicy(
    max_limited_wait=0, max_retry_after=0, max_attempts=1, min_total_wait=0, max_total_wait=0, timeout=(3, 5)
)


class Access:
    """One pair of keys at one address; `site` is None where the address is not one of Datadog's own."""

    def __init__(self, api: DatadogApi, api_key: str, site: str | None) -> None:
        self._api, self._api_key, self._site = api.for_check(), api_key, site

    def check(self) -> None:
        """Ask for the estimated cost: it needs both keys, both permissions and the parent organization."""
        try:
            self._api.ask(ESTIMATED, {"view": "summary", "start_month": clock.now().format("YYYY-MM")})
        except KeyRefused as error:
            raise KeyRefused(self._refused(error, self._wrong_key()), status=error.status) from None
        except ConfigError as error:
            if error.status != 403:
                raise
            raise ConfigError(
                self._refused(error, self._missing_permission() + self._api.of_a_child(error.vendor_message)),
                status=error.status,
            ) from None

    def _refused(self, error: SourceError, advice: str) -> str:
        return f'{self._api.title}, check, {ESTIMATED}: {error.status} "{error.vendor_message}". {advice}'

    def _wrong_key(self) -> str:
        if self._knows_the_key(self._api.base_url, CHECK_RETRIES):
            return (
                "datadog.api_key is right. datadog.application_key is wrong, revoked or of another organization: make "
                "one in Datadog under Organization Settings, Application Keys."
            )
        if self._site is None:
            return f"datadog.api_key is wrong, revoked or of another site than {self._api.base_url}."
        for site in self._other_sites():
            if self._knows_the_key(f"https://api.{site}", _ONE_QUICK_TRY):
                return (
                    f"datadog.site is wrong: the API key is not of {self._site} but of {site}. Set datadog.site to it."
                )
        return (
            f"datadog.api_key is wrong or revoked: neither {self._site} nor another site of Datadog knows it. Make one "
            f"in Datadog under Organization Settings, API Keys."
        )

    def _other_sites(self) -> list[str]:
        """A government key is never shown to a commercial site, nor the other way round."""
        own = GOVERNMENT_SITES if self._site in GOVERNMENT_SITES else COMMERCIAL_SITES
        return [site for site in own if site != self._site]

    def _knows_the_key(self, base_url: str, retry_policy: RetryPolicy) -> bool:
        """Whether the API key alone is valid there."""
        credential = Credential("datadog.api_key", {"DD-API-KEY": self._api_key})
        api = DatadogApi(base_url, credential).for_check(retry_policy)
        try:
            return bool(api.ask(VALIDATE).body != {"valid": False})
        except ConfigError:
            return False
        except Unavailable:
            if retry_policy is _ONE_QUICK_TRY:
                return False
            raise

    def _missing_permission(self) -> str:
        """Hourly usage, which needs usage_read alone (Usage Metering), tells which of the two is missing."""
        start = clock.now().start_of("day").subtract(days=5)
        query = {
            "filter[timestamp][start]": hour(start),
            "filter[timestamp][end]": hour(start.add(hours=1)),
            "filter[product_families]": "all",
            "page[limit]": "1",
        }
        try:
            self._api.ask(HOURLY, query)
        except ConfigError as error:
            if error.status != 403:
                raise
            return (
                "Give the application key the permissions usage_read and billing_read (scopes and role of its owner; "
                "the Datadog Admin role has both)."
            )
        return (
            "The keys may read usage but not cost. Give the application key the permission billing_read too (scope and "
            "role of its owner). With it in place the organization is billed through a marketplace or reseller, which "
            "Datadog shows no cost."
        )
