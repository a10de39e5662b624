"""Lists that are read by page number while they change: every row once, and none lost."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS
from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.usage import Row, canonical_json
from source_unified_usage.vendors.cursor.api import whole

MEMBER = ("teamId", "userId", "email")
_TOTALS = ("totalCount", "totalItems", "totalUsers", "totalMembers")


def settled(
    walk: Callable[[], Iterable[Answer]], rows: Callable[[Answer], Iterable[Row]], key: Sequence[str]
) -> Iterator[tuple[Answer, list[Row]]]:
    """Every page with those of its rows that did not come before. Raises Unavailable when the list never rests.

    `key`: the fields by which the things are told apart that the vendor's total counts. When one of them comes or goes,
    or two change places, between the requests of two pages, another one comes twice or never. That shows in a total
    that changes or is not what came, and in a thing on two pages: then the list is read again for what it left out. A
    total that counts something else is believed when a second reading brings nothing new.
    """
    seen: set[str] = set()
    for reading in range(READINGS):
        known, here, pages, twice = len(seen), set[str](), 0, False
        totals: set[int | None] = set()
        for answer in walk():
            named = [(canonical_json([row.get(field) for field in key]), row) for row in rows(answer)]
            yield answer, [row for name, row in named if name not in seen]
            names = {name for name, _ in named}
            twice = twice or not here.isdisjoint(names)
            here |= names
            seen |= names
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


def _total(answer: Answer) -> int | None:
    told = {**answer.object("pagination"), **answer.body}
    return next((whole(told[name]) for name in _TOTALS if told.get(name) is not None), None)
