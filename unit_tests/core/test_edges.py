"""Rows of one instant on two pages, which may have changed places in between."""

from collections.abc import Hashable, Sequence

import pytest

from source_unified_usage.core.edges import READINGS, steady, whole
from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.usage import Row


def at(instant: int, name: str = "") -> Row:
    return {"instant": instant, "name": name}


A, B, C = (at(2, name) for name in "abc")


class Vendor:
    """Answers for one instant, one after another, the last one for ever."""

    def __init__(self, *answers: Sequence[Sequence[Row]]) -> None:
        self._answers = [*answers]
        self.asked: list[Hashable] = []

    def alone(self, instant: Hashable) -> Sequence[Sequence[Row]]:
        self.asked.append(instant)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def read(vendor: Vendor, *pages: list[Row]) -> list[str] | None:
    found = whole(pages, lambda row: row.get("instant"), vendor.alone)
    return None if found is None else sorted(row["name"] for row in found)


def test_no_instant_is_asked_for_that_only_one_page_has() -> None:
    vendor = Vendor([])
    assert read(vendor, [at(3, "d"), A, B], [at(1, "e")], []) == ["a", "b", "d", "e"]
    assert read(vendor, [at(3, "d"), A, A]) == ["a", "a", "d"]
    assert read(vendor, [{"name": "x"}], [{"name": "x"}]) == ["x", "x"]
    assert vendor.asked == []


@pytest.mark.parametrize(
    ("answers", "expected", "requests"),
    [
        # the page before the edge and the one behind it showed the same row: the other one is there, too
        ([[[A, B]]], ["a", "b"], 1),
        # twins that are equal in everything stay two
        ([[[A, A]]], ["a", "a"], 1),
        # what stands beside the instant in its answer is no part of it
        ([[[A, B, at(1, "e")]]], ["a", "b"], 1),
        # more or fewer than were seen: the list has changed
        ([[[A, B, C]]], None, 1),
        ([[[A]]], None, 1),
        # on two pages again: rows that differ are all there are, equal ones must come so each time
        ([[[A], [B]]], ["a", "b"], 1),
        ([[[A], [A]], [[A], [B]]], ["a", "b"], 2),
        ([[[A], [A]]], ["a", "a"], READINGS),
        ([[[B], [B]]], None, READINGS),
    ],
)
def test_an_instant_on_two_pages_is_as_it_is_alone(
    answers: list[list[list[Row]]], expected: list[str] | None, requests: int
) -> None:
    vendor = Vendor(*answers)
    others = ["d", "e"]
    assert read(vendor, [at(3, "d"), A], [A, at(1, "e")]) == (None if expected is None else sorted(expected + others))
    assert vendor.asked == [2] * requests


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        # one page is the list as it is at one time, and pages that share nothing too
        ([[[A, A]]], "aa"),
        ([[[A, B], [C]]], "abc"),
        # a second reading believes no row that another one has moved to the next page
        ([[[A], [A, B]], [[C, A], [B]]], "cab"),
        ([[[A], [A]], [[C, A]]], "ca"),
        # twins come in every reading
        ([[[A], [A]]] * 2, "aa"),
        ([[[A], [A, B]], [[C, A], [A, B]], [[C], [A, A, B]]], "caab"),
        ([[[A], [A]], [[A, B], [A]], [[A, B, C], [A]], [[A, B, C], [A]]], "abca"),
        ([[[A, *more], [A]] for more in ([], [B], [B, C], [C], [])], None),
    ],
)
def test_a_list_is_read_until_no_row_can_have_come_twice(readings: list[list[list[Row]]], expected: str | None) -> None:
    answers = iter(readings)
    rows = steady(lambda: next(answers), lambda row: str(row["name"]))
    assert (None if rows is None else "".join(row["name"] for row in rows)) == expected
    assert next(answers, None) is None


def test_a_row_without_a_key_is_named() -> None:
    with pytest.raises(Unmappable) as refused:
        steady(lambda: [[A], [{"other": 1}]], lambda row: str(row["name"]))
    assert refused.value.row == {"other": 1}
