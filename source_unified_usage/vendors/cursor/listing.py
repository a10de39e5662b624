"""Lists that are read by page number while they change: every row once, and none lost.

When a thing comes or goes between the requests of two pages, or two change places, one comes twice or never. That shows
in a total that changes or is not what came, or in a thing that is on two pages: the list is read again. A total that
counts something else is believed when a second reading brings nothing new; a thing that is on two pages of every
reading never is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS
from source_unified_usage.core.errors import Crowded, Unavailable
from source_unified_usage.core.piles import Pile
from source_unified_usage.core.usage import Row, canonical_json
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import integer

Walk = Callable[[], Iterable[Answer]]
Page = tuple[Answer, list[Row]]
# Rows of a list that is read at once. Their ids are what takes memory: 200,000 of them 35 MB in core/validator.py.
_MOST_ROWS = 200_000

MEMBER = ("teamId", "userId", "email")
_TOTALS = ("totalCount", "totalItems", "totalUsers", "totalMembers")


def settled(walk: Walk, rows: Callable[[Answer], Iterable[Row]], key: Sequence[str]) -> Iterator[Page]:
    """Every page with the rows of those things that no page before had, also of readings that were in vain.

    `key`: the fields that name the things which the vendor's total counts. All rows of a thing are on one page. Raises
    Unavailable when the list never rests.
    """
    seen: set[int] = set()
    for number in range(READINGS):
        reading, before = _Reading(), len(seen)
        for answer in walk():
            named = [(hash(canonical_json([row.get(field) for field in key])), row) for row in rows(answer)]
            yield answer, [row for name, row in named if name not in seen]
            names = {name for name, _ in named}
            seen |= names
            reading.add(answer, names)
        if reading.complete(agreed=number > 0 and len(seen) == before):
            return
    raise reading.restless()


def in_parts(
    window: Window, read: Callable[[Window], Iterator[Page]], parts: Callable[[int], Iterable[Window]]
) -> Iterator[Iterator[Page]]:
    """The window's pages: all at once, or part after part where the first page announces very much.

    `parts` cuts the window by the total that is announced; one part is the window.
    """
    whole = read(window)
    first = next(whole, None)
    if first is None:
        return
    cut = [*parts(_total(first[0]) or 0)]
    if len(cut) < 2:
        yield chain((first,), whole)
        return
    for part in cut:
        yield read(part)


def days_of_members(window: Window, members: int) -> Iterable[Window]:
    """Parts in which so many members have few enough days."""
    return days(max(1, _MOST_ROWS // max(1, members))).cut(window)


def spans(window: Window, rows: int) -> Iterator[Window]:
    """Parts of the same length that have few enough of so many rows, if these come evenly."""
    count = max(1, -(-rows // _MOST_ROWS))
    length = (window.end - window.start).total_seconds() / count
    bounds = [window.start.add(seconds=round(number * length)) for number in range(count)]
    return (Window(start, end) for start, end in pairwise((*bounds, window.end)))


def settled_rows(walk: Walk, name: str, most: int | None) -> Pile:
    """The rows under `name` of one reading, for things that only the whole row tells apart.

    Of two readings one that is restated meanwhile would be two. Raises Unavailable when the list never rests, and
    Crowded as soon as more than `most` rows are announced or come.
    """
    seen: set[int] = set()
    for number in range(READINGS):
        reading, found = _Reading(), Pile()
        for answer in walk():
            rows = answer.rows(name)
            found.add(rows)
            if most is not None and max(len(found), _total(answer) or 0) > most:
                raise Crowded
            reading.add(answer, {hash(canonical_json(row)) for row in rows})
        if reading.complete(agreed=number > 0 and reading.names <= seen):
            return found
        seen |= reading.names
    raise reading.restless()


class _Reading:
    """One walk over the pages: the things that came, by hashes of 64 bits, and the totals that were announced."""

    def __init__(self) -> None:
        self.names: set[int] = set()
        self._pages, self._repeated = 0, False
        self._totals: set[int | None] = set()

    def add(self, answer: Answer, names: set[int]) -> None:
        """The things of the next page."""
        self._source = answer.source
        self._repeated = self._repeated or not names.isdisjoint(self.names)
        self.names |= names
        self._pages += 1
        self._totals.add(_total(answer))

    def complete(self, *, agreed: bool) -> bool:
        """Whether nothing is missing. `agreed`: it brought nothing that readings before did not."""
        if self._pages == 1 or self._totals == {len(self.names)}:  # a single page is the list as it was at one time
            return True
        return not self._repeated and (self._totals == {None} or (agreed and len(self._totals) == 1))

    def restless(self) -> Unavailable:
        return Unavailable(
            f"{self._source}: the list changed under every one of {READINGS} readings "
            f"({len(self.names)} came, announced {sorted(map(str, self._totals))})."
        )


def _total(answer: Answer) -> int | None:
    said = {**answer.object("pagination"), **answer.body}
    return next((integer(said[name]) for name in _TOTALS if said.get(name) is not None), None)
