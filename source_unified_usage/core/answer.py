"""What a vendor answered: its JSON, and what to say when that is not what its documentation promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from requests.structures import CaseInsensitiveDict

from source_unified_usage.core.errors import BrokenContract
from source_unified_usage.core.masking import shortened
from source_unified_usage.core.messages import message_of
from source_unified_usage.core.usage import Row


@dataclass(frozen=True)
class Answer:
    """A 200 with its parsed JSON."""

    source: str  # who answered what, for messages
    body: Any
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict)

    def rows(self, key: str, *, nullable: bool = False) -> list[Row]:
        """The list of objects under `key`. `nullable`: the vendor documents null as an empty list.

        Raises BrokenContract when there is no such list, and when it is empty and the body holds an error: that is an
        error sent as a 200.
        """
        body = self.body if isinstance(self.body, Mapping) else {}
        rows = body.get(key)
        if rows is None and nullable and key in body:
            rows = []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.broken(f"no list of objects under {key!r}{self._instead('error', 'errors', 'message')}")
        if not rows and (instead := self._instead("error", "errors")):
            raise self.broken(f"an empty list under {key!r}{instead}")
        return rows

    def object(self, key: str, *, required: bool = False) -> Row:
        """The object under `key`; empty when absent or null, unless it is `required`.

        Raises BrokenContract when it is something else, or not there though required.
        """
        value = self.body.get(key) if isinstance(self.body, Mapping) else self.body
        if (value is None and required) or (value is not None and not isinstance(value, Mapping)):
            raise self.broken(f"{key!r} is not an object{self._instead('error', 'errors', 'message')}")
        return value or {}

    def _instead(self, *names: str) -> str:
        """The error under one of these names in the body, as the end of a sentence; "" when there is none."""
        body = self.body if isinstance(self.body, Mapping) else {}
        found = next((body[name] for name in names if body.get(name)), None)
        return f" but an error: {message_of(found) or found}" if found else ""

    def broken(self, what: str) -> BrokenContract:
        what = shortened(what, 300)  # it may hold a vendor's value, of any length
        return BrokenContract(f"{self.source}: the vendor's answer breaks its own documentation, {what}.")
