"""The API keys that the sandbox knows; all of them are made up."""

from dataclasses import dataclass
from typing import Literal

TEAM_ID = "team_SANDBOXacmestudio000001"
OTHER_TEAM_ID = "team_SANDBOXacmelabs00000002"
PROJECT_ID = "project_SANDBOXmobile000001"

ANALYTICS_KEY, ANALYTICS_SECRET = "api_SANDBOXanalytics0001", "scenario-sandbox-analytics-secret-0001"
PROJECT_KEY, PROJECT_SECRET = "api_SANDBOXproject000002", "scenario-sandbox-project-secret-0002"
TEAM_KEY, TEAM_SECRET = "api_SANDBOXteam000000003", "scenario-sandbox-team-secret-0003"
TEAM_KEY_WITHOUT_USAGE = "api_SANDBOXteamnouse0004"
TEAM_SECRET_WITHOUT_USAGE = "scenario-sandbox-team-without-usage-secret-0004"
MULTI_TEAM_KEY, MULTI_TEAM_SECRET = "api_SANDBOXmultiteam0005", "scenario-sandbox-multi-team-secret-0005"

USAGE_SCOPE, TEAM_SCOPE, PROJECT_SCOPE = "team.usage.read", "team.read", "project.read"


@dataclass(frozen=True)
class Key:
    """A secret and what it opens: teams (the first is the default), projects (None: all) and `;`-separated scopes."""

    secret: str
    kind: Literal["analytics", "project", "team"] = "analytics"
    teams: tuple[str, ...] = (TEAM_ID,)
    projects: tuple[str, ...] | None = None
    scopes: str = f"{TEAM_SCOPE};{USAGE_SCOPE};{PROJECT_SCOPE}"

    def may(self, scope: str) -> bool:
        return scope in self.scopes.split(";")


KEYS = {
    ANALYTICS_KEY: Key(ANALYTICS_SECRET),
    PROJECT_KEY: Key(PROJECT_SECRET, "project", projects=(PROJECT_ID,)),
    TEAM_KEY: Key(TEAM_SECRET, "team", scopes=f"{TEAM_SCOPE};{USAGE_SCOPE}"),
    TEAM_KEY_WITHOUT_USAGE: Key(TEAM_SECRET_WITHOUT_USAGE, "team", scopes=TEAM_SCOPE),
    MULTI_TEAM_KEY: Key(MULTI_TEAM_SECRET, teams=(TEAM_ID, OTHER_TEAM_ID)),
}
