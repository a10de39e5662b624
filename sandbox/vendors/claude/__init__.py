"""Claude: the Enterprise Analytics API and the Admin API of the Console."""

from sandbox.vendors.claude.vendor import ClaudeSandbox

__all__ = ["ClaudeSandbox"]
