"""Keeping below a vendor's request limit, so that a normal sync is never refused."""

import threading
from datetime import timedelta

from airbyte_cdk.sources.streams.call_rate import CallRateLimitHit, MovingWindowCallRatePolicy, Rate

from source_unified_usage.core import clock

_UNKNOWN = 1_000_000


class Budget:
    """At most `requests` in any `seconds`, shared by everything that asks the vendor with the same limit.

    Without `requests` the vendor publishes no figure: only what it tells in its answers holds requests back.
    """

    def __init__(self, requests: int = 0, seconds: float = 60) -> None:
        self.requests, self.seconds = requests, seconds
        rate = Rate(limit=requests or _UNKNOWN, interval=timedelta(seconds=seconds))
        self._policy = MovingWindowCallRatePolicy(rates=[rate], matchers=[])
        self._held_until = 0.0
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
            self._held_until = max(self._held_until, clock.now().timestamp() + seconds)

    def _wait(self) -> float:
        with self._lock:
            if (held := self._held_until - clock.now().timestamp()) > 0:
                return held
            try:
                self._policy.try_acquire("request", weight=1)
            except CallRateLimitHit as hit:
                # never zero: a full window is not free yet, however little is missing
                return max(hit.time_to_wait.total_seconds(), 0.001)
            return 0.0
