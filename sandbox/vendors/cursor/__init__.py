"""Cursor: the Admin, Analytics, AI Code Tracking and Organization APIs.

Played from Cursor's pages "Admin API", "Analytics API", "AI Code Tracking API" and "Organization Admin API" (2026).
What clients report, and what was chosen where nothing is documented, is marked at its place.
"""

from sandbox.vendors.cursor.vendor import CursorSandbox

__all__ = ["CursorSandbox"]
