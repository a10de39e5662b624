"""How much a sync has to ask, told at its start: by vendor, because streams that share a limit share the time."""

from collections.abc import Hashable, Iterable, Iterator

from source_unified_usage.core.budget import Budget
from source_unified_usage.core.stream import UsageStream

_WORTH_TELLING = 10  # seconds


def outlook(streams: Iterable[UsageStream]) -> Iterator[str]:
    """A sentence for each vendor: pages and look-ups are known only when they come, so it is the least there is."""
    vendors: dict[str, dict[Budget, set[Hashable]]] = {}
    for stream in streams:
        budgets = vendors.setdefault(stream.api.title, {})
        budgets.setdefault(stream.api.budget(stream.path()), set()).update(stream.questions())
    for title, budgets in vendors.items():
        requests = sum(map(len, budgets.values()))
        times = {
            budget: len(asked) * budget.seconds / budget.requests
            for budget, asked in budgets.items()
            if budget.requests
        }
        if not requests:
            continue
        if not times:
            yield f"{title}: at least {requests} requests, at the pace of its answers"
            continue
        slowest = max(times, key=lambda budget: times[budget])
        line = f"{title}: about {requests} requests"
        if times[slowest] >= _WORTH_TELLING:
            line += f", at least {_spoken(times[slowest])} ({slowest.requests} requests in {slowest.seconds:.0f} s)"
        yield line


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
