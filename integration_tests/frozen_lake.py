"""`python -m lake` with the source at a given time, as frozen_source runs it.

    python -m integration_tests.frozen_lake NOW SANDBOX_URL models|rows sync --config ...

`rows`: without the models, the summary and the page, which take longer than the reads.
"""

import sys

from lake import __main__, environment, sync


def main(now: str, sandbox_url: str, until: str, *arguments: str) -> int:
    environment.COMMAND[:] = [sys.executable, "-m", "integration_tests.frozen_source", now, sandbox_url]
    if until == "rows":
        vars(sync)["answer"] = lambda *_: []
    sys.argv = ["lake", *arguments]
    return __main__.main()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
