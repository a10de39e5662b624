"""When a stream is read again from the start because it reads more than before."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.scope import widened

EVERYTHING = frozenset("abcdef")


def let_through(members: list[str]) -> frozenset[str]:
    """What an option with these members reads: all of it when there are none."""
    return frozenset(members) or EVERYTHING


@given(st.lists(st.sampled_from(sorted(EVERYTHING))), st.lists(st.sampled_from(sorted(EVERYTHING))))
def test_a_list_widens_unless_all_that_it_lets_through_was_let_through_before(
    before: list[str], now: list[str]
) -> None:
    # naming all there is today narrows all the same: tomorrow there is more
    expected = not let_through(now) <= let_through(before) or (not now and bool(before))
    assert bool(widened({"ids": before}, {"ids": now})) == expected


@given(st.booleans(), st.booleans())
def test_a_flag_widens_when_it_is_switched_on(before: bool, now: bool) -> None:
    assert bool(widened({"include": before}, {"include": now})) == (now > before)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("sub-org", "sub-org", False),
        ("sub-org", "summary", True),
        (None, "org_1", True),
        ("org_1", None, True),
        (None, None, False),
        (["a"], "a", True),
        (False, "false", True),
    ],
)
def test_any_other_value_must_stay(before: object, now: str | None, expected: bool) -> None:
    assert bool(widened({"view": before}, {"view": now})) == expected


def test_every_option_that_widens_is_named() -> None:
    before = {"ids": ["a"], "include": True, "view": "summary", "gone": [1]}
    now = {"ids": ["a", "b"], "include": False, "view": "sub-org", "new": [1]}
    assert widened(before, now) == ["ids", "view"]


def test_a_scope_is_the_same_after_it_was_written_down() -> None:
    scope = {"ids": [1, 2], "names": ["a"], "include": True, "view": None}
    assert widened(json.loads(json.dumps(scope)), scope) == []
