"""Datadog: the Usage Metering API of one parent organization and what belongs to it.

Played from Datadog's OpenAPI documents v1 (2026-08-21) and v2 (2026-04-14), and from the traffic that its official SDKs
record in their tests. What clients report, and what was chosen where nothing is documented, is marked at its place.
"""

from sandbox.vendors.datadog.vendor import DatadogSandbox

__all__ = ["DatadogSandbox"]
