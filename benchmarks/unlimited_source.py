"""The source's command without the vendors' request limits: what is measured is the code, not the waiting."""

from source_unified_usage.run import run  # isort: skip - first, so that the imports are as quick as the command's
from source_unified_usage.core.budget import Budget


def _take(*_: object) -> float:
    return 0.0


if __name__ == "__main__":
    Budget.take = _take  # type: ignore[method-assign,assignment]
    run()
