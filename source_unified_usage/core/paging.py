"""Pages whose answers name the next one."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from source_unified_usage.core.answer import Answer

C = TypeVar("C")
_MOST_PAGES = 100_000  # of one window; more is no data but a vendor that never ends


def follow(ask: Callable[[C | None], Answer], following: Callable[[Answer], C | None]) -> Iterator[Answer]:
    """Answer after answer: `ask` gets None, then the cursor that `following` finds in the answer before; None ends it.

    Raises BrokenContract when a cursor comes twice or new ones never end.
    """
    seen: set[C] = set()
    cursor: C | None = None
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
