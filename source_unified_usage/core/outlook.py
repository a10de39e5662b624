"""How many requests a sync needs, logged at its start: by vendor, because streams that share a limit share its time."""

from collections.abc import Hashable, Iterable, Iterator

from source_unified_usage.core.rate_limit import RateLimit, expectation
from source_unified_usage.core.reading import StreamReading


def outlook(readings: Iterable[StreamReading]) -> Iterator[str]:
    """A sentence for each vendor. The figures are minimums: more pages and look-ups are known only when they come.

    Asks nobody, because no stream has begun: a vendor that does not answer would hold all others.
    """
    vendors: dict[str, dict[RateLimit, set[Hashable]]] = {}
    for reading in readings:
        stream = reading.stream
        rate_limits = vendors.setdefault(stream.api.title, {})
        rate_limits.setdefault(stream.api.rate_limit_for(stream.path()), set()).update(reading.questions)
    for title, rate_limits in vendors.items():
        requests = {rate_limit: len(questions) for rate_limit, questions in rate_limits.items()}
        if any(requests.values()):
            yield f"{title}: {expectation(requests)}"
