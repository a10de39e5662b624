"""Rows at the edges of pages that are cut by number, where rows of one instant have no order and no name.

Two such rows may change places between the requests of two pages, so that one comes twice and the other never; no
count tells. The instant is asked for by itself then.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import chain

from source_unified_usage.core.usage import Row, canonical_json

Pages = Sequence[Sequence[Row]]
READINGS = 3  # of a list that changes meanwhile


def whole(pages: Pages, instant: Callable[[Row], Hashable], alone: Callable[[Hashable], Pages]) -> list[Row] | None:
    """All rows once, those of an instant that pages share as `alone` has them; None when the list has changed."""
    rows = [*chain.from_iterable(pages)]
    shared: dict[Hashable, list[Row]] = {one: [] for one in _shared(pages, instant)}
    if not shared:
        return rows
    found: list[Row] = []
    for row in rows:
        shared.get(instant(row), found).append(row)
    for one, seen in shared.items():
        certain = _certain(seen, partial(_alone, alone, instant, one))
        if certain is None:
            return None
        found += certain
    return found


def _shared(pages: Pages, instant: Callable[[Row], Hashable]) -> set[Hashable]:
    """The instants of which more than one page has rows."""
    seen: set[Hashable] = set()
    shared: set[Hashable] = set()
    for page in pages if len(pages) > 1 else ():
        instants = {instant(row) for row in page}
        shared |= seen & instants
        seen |= instants
    return shared - {None}


def _alone(ask: Callable[[Hashable], Pages], instant: Callable[[Row], Hashable], one: Hashable) -> Pages:
    return [[row for row in page if instant(row) == one] for page in ask(one)]


def _certain(seen: Sequence[Row], alone: Callable[[], Pages]) -> list[Row] | None:
    """The rows of one instant; None when they are not as many as were seen, or never certain.

    One page is the list as it is at one time. From several, rows that all differ are all there are, and equal ones are
    believed when all readings agree.
    """
    agreed = True
    for _ in range(READINGS):
        pages = alone()
        rows = [*chain.from_iterable(pages)]
        if len(rows) != len(seen):
            return None
        spelled = _spelled(rows)
        if len(pages) == 1 or len({*spelled}) == len(spelled):
            return rows
        agreed = agreed and spelled == _spelled(seen)
    return rows if agreed else None


def _spelled(rows: Iterable[Row]) -> list[str]:
    return sorted(map(canonical_json, rows))
