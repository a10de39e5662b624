"""What every OpenAI stream has in common: whole UTC days and an order for twins."""

from datetime import datetime, timezone
from typing import Any

from source_unified_usage.core.usage import Row, canonical_json, quantity, text

NO_USERS = "OpenAI does not tell its users apart, so there is nothing to read with openai.user_ids"


def utc_day(seconds: Any) -> str:
    """YYYY-MM-DD of a UTC midnight in epoch seconds. Raises ValueError for any other moment."""
    moment = quantity(seconds)
    if not isinstance(moment, int) or moment % 86_400:
        raise ValueError(f"{seconds!r} is no UTC midnight in Unix seconds")
    return datetime.fromtimestamp(moment, timezone.utc).date().isoformat()


def dimension(row: Row, name: str) -> str | bool | None:
    """What the row says of one of the fields it is grouped by; all are texts but `batch`."""
    value = row.get(name)
    return value if isinstance(value, bool) else text(value)


def order(row: Row) -> tuple[str, str]:
    """A fixed order among rows of one key: by what is no figure, then by everything."""
    told = {name: value for name, value in row.items() if value is None or isinstance(value, (str, bool))}
    return canonical_json(told), canonical_json(row)
