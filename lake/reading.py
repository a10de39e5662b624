"""Every vendor through PyAirbyte, all at the same time, each in a read of its own.

Their limits differ, so a sync takes as long as the slowest vendor. Each is written as soon as it is read.
"""

import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import airbyte as ab
from airbyte.exceptions import PyAirbyteError

from lake import outcomes
from lake.check import Check
from lake.connector import Connector, Turn
from lake.display import Display
from lake.environment import ENDING
from lake.outcomes import Outcome
from lake.progress import Progress
from lake.selection import Selected
from lake.target import Target

_INTERRUPTED = "The sync was interrupted."


class VendorSync:
    """One vendor's read, in a thread of its own. `outcomes`: what became of its streams, when it has run."""

    def __init__(self, selected: Selected, target: Target, turn: Turn, display: Display) -> None:
        self.selected = selected
        self.outcomes: list[Outcome] = []
        self._target, self._turn, self._display = target, turn, display
        self._progress = Progress(selected.wanted, lambda text: display.say(selected.name, text))
        self._connector = Connector(selected.config, self._progress, turn)
        self._stopped = False

    def stop(self) -> None:
        """End the read. What came of it up to now is still written."""
        self._stopped = True
        self._connector.stop()

    def run(self, *, full_refresh: bool) -> None:
        """Raises nothing that the vendor, PyAirbyte or the database does."""
        began = time.monotonic()
        self._display.follow(self.selected.name, self._progress)
        problem = self._read(full_refresh)
        self.outcomes = [self._outcome(stream, problem) for stream in self.selected.wanted]
        problem = problem or self._record()
        whole = sum(one.outcome == "ok" for one in self.outcomes)
        streams = f"{whole} of {len(self.outcomes)} streams read"
        text = f"{self._progress.rows:,} rows, {streams}, {time.monotonic() - began:.0f} s"
        self._display.leave(self.selected.name, problem or text)

    def _read(self, full_refresh: bool) -> str:
        """Why the rows are not in the database; empty when they are."""
        try:
            source = ab.Source(self._connector, "source-unified-usage", config=dict(self.selected.config))
            source.select_streams(list(self.selected.wanted))
            self._progress.phase = "waiting for the database"
            with self._turn.taken(), closing(self._connector):
                self._read_into_database(source, full_refresh)
        except OSError as error:  # of the files in which PyAirbyte keeps the rows until it writes them
            return f"The rows could not be kept in {tempfile.gettempdir()}: {error.strerror or error}."
        except Exception as error:  # noqa: BLE001 - a failure of whatever kind is this vendor's alone
            return f"The rows could not be written into {self._target.name}: {_reason(error)}."
        return ""

    def _read_into_database(self, source: ab.Source, full_refresh: bool) -> None:
        cache: Any = self._target.cache()
        try:
            # merged also when everything is read again: what a vendor no longer keeps stays
            source.read(cache, write_strategy="merge", force_full_refresh=full_refresh, skip_validation=True)
        finally:
            cache.get_sql_engine().dispose()

    def _outcome(self, stream: str, problem: str) -> Outcome:
        reason = self._progress.failure_of(stream, problem)
        if reason and self._stopped:
            return Outcome(stream, "not_read", _INTERRUPTED)
        reason = reason or problem
        return Outcome(stream, "failed" if reason else "ok", reason)

    def _record(self) -> str:
        """Why the outcomes are not in the database; empty when they are."""
        engine = self._target.engine()
        try:
            with self._turn.taken(), engine.connect() as connection:
                outcomes.replace(connection, self._target.schema, self.selected.name, self.outcomes)
        except Exception as error:  # noqa: BLE001 - as above
            return f"What became of its streams could not be written into {self._target.name}: {_reason(error)}."
        finally:
            engine.dispose()
        return ""


def read_all(
    jobs: Sequence[Selected], target: Target, display: Display, folder: Path, *, full_refresh: bool
) -> tuple[dict[str, list[Outcome]], int]:
    """What became of every stream, by vendor, and the signal that ended the reading early, or 0."""
    turn = Turn()
    syncs = [VendorSync(job, target, turn, display) for job in jobs]
    check = Check(jobs, display, folder)
    with _stopping([check, *syncs], display, folder) as received, ThreadPoolExecutor(len(syncs) + 1) as pool:
        running = {pool.submit(sync.run, full_refresh=full_refresh) for sync in syncs}
        running.add(pool.submit(check.run))
        while running:
            done, running = wait(running, timeout=1)
            for future in done:
                future.result()
            display.tick()
    return {sync.selected.name: sync.outcomes for sync in syncs}, next(iter(received), 0)


@contextmanager
def _stopping(tasks: Sequence[Check | VendorSync], display: Display, folder: Path) -> Iterator[list[int]]:
    """Within the block the first signal ends the reads, and the second one the process. Yields what came."""
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        if received:
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(128 + number)  # the threads may write for a while
        received.append(number)
        display.say("stopping", "What was read is being written. Once more ends it at once.")
        for task in tasks:
            task.stop()

    before = {number: signal.signal(number, stop) for number in ENDING}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reason(error: Exception) -> str:
    """What a database or PyAirbyte says, in one line, without the statement."""
    text = error.get_message() if isinstance(error, PyAirbyteError) else str(error)
    if "database has been invalidated" in text and isinstance(error.__context__, Exception):
        return _reason(error.__context__)  # DuckDB says so to whatever comes after its first failure
    if found := re.search(r"\((?:_?duckdb|psycopg2)[\w.]*\) (.+)", text):
        text = found[1]
    return (text.strip().splitlines() or [type(error).__name__])[0].rstrip(".")
