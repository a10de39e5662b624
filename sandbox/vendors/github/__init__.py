"""GitHub: the bill, Copilot's AI credits, the export of AI usage, the metrics of people, seats and cost centers.

Played from GitHub's REST reference of 2026-03-10 (billing usage, usage reports, cost centers, Copilot metrics, Copilot
user management) and its pages on usage metrics and billing reports. What clients recorded, and what was chosen where
nothing is documented, is marked at its place.
"""

from sandbox.vendors.github.vendor import GitHubSandbox

__all__ = ["GitHubSandbox"]
