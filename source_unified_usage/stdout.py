"""Stdout in whole lines, and the end of the process on a signal, on a full disk, or when nobody reads any more."""

import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FINISH_LINE = 5  # seconds for the reader of stdout to take the line that is being written when a signal comes


class Stdout(io.RawIOBase):
    """Stdout for messages, text and log lines alike: one write comes out whole before the next one begins.

    When a write fails the process ends at once, without its workers: they may wait for a vendor for an hour.
    """

    name = "<stdout>"

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._writing, self._ending = threading.Lock(), threading.Lock()

    @classmethod
    def taken(cls) -> "Stdout":
        """Replace Python's stdout, which splits a large page when a pipe is full: a log line could get into it."""
        if sys.stdout is None:
            _say("Stdout is closed; the messages go there.")
            sys.exit(1)
        out = cls(sys.stdout.fileno())
        sys.stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
        return out

    def writable(self) -> bool:
        return True

    def write(self, lines: Any) -> int:
        left = memoryview(lines)
        with self._writing:
            written = 0
            try:
                while written < len(left):
                    written += self._some(left[written:])
            except BrokenPipeError:
                self._nobody_reads()
            except OSError as error:
                self._take_back(written)
                self.end(1, f"Stdout cannot be written: {error.strerror}. What was written before is whole.")
        return len(left)

    def _some(self, lines: memoryview) -> int:
        try:
            return os.write(self._fd, lines)
        except BlockingIOError:  # stdout was opened without blocking; wait until it takes more
            select.select((), (self._fd,), ())
            return 0

    def _take_back(self, written: int) -> None:
        """Remove the last bytes from the end of a file, so that it ends with a whole line."""
        with suppress(OSError):  # a pipe cannot be truncated
            end = os.lseek(self._fd, 0, os.SEEK_CUR)
            if written and end == os.fstat(self._fd).st_size:
                os.ftruncate(self._fd, end - written)
                os.lseek(self._fd, end - written, os.SEEK_SET)

    def end(self, code: int, sentence: str) -> NoReturn:
        """End the process with the first caller's sentence, whatever other threads do."""
        self._ending.acquire()
        _say(sentence)
        os._exit(code)

    def end_with_reader(self) -> None:
        """End the process as soon as nobody reads stdout any more, even while all streams wait for a vendor."""
        poll = select.poll()
        poll.register(self._fd, 0)

        def watch() -> None:
            while not any(event & select.POLLERR for _, event in poll.poll()):
                pass
            self._nobody_reads()

        _start("stdout watch", watch)

    def end_on_signal(self, kept: str) -> None:
        """End on Ctrl-C, SIGTERM and SIGHUP after the line that is being written. `kept`: the sentence that is added.

        A thread waits for them, because a handler would run in the middle of whatever the main thread does.
        """
        awaited = {number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}  # as nohup does
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)

        def wait() -> None:
            number = signal.Signals(signal.sigwait(awaited))
            self._writing.acquire(timeout=_FINISH_LINE)
            if number == signal.SIGTERM and not kept:
                self._die(number)
            self.end(128 + number, f"Interrupted by {number.name}. {kept}".strip())

        _start("signals", wait)

    def _die(self, number: signal.Signals) -> NoReturn:
        """Die of the signal itself, without a message; a shell reports that as 128 + number, too.

        PyAirbyte ends every command but `read` this way as soon as it has its answer. It would report an exit code of
        our own as a failure with a stack trace.
        """
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        signal.raise_signal(number)
        self.end(128 + number, "")  # process 1 of a container survives the signal

    def _nobody_reads(self) -> NoReturn:
        self.end(1, "Nobody reads the output any more; stopped.")


def _say(sentence: str) -> None:
    if sentence and sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()


def _start(name: str, task: Callable[[], None]) -> None:
    threading.Thread(target=task, daemon=True, name=name).start()
