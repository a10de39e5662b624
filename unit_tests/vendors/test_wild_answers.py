"""Whatever a vendor answers, a window comes to valid records or to one error that says whose fault it is."""

import copy
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_unified_usage.core.errors import SourceError
from source_unified_usage.core.schema import usage_schema
from source_unified_usage.vendors import VENDORS
from unit_tests.examples import share
from unit_tests.vendors.edits import REPLIES, Edit, edits, places
from unit_tests.vendors.samples import empties
from unit_tests.vendors.wild import Outcome, WildCase, read, wild_cases

CASES = wild_cases()
VALIDATOR = Draft7Validator(usage_schema())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z").fullmatch
few = settings(
    max_examples=share(15),
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_every_stream_has_a_case() -> None:
    flags = {"include_projected_cost", "include_attribution"}
    offered = set()
    for vendor in VENDORS:
        for wild in CASES:
            if wild.vendor == vendor.name:
                config = {**wild.config, **dict.fromkeys(flags, True)}
                offered |= {stream.name for stream in vendor(config).streams()}
    assert offered == {wild.case.stream for wild in CASES}


@pytest.mark.parametrize("wild", CASES, ids=str)
@few
@given(changes=edits)
def test_wild_values(wild: WildCase, changes: list[Edit]) -> None:
    answers = copy.deepcopy({path: list(bodies) for path, bodies in wild.answers.items()})
    for edit in changes:
        edit.apply(answers, groups(wild))
    assert_sound(wild, read(wild, answers))


@pytest.mark.parametrize("wild", CASES, ids=str)
@few
@given(path=st.integers(0, 20), page=st.integers(0, 3), reply=st.sampled_from(REPLIES))
def test_wrong_shapes(wild: WildCase, path: int, page: int, reply: Any) -> None:
    answers = {path: list(bodies) for path, bodies in wild.answers.items()}
    bodies = answers[[*answers][path % len(answers)]]
    bodies[page % len(bodies)] = reply
    assert_sound(wild, read(wild, answers))


@cache
def groups(wild: Any) -> Any:
    return places(wild.answers)


@cache
def known(wild: Any) -> set[bytes]:
    """The records of the case itself, which are valid."""
    outcome = read(wild, wild.answers)
    assert outcome.failure is None
    assert outcome.records
    assert_records(outcome.records)
    return {orjson.dumps(record) for record in outcome.records}


def assert_sound(wild: WildCase, outcome: Outcome) -> None:
    assert_records(record for record in outcome.records if orjson.dumps(record) not in known(wild))
    assert_ids(outcome.records)
    error = outcome.failure
    if error is None:
        return
    assert isinstance(error, SourceError), repr(error)
    text = str(error)
    assert wild.vendor in text.lower()
    assert f"stream {wild.case.stream}" in text or ", look-up, " in text
    assert "\n" not in text
    assert len(text) < 2000
    assert not [secret for secret in wild.secrets if secret in text]


def assert_records(records: Iterable[Mapping[str, Any]]) -> None:
    for record in records:
        found = [error.message for error in VALIDATOR.iter_errors(record)]
        assert not found, (found, record)
        assert empties({**record, "remote_data": 1}) == [], record
        assert TIME(record["start_date"]), record["start_date"]
        assert TIME(record["end_date"]), record["end_date"]
        assert record["start_date"][:19] <= record["end_date"][:19], record
        assert_tokens(record.get("usage", {}).get("tokens", {}))
        assert_charges(record.get("charges", ()))


def assert_tokens(tokens: Mapping[str, Any]) -> None:
    parts = ("input", "cache_read", "cache_write", "output")
    if all(name in tokens for name in (*parts, "total")):
        assert near(sum(Decimal(repr(tokens[name])) for name in parts), tokens["total"]), tokens


def assert_charges(charges: Iterable[Mapping[str, Any]]) -> None:
    found: dict[str, dict[str, Any]] = {}
    for charge in charges:
        kinds = found.setdefault(charge["currency"], {})
        kind = charge.get("type")
        assert kind is None or kind not in kinds, charges
        kinds[kind or ""] = charge["amount"]
    for kinds in found.values():
        if "net" in kinds:
            difference = Decimal(repr(kinds["total"])) - Decimal(repr(kinds["net"]))
            assert near(difference, kinds.get("discount", 0), kinds["total"]), kinds


def near(exact: Decimal | int, found: Any, *scale: Any) -> bool:
    """Equal but for the last digits of a float."""
    sizes = [abs(Decimal(repr(value))) for value in (found, *scale)]
    return abs(Decimal(exact) - Decimal(repr(found))) <= max(sizes) * Decimal("1e-14")


def assert_ids(records: Iterable[Mapping[str, Any]]) -> None:
    """An id comes once; twice only for identical twins."""
    seen: dict[str, Any] = {}
    for record in records:
        assert seen.setdefault(record["id"], record) == record, record["id"]
