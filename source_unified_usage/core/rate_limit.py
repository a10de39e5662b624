"""Keeping below a vendor's request limit, so that a normal sync is never refused."""

import threading
from collections import deque
from collections.abc import Callable

from source_unified_usage.core import clock


class RateLimit:
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
        return f"allows {self.requests} requests in {self.seconds:.0f} s"

    def take(self, announce: Callable[[float, str], None] = lambda seconds, why: None) -> float:
        """Wait for one request's turn; the seconds waited. Each is announced, with its reason, before it begins."""
        waited = 0.0
        while True:
            wait, why = self._wait()
            if not wait:
                return waited
            announce(wait, why)
            clock.sleep(wait)
            waited += wait

    def hold(self, seconds: float) -> None:
        """No request for so long: the vendor said that nothing is left."""
        with self._lock:
            self._held_until = max(self._held_until, clock.monotonic() + seconds)

    def _wait(self) -> tuple[float, str]:
        """Seconds until there is room, and why there is none; zero: it is taken."""
        with self._lock:
            now = clock.monotonic()
            free = float("-inf")
            if self.requests and len(self._sent) == self.requests:
                free = self._sent[0] + self.seconds
            if self._held_until > max(now, free):
                return self._held_until - now, "has no request left for the moment"
            if free > now:
                return free - now, str(self)
            self._sent.append(now)  # the oldest of a full deque goes
            return 0.0, ""
