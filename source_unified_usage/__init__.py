"""Airbyte source that reads usage and cost of several vendors in one schema."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_unified_usage.source import SourceUnifiedUsage

__all__ = ["SourceUnifiedUsage"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The source at its first use, so that the console command decides how the CDK is imported."""
    if name != "SourceUnifiedUsage":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from source_unified_usage.source import SourceUnifiedUsage

    return SourceUnifiedUsage
