"""How many requests a sync needs, logged at its start: by vendor, because streams that share a limit share its time."""

from collections.abc import Hashable, Iterable, Iterator

from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.stream import UsageStream

_WORTH_SAYING = 10  # seconds


def outlook(streams: Iterable[UsageStream]) -> Iterator[str]:
    """A sentence for each vendor. The figures are minimums: more pages and look-ups are known only when they come."""
    vendors: dict[str, dict[RateLimit, set[Hashable]]] = {}
    for stream in streams:
        rate_limits = vendors.setdefault(stream.api.title, {})
        rate_limits.setdefault(stream.api.rate_limit_for(stream.path()), set()).update(stream.questions())
    for title, rate_limits in vendors.items():
        requests = sum(map(len, rate_limits.values()))
        times = {
            rate_limit: len(asked) * rate_limit.seconds / rate_limit.requests
            for rate_limit, asked in rate_limits.items()
            if rate_limit.requests
        }
        if not requests:
            continue
        if not times:
            yield f"{title}: at least {requests} requests, as fast as it answers"
            continue
        slowest = max(times, key=lambda rate_limit: times[rate_limit])
        line = f"{title}: about {requests} requests"
        if times[slowest] >= _WORTH_SAYING:
            line += f", at least {_spoken(times[slowest])} ({slowest.requests} requests in {slowest.seconds:.0f} s)"
        yield line


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
