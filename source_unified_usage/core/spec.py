"""The source's specification, put together from the common options and each vendor's fragment."""

from collections.abc import Iterable
from importlib import resources
from typing import Any

import yaml
from airbyte_cdk.models import ConnectorSpecification

from source_unified_usage.core.vendor import Vendor

DOCUMENTATION_URL = "https://github.com/source-unified-usage/source-unified-usage/blob/main/docs/unified-usage.md"


def connection_specification(vendors: Iterable[type[Vendor]]) -> dict[str, Any]:
    """The JSON schema of the config: one optional object per vendor, its presence switches the vendor on."""
    file = resources.files("source_unified_usage.core") / "spec.yaml"
    properties: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    for order, vendor in enumerate(vendors, start=len(properties)):
        properties[vendor.name] = {**vendor.spec(), "order": order}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Unified Usage",
        "type": "object",
        "required": ["start_date"],
        "additionalProperties": True,
        "properties": properties,
    }


def specification(vendors: Iterable[type[Vendor]]) -> ConnectorSpecification:
    return ConnectorSpecification(
        documentationUrl=DOCUMENTATION_URL,
        connectionSpecification=connection_specification(vendors),
        supportsIncremental=True,
    )
