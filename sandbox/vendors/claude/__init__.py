"""Claude: the Enterprise Analytics API and the Admin API of the Console.

Played from the API reference pages of both APIs (August 2026), the types of the official Python SDK (2.14.0 for spend
and spend limits) and help-centre article 13703965. What clients report, and what was chosen where nothing is
documented, is marked at its place.
"""

from sandbox.vendors.claude.vendor import ClaudeSandbox

__all__ = ["ClaudeSandbox"]
