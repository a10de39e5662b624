"""Cursor: the Admin, Analytics, AI Code Tracking and Organization APIs.

Played from Cursor's pages "Admin API", "Analytics API", "AI Code Tracking API" and "Organization Admin API" (2026).
What clients report, and what was chosen where nothing is documented, is marked at its place.
"""

from sandbox.vendors.cursor.credentials import (
    ORGANIZATION_ID,
    ORGANIZATION_KEY,
    READ_ONLY_TEAM_KEY,
    TEAM_KEY,
    TEAMS_PLAN_KEY,
)
from sandbox.vendors.cursor.vendor import CursorSandbox

__all__ = ["ORGANIZATION_ID", "ORGANIZATION_KEY", "READ_ONLY_TEAM_KEY", "TEAMS_PLAN_KEY", "TEAM_KEY", "CursorSandbox"]
