"""`python -m demo.earlier DAYS sync ...`: `python -m lake` as it would have run some days ago.

The source, a process of its own, takes the time from `core/clock.py`; here that is the real one less the days. What
PyAirbyte and the models write down, such as when a row was extracted, is the real time.
"""

import sys
from datetime import timedelta

from lake import __main__ as lake
from lake import environment
from source_unified_usage import run
from source_unified_usage.core import clock


def main(days: str, command: str, *arguments: str) -> int:
    if command != "source":
        environment.COMMAND[:] = [sys.executable, "-m", "demo.earlier", days, "source"]
        sys.argv = ["lake", command, *arguments]
        return lake.main()
    now, earlier = clock.now, timedelta(days=int(days))
    clock.now = lambda: now() - earlier
    sys.argv = ["source-unified-usage", *arguments]
    run.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
