"""`python -m lake` with the source at a given time, as frozen_source runs it.

    python -m integration_tests.frozen_lake SOURCE models|rows sync --config ...

`SOURCE`: the command that runs instead of the source, as JSON. `rows`: without the models, the summary and the page,
which take longer than the reads.
"""

import json
import sys
from pathlib import Path

from lake import __main__, environment, sync


def prepare(_: Path) -> None:
    """Import what PyAirbyte imports, but leave itself to `lake`: it looks at the environment when it is imported."""
    with environment.without_collection():
        import lake.reading  # noqa: F401
    of_pyairbyte = ("airbyte", "lake.check", "lake.connector", "lake.reading")
    for name in list(sys.modules):
        if name in of_pyairbyte or name.startswith("airbyte."):
            del sys.modules[name]


def main(source: str, until: str, *arguments: str) -> int:
    environment.COMMAND[:] = json.loads(source)
    if until == "rows":
        vars(sync)["answer"] = lambda *_: []
    sys.argv = ["lake", *arguments]
    return __main__.main()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
