"""Rows that must all be there before the first of them is emitted: compressed where they are many."""

import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import groupby, islice
from typing import Any

import orjson

from source_unified_usage.core.errors import UNMAPPABLE, Unmappable
from source_unified_usage.core.usage import Row, with_ordinals

_FEW = 2_000  # rows of a pile that stay as they are: 5 to 10 MB of the largest rows that vendors send
_BLOCK = 500  # rows that are packed and unpacked at once
_FAST = 1  # zlib's quickest level: rows of one kind shrink to a tenth, at other levels not much further


class Pile:
    """Rows in the order in which they were added, as often as they are asked for, also by several threads."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._blocks: list[list[Row] | bytes] = []
        self._rows: list[Row] = []
        self._count = 0
        self.add(rows)

    def __len__(self) -> int:
        return self._count

    @property
    def unpacked(self) -> int:
        """How many rows may still be packed."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        for block in self._blocks:
            yield from block if isinstance(block, list) else _unpacked(block)
        yield from self._rows

    def add(self, rows: Iterable[Row]) -> None:
        rows = iter(rows)
        while added := [*islice(rows, _BLOCK)]:
            self._count += len(added)
            self._rows += added
            if len(self._rows) > _FEW:
                self.pack()

    def groups(self, key: Callable[[Row], Hashable]) -> Iterator[list[Row]]:
        """The rows that agree in their key, together, at the place of the first of them. Raises Unmappable.

        Only those that do are held; of the others a hash of their key.
        """
        if not self._blocks:
            yield from _together(self._rows, key).values()
            return
        seen, again = set[int](), set[int]()
        for row in self:
            hashed = hash(_key(row, key))
            (again if hashed in seen else seen).add(hashed)
        del seen
        if not again:
            yield from ([row] for row in self)
            return
        twins = _together((row for row in self if hash(key(row)) in again), key)
        for row in self:
            own = key(row)
            if hash(own) not in again:
                yield [row]
            elif together := twins.pop(own, None):
                yield together

    def with_ordinals(self, key: Callable[[Row], Hashable], order: Callable[[Row], Any]) -> Iterator[tuple[Row, int]]:
        """As `usage.with_ordinals`, of which only the rows that agree in their key are held. Raises Unmappable."""
        for twins in self.groups(key):
            if len(twins) == 1:
                yield twins[0], 0
            else:
                yield from with_ordinals(twins, key, order)

    def pack(self) -> None:
        """Compress the rows so far; those that cannot be written as JSON stay."""
        rows = iter(self._rows)
        while block := [*islice(rows, _BLOCK)]:
            try:
                self._blocks.append(zlib.compress(orjson.dumps(block), _FAST))
            except TypeError:  # nested deeper than orjson writes; such a row is refused later, by name
                self._blocks.append(block)
        self._rows = []


class Piles:
    """A pile for each day or the like, in the order in which they came; few rows of all together are not packed."""

    def __init__(self) -> None:
        self._piles: dict[Hashable, Pile] = {}

    def __iter__(self) -> Iterator[Pile]:
        return iter(self._piles.values())

    def add(self, rows: Iterable[Row], key: Callable[[Row], Hashable]) -> None:
        """Raises Unmappable."""
        for name, own in groupby(rows, lambda row: _key(row, key)):
            self._piles.setdefault(name, Pile()).add(own)
            if sum(pile.unpacked for pile in self) > _FEW:
                for pile in self:
                    pile.pack()


def _together(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> dict[Hashable, list[Row]]:
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(_key(row, key), []).append(row)
    return groups


def _key(row: Row, key: Callable[[Row], Hashable]) -> Hashable:
    try:
        return key(row)
    except UNMAPPABLE as error:
        raise Unmappable(row, error) from error


def _unpacked(block: bytes) -> list[Row]:
    rows: list[Row] = orjson.loads(zlib.decompress(block))
    return rows
