"""Piles of rows: few as they are, many compressed, and the rows that agree in their key together."""

import gc
import tracemalloc
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core import piles
from source_unified_usage.core.errors import Unmappable
from source_unified_usage.core.piles import Pile, Piles
from source_unified_usage.core.usage import Row, with_ordinals

ROWS: list[dict[str, Any]] = [
    {"id": number % 7, "text": "é\u2028", "figure": 0.1 + number, "none": None, "deep": [{"": []}]}
    for number in range(50)
]


@pytest.fixture(params=[100, 1, 10], ids=["as they are", "packed", "both"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piles, "_FEW", request.param)


@pytest.mark.usefixtures("few")
def test_rows_come_back_in_their_order_as_often_as_they_are_asked_for() -> None:
    pile = Pile(ROWS[:20])
    pile.add(ROWS[20:])
    assert len(pile) == 50
    one, other = iter(pile), iter(pile)
    assert [next(one), next(other), next(one)] == [ROWS[0], ROWS[0], ROWS[1]]
    assert [*pile] == [*pile] == ROWS


@pytest.mark.usefixtures("few")
def test_rows_that_agree_in_their_key_come_together_where_the_first_of_them_is() -> None:
    found = [*Pile(ROWS).groups(lambda row: row["id"])]
    assert found == [[row for row in ROWS if row["id"] == id] for id in range(7)]


@pytest.mark.usefixtures("few")
def test_keys_that_only_share_a_hash_stay_apart() -> None:
    rows = [{"key": -1}, {"key": -2}, {"key": -1, "again": True}]
    assert hash(-1) == hash(-2)
    assert [*Pile(rows).groups(lambda row: row["key"])] == [[rows[0], rows[2]], [rows[1]]]


@pytest.mark.usefixtures("few")
def test_a_row_without_a_key_is_named() -> None:
    with pytest.raises(Unmappable) as refused:
        [*Pile([{"id": 1}, {"other": 2}]).groups(lambda row: row["id"])]
    assert refused.value.row == {"other": 2}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3))), st.sampled_from([1, 3, 1000]))
def test_ordinals_are_those_of_rows_that_are_held_as_they_are(pairs: list[tuple[int, int]], few: int) -> None:
    rows = [{"id": id, "figure": figure, "place": place} for place, (id, figure) in enumerate(pairs)]

    def key(row: Row) -> int:
        return int(row["id"])

    def order(row: Row) -> int:
        return int(row["figure"])

    with patch.object(piles, "_FEW", few), patch.object(piles, "_BLOCK", 2):
        assert [*Pile(rows).with_ordinals(key, order)] == [*with_ordinals(rows, key, order)]


def test_rows_that_cannot_be_packed_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piles, "_FEW", 1)
    deep: Any = "deep"
    for _ in range(400):
        deep = [deep]
    rows = [{"row": number, "deep": deep if number == 1 else None} for number in range(4)]
    assert [*Pile(rows)] == rows


def test_many_rows_take_little_memory() -> None:
    count = 20_000
    tracemalloc.start()
    try:
        pile = Pile(
            {"id": number, **{f"field_{field}": number + field for field in range(20)}} for number in range(count)
        )
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 4 << 20  # held as they are they take 30 MB
        tracemalloc.reset_peak()
        assert sum(1 for _ in pile.groups(lambda row: row["id"])) == count
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("few")
def test_every_day_has_its_pile_and_few_rows_of_all_of_them_are_not_packed() -> None:
    by_day = Piles()
    by_day.add(ROWS[:30], lambda row: row["id"])
    by_day.add(ROWS[30:], lambda row: row["id"])
    assert [[*pile] for pile in by_day] == [[row for row in ROWS if row["id"] == id] for id in range(7)]
    assert sum(pile.unpacked for pile in by_day) <= piles._FEW
