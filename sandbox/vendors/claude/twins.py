"""Rows that agree in their whole key, as those of two things of one name do."""

from typing import Any

Row = dict[str, Any]

_EQUAL = "chat_metrics"  # a block in which both agree


def with_twin(rows: list[Row]) -> list[Row]:
    """The first row that counts anything has a twin that counts nothing, or only chats; it comes right before it.

    Ordered by what the rows are and then by their figures, the twin is the first of the two.
    """
    for place, row in enumerate(rows):
        if (twin := _emptied(row)) != row:
            return [*rows[:place], twin, *rows[place:]]
    return rows


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: part if name == _EQUAL else _emptied(part) for name, part in value.items()}
    return 0 if type(value) in (int, float) else value
