"""What PyAirbyte and the source run in: their command, their folders, and no word to anybody else."""

import contextlib
import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

ENDING = (signal.SIGINT, signal.SIGTERM)
FINANCE = "finance"  # the folder of lake/finance.py
COMMAND = [sys.executable, "-m", "source_unified_usage"]


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """For imports. Collect no garbage meanwhile, of which they leave none: PyAirbyte's take a quarter less time.

    Signals wait until the block ends: a package that is interrupted halfway may raise anything, or go on without
    what it lacks.
    """
    received: list[int] = []
    held = {one: signal.signal(one, lambda number, _: received.append(number)) for one in ENDING}
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        for one, handler in held.items():
            signal.signal(one, handler)
    if received:
        signal.raise_signal(received[0])


@contextlib.contextmanager
def without_noise(folder: Path) -> Iterator[None]:
    """Keep PyAirbyte, which reads these variables when it is imported, off the network and within the folder.

    What it prints about every record and every file goes nowhere.
    """
    os.environ.update(
        DO_NOT_TRACK="1",
        AIRBYTE_OFFLINE_MODE="1",
        NO_LIVE_PROGRESS="1",
        AIRBYTE_PROJECT_DIR=str(folder),
        AIRBYTE_CACHE_ROOT=str(folder / "cache"),
        AIRBYTE_LOGGING_ROOT=str(folder / "logs"),
        AIRBYTE_TEMP_DIR=str(folder),
        # other packages write warnings about Python versions, here and in the processes that are started
        PYTHONWARNINGS="ignore",
    )
    warnings.simplefilter("ignore")
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)  # it logs stack traces of what it raises too
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
        yield
