"""The keys that the sandbox knows; all of them are made up."""

from dataclasses import dataclass

TEAM_KEY = "crsr_sandbox_team_key_0001"
READ_ONLY_TEAM_KEY = "crsr_sandbox_read_only_key_0002"
TEAMS_PLAN_KEY = "crsr_sandbox_teams_plan_key_0003"
ORGANIZATION_KEY = "crsr_sandbox_organization_key_0004"
ORGANIZATION_KEY_WITHOUT_USAGE = "crsr_sandbox_org_no_usage_key_0005"
PERSONAL_KEY = "crsr_sandbox_personal_key_0006"

ORGANIZATION_ID = "org_sandbox01"
FOREIGN_ORGANIZATION_ID = "org_foreign99"


@dataclass(frozen=True)
class Key:
    """`kind`: team, organization or personal; `enterprise`: the plan includes Analytics and AI Code Tracking."""

    kind: str
    enterprise: bool = True
    usage: bool = True
    members: bool = True


KEYS = {
    TEAM_KEY: Key("team"),
    READ_ONLY_TEAM_KEY: Key("team", members=False),
    TEAMS_PLAN_KEY: Key("team", enterprise=False),
    ORGANIZATION_KEY: Key("organization"),
    ORGANIZATION_KEY_WITHOUT_USAGE: Key("organization", usage=False),
    PERSONAL_KEY: Key("personal"),
}
