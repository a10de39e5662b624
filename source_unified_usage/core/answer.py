"""What a vendor answered: its JSON, and what to say when that is not what its documentation promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from requests.structures import CaseInsensitiveDict

from source_unified_usage.core.errors import BrokenContract
from source_unified_usage.core.usage import Row


@dataclass(frozen=True)
class Answer:
    """A 200 with its parsed JSON."""

    source: str  # who answered what, for messages
    body: Any
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict)

    def rows(self, key: str, *, nullable: bool = False) -> list[Row]:
        """The list of objects under `key`. Raises BrokenContract when there is none."""
        rows = self.body.get(key) if isinstance(self.body, Mapping) else None
        if rows is None and nullable and isinstance(self.body, Mapping):
            return []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.broken(f"no list of objects under {key!r}")
        return rows

    def object(self, key: str) -> Row:
        """The object under `key`; empty when absent or null. Raises BrokenContract when it is something else."""
        value = self.body.get(key) if isinstance(self.body, Mapping) else self.body
        if value is not None and not isinstance(value, Mapping):
            raise self.broken(f"{key!r} is not an object")
        return value or {}

    def broken(self, what: str) -> BrokenContract:
        said = " ".join(what.split())[:300]  # a vendor's value in it may be of any length
        return BrokenContract(f"{self.source}: the vendor's answer breaks its own documentation, {said}.")
