"""Lists that only bring names: however they fail, every row of every stream comes with the same id and money."""

import re
from functools import cache
from typing import Any

import pytest

from unit_tests.vendors.edits import Reply
from unit_tests.vendors.wild import WildCase, read, wild_cases

NAMES = re.compile(
    r"/organizations?/(me|users|workspaces|api_keys|projects.*)$|/org/v2/|/(teams|organizations)/members$"
    r"|billing_dimension_mapping$|/v1/(teams|projects)$"
)
# here the list says what is asked for
REQUIRED = {"confluent_metrics_usage"}
FAILURES = [
    Reply(b'{"error": {"message": "Project is archived."}}', 400),
    Reply(b'{"error": {"message": "No."}}', 401),
    Reply(b"", 429),
    Reply(b"<html>", 503),
    {"error": {"code": 503}},
    {},
    [],
    "null",
]


def _lists(wild: WildCase) -> list[str]:
    return [path for path in wild.answers if NAMES.search(path)]


NAMED = [wild for wild in wild_cases() if wild.case.stream not in REQUIRED and _lists(wild)]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
@pytest.mark.parametrize("wild", NAMED, ids=str)
def test_names_never_cost_a_row(wild: WildCase, failure: Any) -> None:
    outcome = read(wild, {**wild.answers, **{path: [failure] for path in _lists(wild)}})
    assert outcome.failure is None
    assert [_facts(record) for record in outcome.records] == _whole(wild)


@cache
def _whole(wild: Any) -> list[dict[str, Any]]:
    """The facts of the records when the lists come."""
    return [_facts(record) for record in read(wild, wild.answers).records]


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    """What does not come from a look-up."""
    named = ("user", "organization", "resources", "product")
    return {field: value for field, value in record.items() if field not in named}
