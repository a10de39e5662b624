"""Holding records against the contract before they leave: what a vendor sends in a wrong type must not pass on."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.usage import Row, Usage, canonical_json

Check = Callable[[Any, str], None]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z").fullmatch
_UNCHECKED = {"remote_data"}
# charges are made by `usage.charges` alone, of decimals and a currency's text
_SURE = {*_UNCHECKED, "charges"}
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def check(record: Usage) -> None:
    """Raises ValueError that names the place of what the schema does not know, of what is empty, or of wrong times."""
    if not _fits(record, _record_table()):
        _record_check()(record, "")
    start, end = record["start_date"], record["end_date"]
    if not _TIME(start) or not _TIME(end):
        raise ValueError(f"{start!r:.60} to {end!r:.60} is no time")
    # without fractions, whose length differs
    if start[:19] > end[:19]:
        raise ValueError(f"it ends at {end}, before it starts at {start}")


class Seen:
    """The ids of a window: a row that comes again is one record, two different rows must never share an id."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def add(self, record: Usage) -> None:
        """Raises ValueError when another row had the id, or when one row has made two records of it."""
        row = record["remote_data"]
        first = self._rows.setdefault(record["id"], row)
        if first is not row and first != row:
            raise ValueError(f"another row has the id {record['id']}")


# --- the fast way: whether there is nothing to complain about


class _Table(NamedTuple):
    """What an object may hold by name: the classes of a scalar, the table of an object, or that of a list's items."""

    required: tuple[str, ...]
    parts: Mapping[str, Any]


class _Items(NamedTuple):
    table: _Table


def _fits(value: Mapping[str, Any], table: _Table) -> bool:
    """Whether it surely keeps the schema; if not, the check decides and names the place."""
    for name in table.required:
        if name not in value:
            return False
    parts = table.parts
    for name, part in value.items():
        wanted, cls = parts.get(name), part.__class__
        if wanted.__class__ is frozenset:
            if cls not in wanted or (not part and cls is str) or (cls is float and not isfinite(part)):
                return False
        elif cls is dict and wanted.__class__ is _Table:
            if not part or not _fits(part, wanted):
                return False
        elif cls is list and wanted.__class__ is _Items:
            if not part:
                return False
            for item in part:
                if not _fits(item, wanted.table):
                    return False
        elif name not in _SURE:
            return False
    return True


@cache
def _record_table() -> _Table:
    return _table_of(usage_schema())


def _table_of(schema: Mapping[str, Any]) -> _Table:
    parts = {name: _part_of(part) for name, part in schema["properties"].items() if name not in _SURE}
    return _Table(tuple(schema.get("required", ())), parts)


def _part_of(schema: Mapping[str, Any]) -> Any:
    if "properties" in schema:
        return _table_of(schema)
    return _Items(_table_of(schema["items"])) if "items" in schema else _classes(schema)


def _classes(schema: Mapping[str, Any]) -> frozenset[type]:
    told = schema.get("type", [])
    return frozenset(cls for name in ([told] if isinstance(told, str) else told) for cls in _CLASSES.get(name, ()))


# --- the thorough way: what is wrong, and where


@cache
def _record_check() -> Check:
    return _compiled(usage_schema())


def _compiled(schema: Mapping[str, Any]) -> Check:
    told = schema.get("type", [])
    types = {told} if isinstance(told, str) else set(told)
    if "object" in types:
        return _object_check(schema)
    if "array" in types:
        return _list_check(_compiled(schema["items"]))
    return _scalar_check(_classes(schema))


def _object_check(schema: Mapping[str, Any]) -> Check:
    parts = {name: _compiled(part) for name, part in schema.get("properties", {}).items() if name not in _UNCHECKED}
    required = schema.get("required", ())

    def object_check(value: Any, place: str) -> None:
        if not isinstance(value, Mapping) or not value:
            raise _wrong(value, place)
        for name in required:
            if name not in value:
                raise ValueError(f"no {place}{name}")
        for name, part in value.items():
            if found := parts.get(name):
                found(part, f"{place}{name}.")
            elif name not in _UNCHECKED:
                _any_check(part, f"{place}{name}.")

    return object_check


def _list_check(item: Check) -> Check:
    def list_check(value: Any, place: str) -> None:
        if not isinstance(value, (list, tuple)) or not value:
            raise _wrong(value, place)
        for part in value:
            item(part, place)

    return list_check


def _scalar_check(classes: frozenset[type]) -> Check:
    def scalar_check(value: Any, place: str) -> None:
        cls = value.__class__
        if (classes and cls not in classes) or value == "":
            raise _wrong(value, place)
        if (cls is int and not -(2**63) <= value < 2**64) or (cls is float and not isfinite(value)):
            raise ValueError(f"{place[:-1]} is beyond a JSON number")

    return scalar_check


_any_scalar = _scalar_check(frozenset({str, int, float, bool}))


def _any_check(value: Any, place: str) -> None:
    """For what the schema leaves open."""
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            _any_check(part, f"{place}{name}.")
    elif isinstance(value, (list, tuple)) and value:
        for part in value:
            _any_check(part, place)
    else:
        _any_scalar(value, place)


def _wrong(value: Any, place: str) -> ValueError:
    return ValueError(f"{place[:-1] or 'the record'} cannot be {value!r:.60}")


def shown(row: Any) -> str:
    """The beginning of a row, for messages."""
    try:
        return canonical_json(row)[:500]
    except RecursionError:
        return "nested too deep to be shown"
    except (TypeError, ValueError):
        return " ".join(repr(row).split())[:500]
