"""Faults that a test switches on: what an unlucky network or a troubled vendor does to an answer."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Effect = Literal["answer", "truncate", "reset", "hang", "slow", "change", "spoil"]


@dataclass
class Fault:
    """One misbehaviour of one vendor.

    `path`: a regular expression that must be found in the path below `/<vendor>`; `times`: how many matching
    requests it hits (None: all of them), after the first `after` were let through; `when` narrows it further by the
    query parameters and the raw body.

    - `answer`: `status`, `headers` and `body` (JSON, or text as it is; None: an empty body) instead of the real answer
    - `truncate`: the real answer, cut in the middle of its announced length
    - `reset`: the connection dies without an answer
    - `hang`: no answer until the client goes away
    - `slow`: the real answer, in eight pieces
    - `change`: the real JSON answer after `change(json)`
    - `spoil`: the real answer's bytes after `spoil(bytes)`
    """

    path: str = ""
    effect: Effect = "answer"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    times: int | None = 1
    after: int = 0
    method: str | None = None
    when: Callable[[Mapping[str, str], bytes], bool] | None = None
    change: Callable[[Any], Any] | None = None
    spoil: Callable[[bytes], bytes] | None = None
    hits: int = 0


class Faults:
    """The faults switched on, by vendor, in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()

    def add(self, vendor: str, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append((vendor, fault))
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def due(self, vendor: str, method: str, path: str, query: Mapping[str, str], body: bytes) -> Fault | None:
        """The fault that this request meets, counted as met."""
        with self._lock:
            for of, fault in self._faults:
                if of != vendor or (fault.method and fault.method != method):
                    continue
                if not re.search(fault.path, path) or (fault.when and not fault.when(query, body)):
                    continue
                fault.hits += 1
                if fault.hits <= fault.after:
                    continue
                if fault.times is not None and fault.hits > fault.after + fault.times:
                    continue
                return fault
        return None
