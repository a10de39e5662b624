"""Lists that are read by page number while they change: every row once, and none lost.

When a thing comes or goes between the requests of two pages, or two change places, one comes twice or never. That shows
in a total that changes or is not what came, or in a thing that is on two pages: the list is read again. A total that
counts something else is believed when a second reading brings nothing new; a thing that is on two pages of every
reading never is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row, canonical_json
from source_unified_usage.vendors.cursor.api import integer

Walk = Callable[[], Iterable[Answer]]

MEMBER = ("teamId", "userId", "email")
_TOTALS = ("totalCount", "totalItems", "totalUsers", "totalMembers")


def settled(
    walk: Walk, rows: Callable[[Answer], Iterable[Row]], key: Sequence[str]
) -> Iterator[tuple[Answer, list[Row]]]:
    """Every page with the rows of those things that no page before had, also of readings that were in vain.

    `key`: the fields that name the things which the vendor's total counts. All rows of a thing are on one page. Raises
    Unavailable when the list never rests.
    """
    seen: set[str] = set()
    for number in range(READINGS):
        reading, before = _Reading(), len(seen)
        for answer in walk():
            named = [(canonical_json([row.get(field) for field in key]), row) for row in rows(answer)]
            yield answer, [row for name, row in named if name not in seen]
            names = {name for name, _ in named}
            seen |= names
            reading.add(answer, names)
        if reading.complete(agreed=number > 0 and len(seen) == before):
            return
    raise reading.restless()


def settled_rows(walk: Walk, name: str) -> list[Row]:
    """The rows under `name` of one reading, for things that only the whole row tells apart.

    Of two readings one that is restated meanwhile would be two. Raises Unavailable when the list never rests.
    """
    seen: set[str] = set()
    for number in range(READINGS):
        reading, found = _Reading(), list[Row]()
        for answer in walk():
            rows = answer.rows(name)
            found += rows
            reading.add(answer, {canonical_json(row) for row in rows})
        if reading.complete(agreed=number > 0 and reading.names <= seen):
            return found
        seen |= reading.names
    raise reading.restless()


class _Reading:
    """One walk over the pages: the things that came, and the totals that were announced."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._pages, self._repeated = 0, False
        self._totals: set[int | None] = set()

    def add(self, answer: Answer, names: set[str]) -> None:
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
