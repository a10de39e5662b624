"""The record's JSON schema, the same for all streams."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import orjson


@cache
def usage_schema() -> Mapping[str, Any]:
    """The unified Usage schema as the catalog carries it."""
    file = resources.files("source_unified_usage.schemas") / "usage.json"
    schema: Mapping[str, Any] = orjson.loads(file.read_bytes())
    return schema
