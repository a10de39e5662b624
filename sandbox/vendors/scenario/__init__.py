"""Scenario: usage in compute units by day, and the look-ups of teams and projects."""

from sandbox.vendors.scenario.credentials import (
    ANALYTICS_KEY,
    ANALYTICS_SECRET,
    MULTI_TEAM_KEY,
    MULTI_TEAM_SECRET,
    OTHER_TEAM_ID,
    PROJECT_ID,
    PROJECT_KEY,
    PROJECT_SECRET,
    TEAM_ID,
    TEAM_KEY,
    TEAM_KEY_WITHOUT_USAGE,
    TEAM_SECRET,
    TEAM_SECRET_WITHOUT_USAGE,
    Key,
)
from sandbox.vendors.scenario.vendor import ScenarioSandbox

__all__ = [
    "ANALYTICS_KEY",
    "ANALYTICS_SECRET",
    "MULTI_TEAM_KEY",
    "MULTI_TEAM_SECRET",
    "OTHER_TEAM_ID",
    "PROJECT_ID",
    "PROJECT_KEY",
    "PROJECT_SECRET",
    "TEAM_ID",
    "TEAM_KEY",
    "TEAM_KEY_WITHOUT_USAGE",
    "TEAM_SECRET",
    "TEAM_SECRET_WITHOUT_USAGE",
    "Key",
    "ScenarioSandbox",
]
