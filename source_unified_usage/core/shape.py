"""Holding records against the contract before they leave: what a vendor sends in a wrong type must not pass on."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, ValidationError, convert, defstruct

from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.masking import shortened
from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.usage import Row, Usage, canonical_json

# spelled out: the counts of \d{4} take a regular expression twice as long
_TIME = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d\d\d)?Z", re.ASCII).fullmatch
# Without NaN and the infinities, which JSON lacks, and without integers that destinations cannot hold
_INTEGER = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_FLOAT = Annotated[float, Meta(ge=-1.797e308, le=1.797e308)]
_SCALARS: Mapping[str, Any] = {
    "string": Annotated[str, Meta(min_length=1)],
    "number": _INTEGER | _FLOAT,
    "integer": _INTEGER,
    "boolean": bool,
}


class Shape:
    """What the records of one window must be, each by itself and with one another."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def check(self, records: Sequence[Usage]) -> None:
        """Raises Unmappable of the first record that the schema does not know, that ends before it starts, or that
        shares its id with another: a row that comes again is one record, two rows or two parts of one never are.
        """
        try:
            convert({"records": records}, _PAGE)
        except ValidationError as error:
            raise _unmappable(records, error) from None
        rows = self._rows
        for record in records:
            row = record["remote_data"]
            start, end, id = record["start_date"], record["end_date"], record["id"]
            if not _TIME(start) or (end is not start and not _TIME(end)):
                raise Unmappable(row, ValueError(f"{start!r:.60} to {end!r:.60} is no time"))
            # without fractions, whose length differs
            if end is not start and start[:19] > end[:19]:
                raise Unmappable(row, ValueError(f"it ends at {end}, before it starts at {start}"))
            if id in rows and (rows[id] is row or rows[id] != row):
                raise Unmappable(row, ValueError(f"another row has the id {id}"))
            rows[id] = row


def _type_of(schema: Mapping[str, Any]) -> Any:
    """An object knows no field beside those of the schema; one without any is whatever the vendor sent."""
    told = schema["type"]
    kind = told if isinstance(told, str) else next(name for name in told if name != "null")
    if kind == "array":
        return Annotated[list[_type_of(schema["items"])], Meta(min_length=1)]  # type: ignore[misc]
    if kind != "object":
        return _SCALARS[kind]
    if "properties" not in schema:
        return Any
    required = schema.get("required", ())
    types = {name: _type_of(part) for name, part in schema["properties"].items()}
    fields: list[Any] = [(name, type) for name, type in types.items() if name in required]
    fields += [(name, type | UnsetType, UNSET) for name, type in types.items() if name not in required]
    return defstruct("Object", fields, kw_only=True, forbid_unknown_fields=True, gc=False)


# The schema in msgspec's types: to convert a page of records into them is the fastest check there is.
_PAGE = defstruct("Page", [("records", list[_type_of(usage_schema())])])  # type: ignore[misc]
# msgspec completes a type when it is first used, and two threads that do so at once crash the process (0.22):
# it is used here, while there is one.
convert({"records": []}, _PAGE)


def _unmappable(records: Sequence[Usage], error: ValidationError) -> Unmappable:
    """From `Expected `str`, got `int` - at `$.records[3].user.id``: the fourth record, and the rest in our words."""
    what, _, place = str(error).partition(" - at `$.records")
    found = re.match(r"\[(\d+)\]\.?(.*)`", place)
    assert found, place
    return Unmappable(records[int(found[1])]["remote_data"], ValueError(f"{found[2] or 'the record'}: {what}"))


def shown(row: Any) -> str:
    """The beginning of a row, for messages."""
    try:
        return shortened(canonical_json(row), 500)
    except RecursionError:
        return "nested too deep to be shown"
    except (TypeError, ValueError):
        return shortened(repr(row), 500)
