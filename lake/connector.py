"""The source as PyAirbyte runs it: a process whose messages are followed on their way into the database."""

import logging
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from airbyte._executors.base import Executor
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, Type

from lake.environment import COMMAND
from lake.progress import Progress
from source_unified_usage.source import SourceUnifiedUsage


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
    """Runs `read` for PyAirbyte, and follows what the source says.

    PyAirbyte commits nothing of a `read` that fails, neither the streams that were read nor their state. So a failure
    only ends the messages here, and `progress` keeps it. By Airbyte's protocol what precedes a STATE message is
    complete, whatever comes after it, so PyAirbyte may write all that it got.

    PyAirbyte writes when the messages end; until then the database is lent to the other vendors.
    """

    def __init__(self, config: Mapping[str, Any], progress: Progress, turn: Turn) -> None:
        super().__init__(name="source-unified-usage")
        self._config, self._progress, self._turn = config, progress, turn
        self._process: subprocess.Popen[str] | None = None
        self._reading: Generator[str, None, None] | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the process that runs, and start no other one."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def close(self) -> None:
        """End a command whose messages PyAirbyte gave up, so that the database is no longer lent."""
        self.stop()
        if self._reading is not None:
            self._reading.close()

    # --- for PyAirbyte

    @property
    def _cli(self) -> list[str]:
        return COMMAND

    def execute(self, args: Sequence[str], **_: Any) -> Iterator[str]:
        """The lines that a command writes to stdout."""
        self._reading = self._messages(args)
        return self._reading

    def ensure_installation(self, *, auto_fix: bool = True) -> None:
        """It is installed where this runs; the same goes for the next two."""

    def install(self) -> None:
        pass

    def uninstall(self) -> None:
        pass

    def _messages(self, args: Sequence[str]) -> Generator[str, None, None]:
        """What `discover` writes is known without a process."""
        if args[0] == "discover":
            yield _catalog(self._config)
            return
        with self._turn.lent():
            for line in self._lines(args):
                self._progress.hear(line)
                yield line
            self._progress.phase = "waiting for the database"
        self._progress.phase = "writing"

    def _lines(self, args: Sequence[str]) -> Iterator[str]:
        if self._stopped:
            return
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            command = [*self._cli, *args]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8") as process:
                self._process = process
                if self._stopped:
                    process.terminate()
                assert process.stdout
                yield from process.stdout
            errors.seek(0)
            said = errors.read().strip().splitlines()
        self._progress.ended(process.returncode, said[-1] if said else "")


def _catalog(config: Mapping[str, Any]) -> str:
    """The CATALOG message of a configuration. Asks no vendor."""
    catalog = SourceUnifiedUsage().discover(logging.getLogger("airbyte"), config)
    return str(AirbyteEntrypoint.airbyte_message_to_string(AirbyteMessage(type=Type.CATALOG, catalog=catalog)))
