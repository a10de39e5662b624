"""`python -m demo`: check, read every vendor into a local DuckDB file, read again, and show the result.

    python -m demo [VENDOR ...]

If vendors are named, it reads only these.
"""

import os
import sys
import warnings
from pathlib import Path

FOLDER = Path(".demo").absolute()

# PyAirbyte reads these when it is imported; the demo sends nothing to other machines and writes only into its folder
os.environ.update(
    DO_NOT_TRACK="1",
    AIRBYTE_OFFLINE_MODE="1",
    NO_LIVE_PROGRESS="1",
    AIRBYTE_PROJECT_DIR=str(FOLDER),
    AIRBYTE_CACHE_ROOT=str(FOLDER / "cache"),
    AIRBYTE_LOGGING_ROOT=str(FOLDER / "logs"),
)
# all requests go to this machine, past any proxy
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))
# other packages write warnings about Python versions, here and in the source's process
os.environ["PYTHONWARNINGS"] = "ignore"
warnings.simplefilter("ignore")


def main() -> int:
    """Exit code 1 when a vendor failed. The rows of the others are kept."""
    from demo.job import run

    FOLDER.mkdir(exist_ok=True)
    return run(FOLDER, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
