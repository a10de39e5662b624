"""Scenario: usage in compute units by day, and the look-ups of teams and projects.

Played from Scenario's Python SDK 2.4.0, the API reference of `usages.list`, the help-centre article "Scenario Analytics
API" and the skill `scenario-admin-analytics` of scenario-labs/skills. What was chosen where nothing is documented is
marked at its place.
"""

from sandbox.vendors.scenario.vendor import ScenarioSandbox

__all__ = ["ScenarioSandbox"]
