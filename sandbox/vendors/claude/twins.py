"""Rows that agree in their whole key, as those of two things of one name do."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

Row = dict[str, Any]
Key = tuple[Any, ...]
Value = TypeVar("Value")

_EQUAL = "chat_metrics"  # a block in which both agree


def with_twin(rows: list[Row]) -> list[Row]:
    """The first row that counts anything has a twin that counts nothing, or only chats; it comes right before it.

    By the sheet's order, of what rows are and then of their figures, the twin is the first of the two.
    """
    for place, row in enumerate(rows):
        if (twin := _emptied(row)) != row:
            return [*rows[:place], twin, *rows[place:]]
    return rows


def numbered(rows: Iterable[tuple[Key, Value]]) -> Iterator[tuple[Key, Value]]:
    """Keys with a number from the second row of a key on; the rows come in the sheet's order."""
    seen: Counter[Key] = Counter()
    for key, value in rows:
        number = seen[key]
        seen[key] += 1
        yield (*key, number) if number else key, value


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: part if name == _EQUAL else _emptied(part) for name, part in value.items()}
    return 0 if type(value) in (int, float) else value
