"""The keys that the sandbox knows, one of every kind that the two APIs know."""

from dataclasses import dataclass
from typing import Literal

ANALYTICS_KEY = "sk-ant-api01-sandbox-analytics-0001"
ANALYTICS_KEY_WITHOUT_MEMBERS = "sk-ant-api01-sandbox-no-members-0001"
MEMBERS_ONLY_KEY = "sk-ant-api01-sandbox-members-only-0001"
ADMIN_KEY = "sk-ant-admin01-sandbox-admin-0001"
SERVICE_KEY = "sk-ant-api03-sandbox-service-0001"  # of a service account, scoped to no workspace
INFERENCE_KEY = "sk-ant-api03-sandbox-inference-0001"  # scoped to a workspace


@dataclass(frozen=True)
class Key:
    """`organization`: whose data it sees."""

    organization: Literal["enterprise", "console"]
    scopes: tuple[str, ...]


def default_keys() -> dict[str, Key]:
    """Secret -> key. The inference key is not here: both APIs refuse it like a wrong one."""
    return {
        ANALYTICS_KEY: Key("enterprise", ("read:analytics", "read:members", "read:spend_limits")),
        ANALYTICS_KEY_WITHOUT_MEMBERS: Key("enterprise", ("read:analytics",)),
        MEMBERS_ONLY_KEY: Key("enterprise", ("read:members",)),
        ADMIN_KEY: Key("console", ("org:admin",)),
        SERVICE_KEY: Key("console", ("org:admin",)),
    }
