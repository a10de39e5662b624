"""The source's command without the vendors' rate limits, so that the code is measured and not the waiting."""

from source_unified_usage.run import run
from source_unified_usage.startup import import_quickly


def _take(*_: object) -> float:
    return 0.0


if __name__ == "__main__":
    import_quickly("source_unified_usage.entrypoint")
    import_quickly("source_unified_usage.core.rate_limit").RateLimit.take = _take
    run()
