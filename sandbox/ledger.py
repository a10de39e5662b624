"""What the sandbox knows to be true, for tests to hold against what the source emitted."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One row that a faultless reader must emit exactly once.

    `key`: the parts of the record's natural key, in the order of its `id`, as plain values (None: missing);
    `start`: its `start_date`; `charges`: amount by (type, currency); `usage`: figures by dotted path below `usage`.
    """

    key: tuple[Any, ...]
    start: str
    charges: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    usage: dict[str, Decimal] = field(default_factory=dict)


Ledger = dict[str, list[Entry]]
