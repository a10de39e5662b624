"""The sandbox's time: it decides which days are complete, restated or still empty."""

import threading
import time
from datetime import date, datetime, timedelta, timezone


class Clock:
    """Time that stands still at `now`, or runs on from it when `ticking`; `advance` moves it on."""

    def __init__(self, now: datetime | None = None, *, ticking: bool | None = None) -> None:
        self._base = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
        self._ticking = ticking if ticking is not None else now is None
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        elapsed = time.monotonic() - self._started if self._ticking else 0.0
        with self._lock:
            return self._base + timedelta(seconds=elapsed)

    def today(self) -> date:
        return self.now().date()

    def advance(self, **duration: float) -> None:
        """Move on by a timedelta's keywords: `advance(days=2)`."""
        with self._lock:
            self._base += timedelta(**duration)
