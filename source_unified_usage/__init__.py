"""Airbyte source that reads usage and cost of six vendors in one schema."""

from source_unified_usage.source import SourceUnifiedUsage

__all__ = ["SourceUnifiedUsage"]
