"""Keeping below a vendor's request limit, so that a normal sync is never refused."""

import threading
from collections import deque
from collections.abc import Callable, Mapping

from source_unified_usage.core import clock

_WORTH_SAYING = 10  # seconds that requests take at least


class RateLimit:
    """At most `requests` in any `seconds`, shared by everything that the vendor counts under this limit.

    `requests` is 0 where the vendor publishes no figure; then only `hold` delays requests. The CDK's own policy is not
    used because it counts by the wall clock, which may be set back in the middle of a sync.
    """

    def __init__(self, requests: int = 0, seconds: float = 60) -> None:
        self.requests, self.seconds = requests, seconds
        self._sent: deque[float] = deque(maxlen=requests or 1)
        self._held_until = self._put_off_until = float("-inf")
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return f"allows {self.requests} requests in {self.seconds:.0f} s"

    def least(self, requests: int) -> float:
        """Seconds that so many requests take at least; 0 where the vendor publishes no figure."""
        return requests * self.seconds / self.requests if self.requests else 0.0

    def take(self, announce: Callable[[float, str], None] = lambda seconds, why: None) -> float:
        """Wait until a request may be sent; the seconds waited. `announce` gets each wait and its reason beforehand."""
        waited = 0.0
        while True:
            wait, why = self._wait()
            if not wait:
                return waited
            announce(wait, why)
            clock.sleep(wait)
            waited += wait

    def hold(self, seconds: float) -> None:
        """Send no request for this long, because the vendor says that none is left."""
        with self._lock:
            self._held_until = max(self._held_until, clock.monotonic() + seconds)

    def put_off(self, seconds: float) -> None:
        """A request failed and waits for this long before it is sent again; others need not wait with it."""
        with self._lock:
            self._put_off_until = max(self._put_off_until, clock.monotonic() + seconds)

    @property
    def spent(self) -> bool:
        """Whether a request would have to wait now, or one waits to be sent again."""
        with self._lock:
            now = clock.monotonic()
            return now < self._put_off_until or self._delay(now)[0] > 0

    def _wait(self) -> tuple[float, str]:
        """Seconds until a request may be sent, and why it must wait; 0 when it may be sent, which counts it."""
        with self._lock:
            now = clock.monotonic()
            wait, why = self._delay(now)
            if not wait:
                self._sent.append(now)  # a full deque drops its oldest
            return wait, why

    def _delay(self, now: float) -> tuple[float, str]:
        free = float("-inf")
        if self.requests and len(self._sent) == self.requests:
            free = self._sent[0] + self.seconds
        if self._held_until > max(now, free):
            return self._held_until - now, "has no request left for the moment"
        return (free - now, str(self)) if free > now else (0.0, "")


class InFlight:
    """As a context, one of at most `most` requests at the same time; one at a time once `narrow` was called."""

    def __init__(self, most: int) -> None:
        self._most, self._count = most, 0
        self._changed = threading.Condition()

    def narrow(self) -> None:
        with self._changed:
            self._most = 1

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count < self._most)
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()


def expectation(requests: Mapping[RateLimit, int]) -> str:
    """So many requests under each of these limits, which run at the same time: how many, and how long they take."""
    count = sum(requests.values())
    limited = [rate_limit for rate_limit in requests if rate_limit.requests]
    if not limited:
        return f"at least {count} requests, as fast as it answers"
    slowest = max(limited, key=lambda rate_limit: rate_limit.least(requests[rate_limit]))
    seconds = slowest.least(requests[slowest])
    if seconds < _WORTH_SAYING:
        return f"about {count} requests"
    return (
        f"about {count} requests, at least {_spoken(seconds)} ({slowest.requests} requests in {slowest.seconds:.0f} s)"
    )


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
