"""Retries: how long to wait before the next try, when to give up, and the waits that a vendor names in its headers."""

import email.utils
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from source_unified_usage.core import clock
from source_unified_usage.core.times import parse_time


@dataclass(frozen=True)
class RetryPolicy:
    """When to give up on a request; all in seconds.

    On 429: after `max_limited_wait` of waits that the vendor did not name; those that it names count apart, up to
    `max_retry_after` in one request. On any other temporary failure: after `max_attempts` tries that took at least
    `min_total_wait`, and in any case after `max_total_wait`, waits that the vendor names included.
    """

    max_limited_wait: float = 600
    max_retry_after: float = 3600
    max_attempts: int = 6
    min_total_wait: float = 60
    max_total_wait: float = 300
    timeout: tuple[float, float] = (10, 35)  # connect, between two bytes: six tries stay below `max_total_wait`
    deadline: float = 240  # for one answer; the largest page of 256 MB then needs 1 MB a second


SYNC_RETRIES = RetryPolicy()
LOOKUP_RETRIES = RetryPolicy(
    max_limited_wait=30, max_retry_after=30, min_total_wait=30, max_total_wait=30, timeout=(8, 15), deadline=30
)
# one answer as slow as SYNC_RETRIES allows; a second try only after a quick failure, so that a minute is enough
CHECK_RETRIES = RetryPolicy(
    max_limited_wait=20,
    max_retry_after=20,
    max_attempts=2,
    min_total_wait=0,
    max_total_wait=12,
    timeout=(8, 35),
    deadline=38,
)

_SHORTEST_NAMED = 30.0  # a wait that the vendor names counts as this at least, so that tiny ones come to an end


def _a_tenth(seconds: float) -> float:
    """Jitter: up to a tenth more, so that streams which failed together do not ask again together."""
    return seconds * random.uniform(1, 1.1)


class Backoff:
    """The waits of one request; `next` gives the seconds until the next try, or None when the policy gives up."""

    def __init__(self, policy: RetryPolicy, jitter: Callable[[float], float] = _a_tenth) -> None:
        self._policy, self._jitter = policy, jitter
        self._limited = self._named = self._spent = 0.0
        self._attempts = 0

    def next(self, *, limited: bool, retry_after: float | None, took: float) -> float | None:
        """After a failure: `limited` for 429, `retry_after` as the vendor named it, `took` the seconds of the try."""
        policy = self._policy
        self._attempts += 1
        if retry_after and limited:
            if self._named + retry_after <= policy.max_retry_after:
                self._named += max(retry_after, _SHORTEST_NAMED)
                return retry_after
            if retry_after > policy.max_limited_wait:
                return None
        # 2, 4, 8, ... 60: a vendor's window is a minute, and six tries spend 62 s
        wait = max(retry_after or 0.0, self._jitter(min(60.0, 2.0 ** min(self._attempts, 6))))
        if limited:
            if self._limited >= policy.max_limited_wait:
                return None
            self._limited += wait
            return wait
        self._spent += took
        enough = self._attempts >= policy.max_attempts and self._spent >= policy.min_total_wait
        if enough or self._spent + wait > policy.max_total_wait:
            return None
        self._spent += wait
        return wait


# Larger numbers are not seconds to wait but seconds since the epoch, and beyond the second bound milliseconds.
_EPOCH_NOT_SECONDS = 1_000_000_000
_MILLISECONDS_NOT_SECONDS = 1_000_000_000_000
_RESETS = ("X-RateLimit-Reset", "RateLimit-Reset")


def retry_after(headers: Mapping[str, str], *, limited: bool) -> float | None:
    """Seconds to wait as the answer's headers name them; `headers` must ignore case.

    `retry-after-ms`, then `Retry-After` (seconds or HTTP date), then, when the rate is `limited`, `X-RateLimit-Reset`
    or `RateLimit-Reset` (seconds to go, epoch seconds, or a date). Some vendors send a reset with every answer; it
    belongs to the limit and says nothing about other failures.
    """
    if (milliseconds := _float(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    for name in ("Retry-After", *(_RESETS if limited else ())):
        if (seconds := seconds_until(headers.get(name), headers)) is not None:
            return seconds
    return None


def seconds_until(retry_after: str | None, headers: Mapping[str, str]) -> float | None:
    """The seconds that one header names, directly or as a point in time; 0 when that is over.

    A point in time is compared with the answer's Date, where there is one: this machine's clock may be wrong.
    """
    point = _float(retry_after)
    if point is None:
        point = _point(retry_after)
    elif point < _EPOCH_NOT_SECONDS:
        return point
    elif point > _MILLISECONDS_NOT_SECONDS:
        point /= 1000
    if point is None:
        return None
    sent = _point(headers.get("Date")) or clock.now().timestamp()
    return max(0.0, point - sent)


def _float(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) else None


def _point(text: str | None) -> float | None:
    """Seconds since the epoch, of an HTTP date or an RFC 3339 time."""
    for parse in (email.utils.parsedate_to_datetime, parse_time):
        try:
            return parse(text or "").timestamp()
        except (ValueError, TypeError):
            continue
    return None
