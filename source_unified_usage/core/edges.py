"""Rows without an id at the edges of pages, of a list that changes while it is read.

`whole`: two rows of one instant may change places between the requests for two pages. One of them then comes twice and
the other not at all, and the number of rows is still right. Such an instant is asked for again, alone.

`steady`: a row that comes in moves those behind it, and the last one of a page is the first one of the next page, too.
Where such a row cannot be asked for alone, the pages are read again.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.usage import Row, canonical_json

Pages = Sequence[Sequence[Row]]
Instant = Callable[[Row], Hashable]
Alone = Callable[[Hashable], Pages]  # the pages of one instant, requested again
READINGS = 3  # of a list that changes while it is read, at most
STEADY_READINGS = 5  # the same, where two that follow one another must agree


def whole(pages: Pages, instant: Instant, alone: Alone) -> list[Row] | None:
    """All rows once. Those of an instant that is on several pages are what `alone` returns for it.

    None when the list has changed meanwhile.
    """
    rows = [*chain.from_iterable(pages)]
    edges = _edges(pages, instant)
    if not edges.shared:
        return rows
    found = edges.settled(rows, alone)
    return None if found is None else [*edges.within(rows), *found]


class Edges:
    """`whole` page after page, for rows that are not all held as they are.

    `shared`: the instants of which more than one page has rows.
    """

    def __init__(self, instant: Instant) -> None:
        self._instant = instant
        self._seen: set[Hashable] = set()
        self.shared: set[Hashable] = set()

    def add(self, page: Iterable[Row]) -> None:
        instants = {*map(self._instant, page)} - {None}
        self.shared |= self._seen & instants
        self._seen |= instants

    def within(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows of all other instants."""
        return (row for row in rows if self._instant(row) not in self.shared)

    def settled(self, rows: Iterable[Row], alone: Alone) -> list[Row] | None:
        """Those of the shared instants, as `alone` returns them; None when the list has changed meanwhile."""
        shared: dict[Hashable, list[Row]] = {moment: [] for moment in self.shared}
        for row in rows:
            if (seen := shared.get(self._instant(row))) is not None:
                seen.append(row)
        found: list[Row] = []
        for moment, seen in shared.items():
            certain = _certain(moment, seen, self._instant, alone)
            if certain is None:
                return None
            found += certain
        return found


def steady(read: Callable[[], Pages], key: Callable[[Row], Hashable]) -> list[Row] | None:
    """All rows of one reading; None when the list never rests.

    `key`: what tells rows apart beside their number. Where several pages have rows of one key, two readings one after
    the other must have the same keys equally often: then none of them came twice. Raises Unmappable.
    """

    def named(row: Row) -> Hashable:
        with mapping(row):
            return key(row)

    before: Counter[Hashable] | None = None
    for _ in range(STEADY_READINGS):
        pages = read()
        rows = [*chain.from_iterable(pages)]
        if not _edges(pages, named).shared:
            return rows
        keys = Counter(map(named, rows))
        if keys == before:
            return rows
        before = keys
    return None


def _edges(pages: Pages, instant: Instant) -> Edges:
    """Those of a list that is there."""
    edges = Edges(instant)
    for page in pages if len(pages) > 1 else ():
        edges.add(page)
    return edges


def _certain(moment: Hashable, seen: Sequence[Row], instant: Instant, alone: Alone) -> list[Row] | None:
    """The rows of one instant; None when their number is not that of the rows seen, or the readings do not agree.

    One page alone shows the list at one time. Several pages are trusted when all of their rows differ, or when every
    reading had the same rows.
    """
    agreed = True
    for _ in range(READINGS):
        pages = alone(moment)
        rows = [row for page in pages for row in page if instant(row) == moment]
        if len(rows) != len(seen):
            return None
        texts = _texts(rows)
        if len(pages) == 1 or len({*texts}) == len(texts):
            return rows
        agreed = agreed and texts == _texts(seen)
    return rows if agreed else None


def _texts(rows: Sequence[Row]) -> list[str]:
    return sorted(map(canonical_json, rows))
