"""The source's command without the vendors' rate limits, so that the code is measured and not the waiting."""

from source_unified_usage.run import run
from source_unified_usage.startup import quick_imports

with quick_imports():
    from source_unified_usage.core.rate_limit import RateLimit


def _take(*_: object) -> float:
    return 0.0


if __name__ == "__main__":
    RateLimit.take = _take  # type: ignore[method-assign,assignment]
    run()
