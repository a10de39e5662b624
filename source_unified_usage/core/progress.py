"""What a stream has done so far, told to the person who watches the log."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

logger = logging.getLogger("airbyte")

_EVERY_SECONDS = 30


class Tally:
    """Counts of one stream: rows, requests, seconds waited, and the sum of `net` by currency."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.rows = self.requests = 0
        self.waited = 0.0
        self._net: dict[str, list[float]] = defaultdict(list)
        self._told = self._started = time.monotonic()

    def wait(self, seconds: float, reason: str) -> None:
        """A wait that begins now; a long one is announced."""
        self.waited += seconds
        if seconds >= 5:
            logger.info(f"{self.stream}: waiting {seconds:.0f} s, {reason}")

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        for record in records:
            self.rows += 1
            for charge in record.get("charges", ()):
                if charge.get("type") == "net":
                    self._net[charge["currency"]].append(charge["amount"])
        for currency, amounts in self._net.items():
            self._net[currency] = [math.fsum(amounts)]

    def progress(self, reached: str) -> None:
        """At most every 30 seconds."""
        if (now := time.monotonic()) - self._told >= _EVERY_SECONDS:
            self._told = now
            logger.info(f"{self.stream}: {self.rows} rows so far, up to {reached}")

    def finish(self) -> None:
        took = time.monotonic() - self._started
        net = ", ".join(f"{math.fsum(amounts):.2f} {currency}" for currency, amounts in sorted(self._net.items()))
        logger.info(
            f"{self.stream}: {self.rows} rows, {self.requests} requests, {took:.0f} s of which {self.waited:.0f} s "
            f"waiting" + (f", net {net}" if net else "")
        )
