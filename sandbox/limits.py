"""Request limits as vendors count them."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Limit:
    """At most `requests` within `seconds`, counted apart for every key.

    `aligned` windows begin at multiples of `seconds` since the epoch, as fixed-window limiters count;
    the others move with the requests. `None` requests: unlimited.
    """

    requests: int | None
    seconds: float = 60
    aligned: bool = False
    _seen: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, key: str, now: datetime) -> float | None:
        """Count one request. None: allowed; otherwise refused, and the seconds until the next is allowed."""
        seen, at = self._forget(key, now)
        if self.requests is not None and len(seen) >= self.requests:
            return self._free_at(seen) - at
        seen.append(at)
        return None

    def remaining(self, key: str, now: datetime) -> int | None:
        seen, _ = self._forget(key, now)
        return None if self.requests is None else self.requests - len(seen)

    def reset(self, key: str, now: datetime) -> float:
        """Seconds until the window of this key gives room again."""
        seen, at = self._forget(key, now)
        return self._free_at(seen) - at if seen else 0.0

    def _forget(self, key: str, now: datetime) -> tuple[deque[float], float]:
        at = now.timestamp()
        begin = at - at % self.seconds if self.aligned else at - self.seconds
        seen = self._seen[key]
        while seen and (seen[0] < begin if self.aligned else seen[0] <= begin):
            seen.popleft()
        return seen, at

    def _free_at(self, seen: deque[float]) -> float:
        first = seen[0]
        return first - first % self.seconds + self.seconds if self.aligned else first + self.seconds
