"""Lists that are read by page number while they change: every row once, and none lost."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row, canonical_json
from source_unified_usage.vendors.cursor.api import integer

Name = tuple[str, int]  # the key's values, and which of the twins that agree in them

MEMBER = ("teamId", "userId", "email")
_TOTALS = ("totalCount", "totalItems", "totalUsers", "totalMembers")


def settled(
    walk: Callable[[], Iterable[Answer]],
    rows: Callable[[Answer], Iterable[Row]],
    key: Sequence[str],
    *,
    twins: bool = False,
) -> Iterator[tuple[Answer, list[Row]]]:
    """Every page with those of its rows that no page before had. Raises Unavailable when the list never rests.

    `key`: the fields that name the things which the vendor's total counts, each of which is on one page with all its
    rows. `twins`: two things may agree in them and differ in the rest.

    When a thing comes or goes between the requests of two pages, or two change places, one comes twice or never. That
    shows in a total that changes or is not what came, or in a thing that is on two pages: the list is read again for
    what it left out. A total that counts something else is believed when a second reading brings nothing new; a thing
    that is on two pages of every reading never is.
    """
    seen: set[Name] = set()
    for number in range(READINGS):
        reading, before = _Reading(key, twins), len(seen)
        for answer in walk():
            named = reading.add(answer, rows(answer))
            yield answer, [row for name, row in named if name not in seen]
            seen.update(name for name, _ in named)
        if reading.complete(len(seen), agreed=number > 0 and len(seen) == before):
            return
    raise Unavailable(
        f"{answer.source}: the list changed under every one of {READINGS} readings "
        f"({len(seen)} came, announced {sorted(map(str, reading.totals))})."
    )


class _Reading:
    """One walk over the pages: the things that came, and the totals that were announced."""

    def __init__(self, key: Sequence[str], twins: bool) -> None:
        self._key, self._twins = key, twins
        self._contents: dict[str, list[int]] = defaultdict(list)
        self._names: set[Name] = set()
        self._pages, self._repeated = 0, False
        self.totals: set[int | None] = set()

    def add(self, answer: Answer, rows: Iterable[Row]) -> list[tuple[Name, Row]]:
        """The rows of the next page with their names."""
        named = [(self._name(row), row) for row in rows]
        names = {name for name, _ in named}
        self._repeated = self._repeated or not names.isdisjoint(self._names)
        self._names |= names
        self._pages += 1
        self.totals.add(_total(answer))
        return named

    def complete(self, came: int, *, agreed: bool) -> bool:
        """Whether all things `came` by now. `agreed`: this reading brought no other than those before."""
        if self._pages == 1 or self.totals == {came}:  # a single page is the list as it was at one time
            return True
        return not self._repeated and (self.totals == {None} or (agreed and len(self.totals) == 1))

    def _name(self, row: Row) -> Name:
        """Twins are numbered as they come, so that one which is restated meanwhile keeps its name."""
        key = canonical_json([row.get(field) for field in self._key])
        if not self._twins:
            return key, 0
        contents, content = self._contents[key], hash(canonical_json(row))
        if content not in contents:
            contents.append(content)
        return key, contents.index(content)


def _total(answer: Answer) -> int | None:
    said = {**answer.object("pagination"), **answer.body}
    return next((integer(said[name]) for name in _TOTALS if said.get(name) is not None), None)
