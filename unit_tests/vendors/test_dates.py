"""A vendor's dates may lack what the period makes plain, and the ids stay the same."""

import re
from typing import Any

import pytest

from unit_tests.vendors.wild import WildCase, read, wild_cases

# a midnight or a whole hour, with or without a zone
_WHOLE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):00(?::00(?:\.0+)?)?(?:Z|\+00:00)?").fullmatch


def shortened(value: Any, *, days: bool) -> Any:
    """The same answer with each whole hour without its minutes, and with `days` each midnight as a mere day."""
    if isinstance(value, str) and (whole := _WHOLE(value)):
        return whole[1] if days and whole[2] == "00" else f"{whole[1]}T{whole[2]}"
    if isinstance(value, dict):
        return {name: shortened(part, days=days) for name, part in value.items()}
    return value.__class__(shortened(part, days=days) for part in value) if isinstance(value, list) else value


@pytest.mark.parametrize("wild", wild_cases(), ids=str)
def test_the_shortest_spelling_of_a_date_is_the_same_date(wild: WildCase) -> None:
    days = not wild.case.stream.startswith("datadog_hourly")  # a day does not tell which of its hours is meant
    answers = {path: list(bodies) for path, bodies in wild.answers.items()}
    whole, short = (read(wild, each) for each in (answers, shortened(answers, days=days)))
    assert whole.records
    assert [_mapped(record) for record in short.records] == [_mapped(record) for record in whole.records]


def _mapped(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "remote_data"}
