"""Lists that announce very much are read in parts."""

from collections.abc import Iterator
from functools import partial

import pytest

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.cursor import listing
from source_unified_usage.vendors.cursor.listing import Page, days_of_members, in_parts, spans
from unit_tests.vendors.samples import window

MONTH = window("2026-09-01", "2026-10-01")


def reads(total: int, by: str) -> list[Window]:
    asked: list[Window] = []

    def read(part: Window) -> Iterator[Page]:
        asked.append(part)
        yield Answer("", {"totalCount": total}), [{"of": str(part)}]

    cut = days_of_members if by == "members" else spans
    found = [rows for listed in in_parts(MONTH, read, partial(cut, MONTH)) for _, rows in listed]
    assert len(found) == max(1, len(asked) - 1)
    return asked


@pytest.mark.parametrize(("by", "total"), [("members", 6), ("members", 0), ("rows", 200), ("rows", 0)])
def test_a_list_that_fits_is_read_at_once(by: str, total: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_MOST_ROWS", 200)
    assert reads(total, by) == [MONTH]


@pytest.mark.parametrize(("by", "total", "count"), [("members", 20, 3), ("members", 5000, 30), ("rows", 7000, 35)])
def test_a_list_that_does_not_is_read_in_parts_that_follow_one_another(
    by: str, total: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_ROWS", 200)
    whole, *parts = reads(total, by)
    assert whole == MONTH
    assert len(parts) == count
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]
    assert (parts[0].start, parts[-1].end) == (MONTH.start, MONTH.end)
