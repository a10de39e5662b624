"""The credentials that the sandbox knows; all of them are made up."""

from dataclasses import dataclass

WORKSPACE_ID = "5a0db0c5-0000-4000-8000-acce00000001"

ADMIN_KEY = "sk-admin-sandbox-full-rights-0001"
USAGE_ONLY_ADMIN_KEY = "sk-admin-sandbox-usage-only-0002"
NO_USAGE_ADMIN_KEY = "sk-admin-sandbox-no-usage-0003"
PROJECT_KEY = "sk-proj-sandbox-wrong-kind-0004"
SERVICE_ACCOUNT_KEY = "sk-svcacct-sandbox-wrong-kind-0005"
CODEX_KEY = "sk-sandbox-codex-analytics-0006"
WORKSPACE_ADMIN_KEY = "sk-sandbox-workspace-admin-0007"
WORKSPACE_NO_SCOPE_KEY = "sk-sandbox-workspace-no-scope-0008"

USAGE_SCOPE = "api.usage.read"
MANAGEMENT_SCOPE = "api.management.read"
CODEX_SCOPE = "codex.enterprise.analytics.read"
WORKSPACE_SCOPE = "enterprise.analytics.usage.read"


@dataclass(frozen=True)
class Key:
    """What a key may do; only an `admin` key belongs to the organization's administration."""

    admin: bool = False
    scopes: frozenset[str] = frozenset()


KEYS = {
    ADMIN_KEY: Key(True, frozenset({USAGE_SCOPE, MANAGEMENT_SCOPE})),
    USAGE_ONLY_ADMIN_KEY: Key(True, frozenset({USAGE_SCOPE})),
    NO_USAGE_ADMIN_KEY: Key(True, frozenset({MANAGEMENT_SCOPE})),
    PROJECT_KEY: Key(),
    SERVICE_ACCOUNT_KEY: Key(),
    CODEX_KEY: Key(scopes=frozenset({CODEX_SCOPE})),
    WORKSPACE_ADMIN_KEY: Key(scopes=frozenset({CODEX_SCOPE, WORKSPACE_SCOPE})),
    WORKSPACE_NO_SCOPE_KEY: Key(),
}
