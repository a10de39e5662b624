"""The source as PyAirbyte runs it: a process whose messages are followed on their way into the database."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from airbyte._executors.base import Executor

from lake.progress import Progress

COMMAND = [sys.executable, "-m", "source_unified_usage"]


class Turn:
    """The database, which one vendor at a time uses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        with self._lock:
            yield

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within the block, which is inside of `taken`, others may take it."""
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()


class Connector(Executor):
    """Runs the source's commands, and follows what a `read` says.

    PyAirbyte commits nothing of a `read` that fails, neither the streams that were read nor their state. So a failure
    only ends the messages here, and `progress` keeps it. By Airbyte's protocol what precedes a STATE message is
    complete, whatever comes after it, so PyAirbyte may write all that it got.

    PyAirbyte writes when the messages end; until then the database is lent to the other vendors.
    """

    def __init__(self, progress: Progress, turn: Turn) -> None:
        super().__init__(name="source-unified-usage")
        self._progress, self._turn = progress, turn
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def check(self, config: Path) -> str:
        """Why the vendor refuses a credential; empty when it does not."""
        for line in self.execute(["check", "--config", str(config)]):
            message = json.loads(line)
            if message["type"] == "CONNECTION_STATUS":
                return str(message["connectionStatus"].get("message") or "")
        return ""

    def stop(self) -> None:
        """End the process that runs, and start no other one."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    # --- for PyAirbyte

    @property
    def _cli(self) -> list[str]:
        return COMMAND

    def execute(self, args: Sequence[str], **_: Any) -> Iterator[str]:
        """The lines that a command writes to stdout."""
        if args[0] != "read":
            yield from self._lines(args)
            return
        with self._turn.lent():
            for line in self._lines(args):
                self._progress.hear(line)
                yield line
            self._progress.phase = "waiting for the database"
        self._progress.phase = "writing"

    def ensure_installation(self, *, auto_fix: bool = True) -> None:
        """It is installed where this runs; the same goes for the next two."""

    def install(self) -> None:
        pass

    def uninstall(self) -> None:
        pass

    def _lines(self, args: Sequence[str]) -> Iterator[str]:
        if self._stopped:
            return
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors, self._started(args, errors) as process:
            assert process.stdout
            try:
                yield from process.stdout
            except GeneratorExit:  # of a command that is not `read` only the first answer is wanted
                process.terminate()
                raise
            code = process.wait()
            errors.seek(0)
            said = errors.read().strip().splitlines()
            self._progress.ended(code, said[-1] if said else "")

    def _started(self, args: Sequence[str], errors: IO[str]) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [*self._cli, *args], stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
        )
        if self._stopped:
            self._process.terminate()
        return self._process
