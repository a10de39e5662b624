"""The last check before records leave: what passes, what does not, and what the error names."""

import copy
import math
import re
import sys
from typing import Any

import pytest

from source_unified_usage.core.errors import Malformed, Unmappable
from source_unified_usage.core.validator import RecordValidator

RECORD = {
    "id": "stream/1",
    "product": {"id": "p"},
    "resources": [{"id": "r", "workspace": {"id": "w"}}, {"name": "s"}],
    "user": {"email": "a@b.example"},
    "charges": [{"amount": 1.5, "currency": "USD", "type": "net"}],
    "usage": {"tokens": {"input": 0, "total": 7}, "activity": {"max_mode": False}, "code": {"tool_actions": {"t": {}}}},
    "start_date": "2026-09-21T14:13:20.999Z",
    "end_date": "2026-09-21T14:13:20Z",
    "remote_data": {"any": None, "thing": [{}]},
}


def changed(path: str, value: Any) -> Any:
    """The record with another value at a place such as `usage.tokens.input`."""
    record: Any = copy.deepcopy(RECORD)
    *way, name = path.split(".")
    place = record
    for step in way:
        place = place[int(step)] if step.isdecimal() else place[step]
    place[name] = value
    return record


def second(record: Any) -> Any:
    return {**copy.deepcopy(RECORD), "id": "stream/0"}, record


@pytest.mark.parametrize("bounds", [("start_date", "2026-09-21T14:13:20Z"), ("end_date", "2026-09-21T14:13:20.001Z")])
def test_a_sound_record_passes(bounds: tuple[str, str]) -> None:
    """Milliseconds are no reason to call an end earlier than a start without any."""
    RecordValidator().check([changed(*bounds)])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 5),
        ("id", ""),
        ("metric_name", ["x"]),
        ("product.id", None),
        ("product.name", ""),
        ("resources", []),
        ("resources", ["r"]),
        ("resources.0.workspace.id", 5),
        ("user.email", True),
        ("charges", None),
        ("charges.0.amount", "1.5"),
        ("charges.0.amount", math.nan),
        ("charges.0.amount", -math.inf),
        ("usage.quantity", True),
        ("usage.tokens.input", 2**63),
        ("usage.activity.max_mode", 1),
        ("surface", {}),
    ],
)
def test_what_breaks_the_schema_is_named(path: str, value: Any) -> None:
    with pytest.raises(Unmappable) as broken:
        RecordValidator().check(second(changed(path, value)))
    assert broken.value.row == RECORD["remote_data"]
    assert path.replace(".0", "[0]") in str(broken.value.reason)


@pytest.mark.parametrize("path", ["invented", "usage.tokens.invented", "charges.0.invented"])
def test_a_field_that_the_schema_lacks_is_a_defect_of_the_source(path: str) -> None:
    with pytest.raises(Malformed, match=f"does not know, {re.escape(path.replace('.0', '[0]'))}$"):
        RecordValidator().check(second(changed(path, 1)))


@pytest.mark.parametrize("field", ["id", "start_date", "end_date", "remote_data"])
def test_a_record_without_what_every_record_has_is_no_fault_of_the_row(field: str) -> None:
    record = changed("surface", "api")
    del record[field]
    with pytest.raises(Malformed, match=f"a record has no {field}"):
        RecordValidator().check(second(record))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("start_date", "2026-09-21", "is no time"),
        ("start_date", "2026-09-21T14:13:20.9Z", "is no time"),
        ("end_date", "2026-09-21T14:13:20+00:00", "is no time"),
        ("end_date", "2026-09-21T14:13:19Z", "ends at 2026-09-21T14:13:19Z, before it starts"),
    ],
)
def test_wrong_times_are_named(path: str, value: str, said: str) -> None:
    with pytest.raises(Unmappable) as broken:
        RecordValidator().check(second(changed(path, value)))
    assert said in str(broken.value.reason)


def test_a_row_that_comes_again_is_no_error() -> None:
    validator = RecordValidator()
    validator.check([changed("id", "stream/1")])
    validator.check([changed("id", "stream/1")])


def test_the_order_of_its_fields_makes_no_other_row() -> None:
    validator = RecordValidator()
    validator.check([changed("remote_data", {"a": 1, "b": {"c": 2, "d": 3}})])
    validator.check([changed("remote_data", {"b": {"d": 3, "c": 2}, "a": 1})])


def test_no_row_is_kept_in_memory() -> None:
    validator, record = RecordValidator(), changed("remote_data", {"of a": "window of half a million"})
    before = sys.getrefcount(record["remote_data"])
    validator.check([record])
    after = sys.getrefcount(record["remote_data"])
    assert after == before


def test_a_row_that_cannot_be_written_as_json_is_named() -> None:
    row: Any = "deep"
    for _ in range(300):
        row = [row]
    with pytest.raises(Unmappable) as broken:
        RecordValidator().check([changed("remote_data", {"nested": row})])
    assert broken.value.row == {"nested": row}


def test_two_rows_never_share_an_id() -> None:
    validator = RecordValidator()
    validator.check([changed("id", "stream/1")])
    with pytest.raises(Unmappable, match="stream/1"):
        validator.check([changed("remote_data", {"another": "row"})])


def test_one_row_never_makes_two_records_of_one_id() -> None:
    record = changed("id", "stream/1")
    other: Any = {**record, "surface": "api"}
    with pytest.raises(Unmappable, match="stream/1"):
        RecordValidator().check([record, other])
