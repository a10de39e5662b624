"""Validation of records before they are written, so that no value of a wrong type leaves the source."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, ValidationError, convert, defstruct
from orjson import OPT_SORT_KEYS, dumps

from source_unified_usage.core.errors import Malformed, Unmappable
from source_unified_usage.core.masking import shortened
from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.usage import Row, Usage, canonical_json

# spelled out: with \d{4} and \d{2} the match takes twice as long
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


class RecordValidator:
    """Checks the records of one window: each one against the schema, and that no two rows share an id."""

    def __init__(self) -> None:
        # Two hashes of 64 bits for each id, of the id and of its row: a window of half a million rows fits, and the
        # chance that any two of its ids share a hash is below 1 in 100 million.
        self._rows: dict[int, int] = {}

    def check(self, records: Sequence[Usage]) -> None:
        """Check the next records; those of one row come together.

        Raises Unmappable for the first record that does not fit the schema, that ends before it starts, or that has
        the id of another. Only a row that comes again, whole, may have the same id: two different rows may not, nor two
        records of one row. Raises Malformed when the fault is not the row's.
        """
        try:
            convert({"records": records}, _PAGE)
        except ValidationError as error:
            raise _wrong(records, error) from None
        rows = self._rows
        hashed: Row | None = None
        content = 0
        for record in records:
            try:
                row = record["remote_data"]
                start, end, id = record["start_date"], record["end_date"], record["id"]
            except KeyError as error:
                raise Malformed(f"a record has no {error.args[0]}") from None
            if not _TIME(start) or (end is not start and not _TIME(end)):
                raise Unmappable(row, ValueError(f"{start!r:.60} to {end!r:.60} is no time"))
            # without fractions, whose length differs
            if end is not start and start[:19] > end[:19]:
                raise Unmappable(row, ValueError(f"it ends at {end}, before it starts at {start}"))
            if row is not hashed:
                hashed, content = row, _content(row)
            key = hash(id)
            if key in rows and (rows[key] != content or _parts(records, id, row) > 1):
                raise Unmappable(row, ValueError(f"another row has the id {id}"))
            rows[key] = content


def _content(row: Row) -> int:
    """A hash that equal rows share, in whatever order their fields come."""
    try:
        return hash(dumps(row, option=OPT_SORT_KEYS))
    except TypeError:  # orjson's limit, which the writing of records has too
        raise Unmappable(row, ValueError("it is nested too deep to be written")) from None


def _parts(records: Sequence[Usage], id: str, row: Row) -> int:
    return sum(1 for record in records if record["id"] == id and record["remote_data"] is row)


def _type_of(schema: Mapping[str, Any]) -> Any:
    """An object has no fields beside those of the schema; one that names no fields may hold anything."""
    declared = schema["type"]
    kind = declared if isinstance(declared, str) else next(name for name in declared if name != "null")
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


def _wrong(records: Sequence[Usage], error: ValidationError) -> Unmappable | Malformed:
    """From `Expected `str`, got `int` - at `$.records[3].user.id``: the fourth record, and the rest reworded."""
    what, _, place = str(error).partition(" - at `$.records")
    found = re.match(r"\[(\d+)\]\.?(.*)`", place)
    assert found, place
    record, field = records[int(found[1])], found[2]
    # values come from the vendor, the names of a record's fields from this source
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", what):
        return Malformed(f"it wrote a field that its schema does not know, {field}{'.' if field else ''}{unknown[1]}")
    if "remote_data" not in record or "id" not in record:
        return Malformed(f"a record has no {'id' if 'remote_data' in record else 'remote_data'}")
    return Unmappable(record["remote_data"], ValueError(f"{field or 'the record'}: {what}"))


def preview(row: Any) -> str:
    """The beginning of a row, for messages."""
    try:
        return shortened(canonical_json(row), 500)
    except RecursionError:
        return "nested too deep to be shown"
    except (TypeError, ValueError):
        return shortened(repr(row), 500)
