"""Pages end, or end the stream, whether they are asked for by a cursor, a number or an offset."""

from collections.abc import Iterator

import pytest

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import BrokenContract
from source_unified_usage.core.paging import PageInfo, follow, walk
from source_unified_usage.core.usage import Row


class Vendor:
    """Serves what `page` makes of a number; `asked` lists what was requested."""

    def __init__(self, pages: int | None = None) -> None:
        self.pages = pages
        self.asked: list[int] = []

    def ask(self, at: int) -> Answer:
        self.asked.append(at)
        return Answer("Vendor, stream rows, /rows", {"rows": [{"at": at}]})

    def read_page(self, answer: Answer, at: int, read: int) -> PageInfo:
        assert read == len(self.asked) - 1
        return PageInfo(answer.rows("rows"), True, self.pages)


def test_pages_without_end_are_a_broken_contract() -> None:
    vendor = Vendor()
    with pytest.raises(BrokenContract, match=r"Vendor, stream rows, /rows: .*10000 pages and no end"):
        list(walk(vendor.ask, vendor.read_page))
    assert len(vendor.asked) == 10_000


def test_a_total_that_grows_is_followed_as_far_as_twice_the_first_and_a_hundred_pages() -> None:
    vendor = Vendor(pages=3)
    with pytest.raises(BrokenContract, match="106 pages and no end"):
        list(walk(vendor.ask, vendor.read_page))
    huge = Vendor(pages=10**12)
    with pytest.raises(BrokenContract, match="10000 pages and no end"):
        list(walk(huge.ask, huge.read_page))


def test_every_page_is_yielded_and_the_last_one_ends_the_walk() -> None:
    vendor = Vendor()
    found = list(walk(vendor.ask, lambda answer, at, _: PageInfo(answer.rows("rows"), at < 3)))
    assert [answer.body["rows"][0]["at"] for answer in found] == vendor.asked == [1, 2, 3]


def test_offsets_go_by_the_step_and_are_named() -> None:
    def still(at: int) -> Answer:
        return Answer("Vendor, /rows", {"rows": [{}] if at else [{"at": 0}]})

    def pages() -> Iterator[Answer]:
        return walk(
            still, lambda answer, *_: PageInfo(answer.rows("rows"), True), first=0, step=100, place="the offset"
        )

    with pytest.raises(BrokenContract, match="the offset 200 is the one before"):
        list(pages())


def test_empty_pages_are_followed_up_to_a_limit() -> None:
    def serve(at: int) -> Answer:
        return Answer("Vendor, /rows", {"rows": [{"at": at}] if at % 50 == 0 else []})

    def read_page(answer: Answer, at: int, _: int) -> PageInfo:
        return PageInfo(answer.rows("rows"), at < 101)

    assert len(list(walk(serve, read_page))) == 101
    with pytest.raises(BrokenContract, match="50 empty pages one after another"):
        list(walk(lambda at: serve(1), lambda answer, *_: PageInfo(answer.rows("rows"), True)))


def test_empty_pages_of_a_cursor_are_followed_up_to_a_limit() -> None:
    def serve(cursor: int | None) -> Answer:
        at = cursor or 0
        return Answer("Vendor, /rows", {"rows": [{"at": at}] if at % 50 == 0 else [], "next": at + 1})

    def following(answer: Answer) -> int | None:
        return answer.body["next"] if answer.body["next"] < 101 else None

    def rows(answer: Answer) -> list[Row]:
        return answer.rows("rows")

    assert len(list(follow(serve, following, rows))) == 101
    asked: list[int | None] = []

    def never(cursor: int | None) -> Answer:
        asked.append(cursor)
        return Answer("Vendor, /rows", {"rows": [], "next": len(asked)})

    with pytest.raises(BrokenContract, match=r"Vendor, /rows: .*50 empty pages one after another"):
        list(follow(never, following, rows))
    assert len(asked) == 50
