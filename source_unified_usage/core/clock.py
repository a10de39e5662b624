"""The clocks and the sleep that the source uses; tests replace them."""

import time
from collections.abc import Callable
from datetime import datetime, timezone

from pendulum import DateTime, instance

sleep: Callable[[float], None] = time.sleep
monotonic: Callable[[], float] = time.monotonic


def now() -> DateTime:
    """The present instant in UTC."""
    return instance(datetime.now(timezone.utc))
