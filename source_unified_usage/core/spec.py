"""The source's specification, put together from the common options and each vendor's fragment."""

from collections.abc import Iterable
from typing import Any

from airbyte_cdk.models import ConnectorSpecification

from source_unified_usage.core.vendor import Vendor, spec_file

DOCUMENTATION_URL = "https://github.com/source-unified-usage/source-unified-usage/blob/main/docs/unified-usage.md"


def connection_specification(vendors: Iterable[type[Vendor]]) -> dict[str, Any]:
    """The JSON schema of the config: one object per vendor, which a credential in it switches on.

    Nothing inside is `required`: the form would demand it of people who do not have that vendor. A vendor is a group,
    because the form draws titles of groups and not of objects.
    """
    common = spec_file("source_unified_usage.core")
    properties = {name: {**option, "group": "general"} for name, option in common.items()}
    groups = [{"id": "general", "title": "What to read"}]
    for order, vendor in enumerate(vendors, start=len(properties)):
        properties[vendor.name] = {**vendor.spec(), "group": vendor.name, "order": order}
        groups.append({"id": vendor.name, "title": properties[vendor.name]["title"]})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Unified Usage",
        "type": "object",
        "required": ["start_date"],
        "additionalProperties": True,
        "groups": groups,
        "properties": properties,
    }


def specification(vendors: Iterable[type[Vendor]]) -> ConnectorSpecification:
    return ConnectorSpecification(
        documentationUrl=DOCUMENTATION_URL,
        connectionSpecification=connection_specification(vendors),
        supportsIncremental=True,
    )
