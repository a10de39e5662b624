"""Lists that are read by page number while they change: every row once, and none lost."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row, canonical_json
from source_unified_usage.vendors.cursor.api import whole

Name = tuple[str, int]  # the key's values, and which of the rows that agree in them

MEMBER = ("teamId", "userId", "email")
_TOTALS = ("totalCount", "totalItems", "totalUsers", "totalMembers")


def settled(
    walk: Callable[[], Iterable[Answer]], rows: Callable[[Answer], Iterable[Row]], key: Sequence[str]
) -> Iterator[tuple[Answer, list[Row]]]:
    """Every page with those of its rows that did not come before. Raises Unavailable when the list never rests.

    `key`: the fields by which the things are told apart that the vendor's total counts. When one of them comes or goes,
    or two change places, between the requests of two pages, another one comes twice or never. That shows in a total
    that changes or is not what came, and in the same row on two pages: then the list is read again for what it left
    out. A total that counts something else is believed when a second reading brings nothing new.
    """
    seen: set[Name] = set()
    for reading in range(READINGS):
        known, here, pages, twice = len(seen), _Reading(key), 0, False
        totals: set[int | None] = set()
        for answer in walk():
            fresh = []
            for row in rows(answer):
                name = here.name(row)
                twice = twice or name is None
                if name is not None and name not in seen:
                    seen.add(name)
                    fresh.append(row)
            yield answer, fresh
            here.turn()
            totals.add(_total(answer))
            pages += 1
        # a single page is the list as it was at one time
        if pages == 1 or totals == {len(seen)}:
            return
        if not twice and (totals == {None} or (len(totals) == 1 and reading and len(seen) == known)):
            return
    raise Unavailable(
        f"{answer.source}: the list changed under every one of {READINGS} readings "
        f"({len(seen)} came, announced {sorted(map(str, totals))})."
    )


class _Reading:
    """The rows of one reading: what each is called, and whether it has come on an earlier page."""

    def __init__(self, key: Sequence[str]) -> None:
        self._key = key
        self._contents: dict[str, list[int]] = {}
        self._page: set[Name] = set()

    def name(self, row: Row) -> Name | None:
        """Of rows that agree in their key and differ in the rest, the second has another name; None: it came before."""
        named = canonical_json([row.get(field) for field in self._key])
        contents, content = self._contents.setdefault(named, []), hash(canonical_json(row))
        if content not in contents:
            contents.append(content)
            self._page.add((named, len(contents)))
            return named, len(contents)
        name = (named, contents.index(content) + 1)
        return name if name in self._page else None

    def turn(self) -> None:
        """The next page."""
        self._page.clear()


def _total(answer: Answer) -> int | None:
    told = {**answer.object("pagination"), **answer.body}
    return next((whole(told[name]) for name in _TOTALS if told.get(name) is not None), None)
