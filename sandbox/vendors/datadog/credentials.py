"""The key pairs that the sandbox knows; all of them are made up."""

from dataclasses import dataclass

from sandbox.vendors.datadog.catalog import EU, ROOT

USAGE_READ = "usage_read"
BILLING_READ = "billing_read"

API_KEY = "ddsandbox0parent0api0key00000001"
CHILD_API_KEY = "ddsandbox0child00api0key00000002"

APPLICATION_KEY = "ddsandbox0parent0application0key00000001"
USAGE_ONLY_APPLICATION_KEY = "ddsandbox0usageonly0application0key00002"
UNSCOPED_APPLICATION_KEY = "ddsandbox0unscoped0application0key000003"
CHILD_APPLICATION_KEY = "ddsandbox0child00application0key00000004"


@dataclass(frozen=True)
class ApplicationKey:
    """Whose key it is, and what it may read; it works only beside an API key of the same org."""

    public_id: str
    scopes: frozenset[str] = frozenset()


API_KEYS = {API_KEY: ROOT.public_id, CHILD_API_KEY: EU.public_id}
_FULL = frozenset({USAGE_READ, BILLING_READ})
APPLICATION_KEYS = {
    APPLICATION_KEY: ApplicationKey(ROOT.public_id, _FULL),
    USAGE_ONLY_APPLICATION_KEY: ApplicationKey(ROOT.public_id, frozenset({USAGE_READ})),
    UNSCOPED_APPLICATION_KEY: ApplicationKey(ROOT.public_id),
    CHILD_APPLICATION_KEY: ApplicationKey(EU.public_id, _FULL),
}
