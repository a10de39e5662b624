"""`python -m demo`: check, read every vendor into a local DuckDB file, read again, and show what came in."""

import os
import sys
from pathlib import Path

FOLDER = Path(".demo").absolute()

# PyAirbyte reads these when it is imported; nothing of the demo leaves the machine or its folder
os.environ.update(
    DO_NOT_TRACK="1",
    AIRBYTE_OFFLINE_MODE="1",
    NO_LIVE_PROGRESS="1",
    AIRBYTE_PROJECT_DIR=str(FOLDER),
    AIRBYTE_CACHE_ROOT=str(FOLDER / "cache"),
    AIRBYTE_LOGGING_ROOT=str(FOLDER / "logs"),
)


def main() -> int:
    """Exit code 1 when a vendor failed; what the others delivered is kept."""
    from demo.job import run

    FOLDER.mkdir(exist_ok=True)
    return run(FOLDER)


if __name__ == "__main__":
    sys.exit(main())
