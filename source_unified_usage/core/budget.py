"""Keeping below a vendor's request limit, so that a normal sync is never refused."""

import threading
from collections import deque

from source_unified_usage.core import clock


class Budget:
    """At most `requests` in any `seconds`, shared by everything that asks the vendor with the same limit.

    Without `requests` the vendor publishes no figure: only what it tells in its answers holds requests back. The CDK's
    own policy counts by the wall clock, which may be set back by an hour in the middle of a sync.
    """

    def __init__(self, requests: int = 0, seconds: float = 60) -> None:
        self.requests, self.seconds = requests, seconds
        self._sent: deque[float] = deque(maxlen=requests or 1)
        self._held_until = float("-inf")
        self._lock = threading.Lock()

    def __str__(self) -> str:
        if not self.requests:
            return "has no request left for the moment"
        return f"allows {self.requests} requests in {self.seconds:.0f} s"

    def take(self) -> float:
        """Wait for one request's turn; the seconds waited."""
        waited = 0.0
        while wait := self._wait():
            clock.sleep(wait)
            waited += wait
        return waited

    def hold(self, seconds: float) -> None:
        """No request for so long: the vendor said that nothing is left."""
        with self._lock:
            self._held_until = max(self._held_until, clock.monotonic() + seconds)

    def _wait(self) -> float:
        """Seconds until there is room; zero: it is taken."""
        with self._lock:
            now = clock.monotonic()
            free = self._held_until
            if self.requests and len(self._sent) == self.requests:
                free = max(free, self._sent[0] + self.seconds)
            if free > now:
                return free - now
            self._sent.append(now)  # the oldest of a full deque goes
            return 0.0
