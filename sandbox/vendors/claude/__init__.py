"""Claude: the Enterprise Analytics API and the Admin API of the Console.

Played from the reference pages of the Admin and the Analytics API and "Errors" (August 2026), the types of the official
SDKs (spend and its limits: 2.14.0 for Python), and the help-centre articles 13703965 and 13694757. What clients report
is marked at its place; most of it is in airbytehq/airbyte#81401, constructorfabric/insight#1901,
langwatch/langwatch#7177 and anthropics/claude-code#9700.
"""

from sandbox.vendors.claude.vendor import ClaudeSandbox

__all__ = ["ClaudeSandbox"]
