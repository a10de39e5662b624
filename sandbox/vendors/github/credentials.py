"""The tokens that the sandbox knows; all of them are made up."""

from dataclasses import dataclass

ORGANIZATION_TOKEN = "ghp_sandboxOrganizationOwner0000000001"
ENTERPRISE_TOKEN = "ghp_sandboxEnterpriseOwner000000000002"
FINE_GRAINED_TOKEN = "github_pat_sandboxOrganization_00000003"
FINE_GRAINED_ENTERPRISE_TOKEN = "github_pat_sandboxEnterprise_0000000004"
APP_TOKEN = "ghs_sandboxAppInstallation0000000000005"
MEMBER_TOKEN = "ghp_sandboxMemberOfTheOrganization0006"

ADMINISTRATION = "administration:read"
COPILOT = "manage_billing:copilot"
COPILOT_METRICS = "copilot_metrics:read"
ENTERPRISE_BILLING = "manage_billing:enterprise"
READ_ENTERPRISE = "read:enterprise"
READ_ORG = "read:org"


@dataclass(frozen=True)
class Token:
    """What the token may see (`organization`, `enterprise`), its scopes or permissions, and whose it is.

    `owner`: of an owner or billing manager.
    """

    sees: frozenset[str]
    scopes: frozenset[str]
    owner: bool = True


_ORGANIZATION, _ENTERPRISE = frozenset({"organization"}), frozenset({"enterprise"})

TOKENS = {
    ORGANIZATION_TOKEN: Token(_ORGANIZATION, frozenset({COPILOT, READ_ORG})),
    ENTERPRISE_TOKEN: Token(_ENTERPRISE, frozenset({ENTERPRISE_BILLING, COPILOT, READ_ENTERPRISE})),
    FINE_GRAINED_TOKEN: Token(_ORGANIZATION, frozenset({ADMINISTRATION})),
    FINE_GRAINED_ENTERPRISE_TOKEN: Token(_ENTERPRISE, frozenset({ENTERPRISE_BILLING, COPILOT})),
    APP_TOKEN: Token(_ORGANIZATION, frozenset({ADMINISTRATION, COPILOT_METRICS})),
    MEMBER_TOKEN: Token(_ORGANIZATION, frozenset({READ_ORG}), owner=False),
}


def classic(secret: str) -> bool:
    """Neither fine-grained nor of an App, by its prefix."""
    return secret.startswith("ghp_")
