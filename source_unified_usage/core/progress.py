"""Progress of the streams, for the person who watches the log."""

import logging
import math
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import Self

from source_unified_usage.core import clock

logger = logging.getLogger("airbyte")

# The latest line of a stream that works or waits is never older than 30 seconds.
_QUIET_SECONDS = 24.0
_LOOK_EVERY_SECONDS = 5.0
_ANNOUNCED_SECONDS = 5.0  # a wait of this length or longer is logged


class StreamStats:
    """Counts of one stream: rows, requests, seconds waited, and the sum of `net` by currency."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.rows = self.requests = 0
        self.waited = 0.0
        self._net: dict[str, list[float]] = defaultdict(list)
        self._last_line = self._started = clock.monotonic()
        self._doing = ""  # nothing, while the stream does not run
        self._waits_until, self._why = 0.0, ""
        self._lock = threading.Lock()  # windows of one stream may be read at the same time

    def doing(self, what: str) -> None:
        """Set what the stream does from now on."""
        self._doing = what

    def wait(self, seconds: float, reason: str) -> None:
        """Count a wait that begins now, and log a long one."""
        self.waited += seconds
        self._waits_until, self._why = clock.monotonic() + seconds, reason
        if seconds >= _ANNOUNCED_SECONDS:
            self.tell(f"waiting {seconds:.0f} s, {reason}")

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        with self._lock:
            self.rows += len(records)
            for record in records:
                for charge in record.get("charges", ()):
                    if charge.get("type") == "net":
                        self._net[charge["currency"]].append(charge["amount"])
            for currency, amounts in self._net.items():
                self._net[currency] = [math.fsum(amounts)]

    def tell(self, what: str) -> None:
        self._last_line = clock.monotonic()
        logger.info(f"{self.stream}: {what}")

    def remind(self) -> None:
        """Log a line if the stream runs and its last line is old."""
        now = clock.monotonic()
        if not self._doing or now - self._last_line < _QUIET_SECONDS:
            return
        so_far = f"{self._doing}, {self.rows} rows and {self.requests} requests so far"
        if (left := self._waits_until - now) >= 1:
            so_far += f"; waiting {left:.0f} s more, {self._why}"
        self.tell(so_far)

    def finish(self) -> None:
        self._doing = ""
        took = clock.monotonic() - self._started
        net = ", ".join(f"{math.fsum(amounts):.2f} {currency}" for currency, amounts in sorted(self._net.items()))
        self.tell(
            f"{self.rows} rows, {self.requests} requests, {took:.0f} s of which {self.waited:.0f} s waiting"
            + (f", net {net}" if net else "")
        )


class Heartbeat:
    """Within the block, every stream that runs logs a line now and then, whatever it waits for."""

    def __init__(self, stats: Sequence[StreamStats]) -> None:
        self._stats = stats
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            for stats in self._stats:
                stats.remind()
