"""What OpenAI's streams share in mapping: whole UTC days, dimensions, models, and an order among rows of one key."""

from datetime import datetime, timezone
from typing import Any

from source_unified_usage.core.usage import Row, canonical_json, quantity, text


def utc_day(seconds: Any) -> str:
    """YYYY-MM-DD of a UTC midnight in epoch seconds. Raises ValueError for any other moment."""
    moment = quantity(seconds)
    if not isinstance(moment, int) or moment % 86_400:
        raise ValueError(f"{seconds!r} is no UTC midnight in Unix seconds")
    return datetime.fromtimestamp(moment, timezone.utc).date().isoformat()


def dimension(row: Row, name: str) -> str | bool | None:
    """The value of one of the fields that rows are grouped by; all are texts but `batch`."""
    value = row.get(name)
    return value if isinstance(value, bool) else text(value)


def model(id: str | None) -> dict[str, str]:
    """Empty where no model is named."""
    return {"id": id, "provider": "openai"} if id else {}


def order(row: Row) -> tuple[str, str]:
    """A fixed order among rows of one key: by what is no figure, then by everything."""
    labels = {name: value for name, value in row.items() if value is None or isinstance(value, (str, bool))}
    return canonical_json(labels), canonical_json(row)
