"""Walks over pages: by the cursor that each answer names (`follow`), and by number or offset (`walk`)."""

from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import Any, NamedTuple, TypeVar

from source_unified_usage.core.answer import Answer

C = TypeVar("C")
_MOST_PAGES = 100_000  # of one window; more is a vendor whose pages never end
# By number. With 1,000 rows each these are more events than a day has, and than could be read in a day.
_MOST_NUMBERED = 10_000
_GROWTH = 100  # pages that a window may gain while it is read, beside as many as it had
_EMPTY_PAGES = 50  # empty pages are followed up to this number


def follow(
    ask: Callable[[C | None], Answer],
    following: Callable[[Answer], C | None],
    rows: Callable[[Answer], Collection[Any]],
) -> Iterator[Answer]:
    """Answer after answer: `ask` gets None, then the cursor that `following` finds in the answer before; None ends it.

    `rows` finds an answer's rows. Raises BrokenContract when a cursor comes twice, and when pages, empty ones or new
    ones, never end.
    """
    seen: set[C] = set()
    cursor: C | None = None
    empty = 0
    while True:
        answer = ask(cursor)
        yield answer
        cursor = following(answer)
        if cursor is None:
            return
        if cursor in seen:
            raise answer.broken(f"the cursor {cursor!r} came twice")
        seen.add(cursor)
        if len(seen) == _MOST_PAGES:
            raise answer.broken(f"{_MOST_PAGES} pages and no end")
        empty = 0 if rows(answer) else empty + 1
        if empty == _EMPTY_PAGES:
            raise answer.broken(f"{empty} empty pages one after another")


class PageInfo(NamedTuple):
    """What a numbered page says: its rows, whether another page follows, and how many pages there seem to be."""

    rows: Collection[Any]
    more: bool
    pages: int | None = None


def walk(
    ask: Callable[[int], Answer],
    read_page: Callable[[Answer, int, int], PageInfo],
    *,
    first: int = 1,
    step: int = 1,
    place: str = "page",
    most: int = _MOST_NUMBERED,
) -> Iterator[Answer]:
    """Answer after answer. `ask` gets the `first` page's number or offset, then one that is a `step` further.

    `read_page` gets an answer, its number or offset, and how many rows came before it. Totals may grow while pages are
    read. Raises BrokenContract when a page equals the one before, and when pages never end.
    """
    before: Collection[Any] = ()
    read, empty = 0, 0
    for number in count(1):
        at = first + step * (number - 1)
        answer = ask(at)
        rows, more, pages = read_page(answer, at, read)
        if rows and rows == before:
            raise answer.broken(f"{place} {at} is the one before")
        yield answer
        if not more:
            return
        if number == 1 and pages is not None:
            most = min(most, 2 * pages + _GROWTH)
        if number == most:
            raise answer.broken(f"{number} pages and no end")
        empty = 0 if rows else empty + 1
        if empty == _EMPTY_PAGES:
            raise answer.broken(f"{empty} empty pages one after another")
        before, read = rows, read + len(rows)
