"""Airbyte's web form, as far as it decides what is saved and what is sent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def bare(schema: Schema) -> dict[str, Any]:
    """What the form sends for an object that nobody touched: every object as {}."""
    return {name: {} for name, option in schema["properties"].items() if option["type"] == "object"}


def untouched(schema: Schema) -> dict[str, Any]:
    """The same with its defaults, at every depth."""
    return dict(_initial(schema, blank={}))


def emptied(schema: Schema) -> dict[str, Any]:
    """The same after somebody typed into every text and list and took it out again."""
    return dict(_initial(schema, blank={"string": "", "array": []}))


def _initial(schema: Schema, blank: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, option in schema["properties"].items():
        if option["type"] == "object":
            yield name, dict(_initial(option, blank))
        elif "default" in option:
            yield name, option["default"]
        elif option["type"] in blank and "enum" not in option:
            yield name, blank[option["type"]]


def complaints(schema: Schema, value: Any, place: str = "") -> list[str]:
    """Why the form does not save: `required` counts in optional objects too, a pattern for empty texts too."""
    return list(_complaints(schema, value, place))


def _complaints(schema: Schema, value: Any, place: str) -> Iterator[str]:
    if schema["type"] == "object":
        for name in schema.get("required", ()):
            if value.get(name) in (None, ""):
                yield f"{place}{name} is required"
        for name, inner in value.items():
            yield from _complaints(schema["properties"][name], inner, f"{place}{name}.")
    elif schema["type"] == "array":
        for inner in value:
            yield from _complaints(schema["items"], inner, place)
    elif schema["type"] == "string":
        if not re.search(schema.get("pattern", ""), value):
            yield f"{place} does not match {schema['pattern']}"
        if len(value) < schema.get("minLength", 0) or value not in schema.get("enum", [value]):
            yield f"{place} is none of the values that are allowed"
