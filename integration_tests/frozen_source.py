"""The source's console command at a given time; waiting moves the clocks forward instead of taking time.

    python -m integration_tests.frozen_source NOW SANDBOX_URL read --config ...

The clock of this process is frozen at NOW. When it sleeps, its own clock and the sandbox's move forward by that time.
"""

import dataclasses
import faulthandler
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection

import time_machine

from source_unified_usage import entrypoint, run
from source_unified_usage.core import api, clock, retry, window

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main(now: str, sandbox_url: str, *arguments: str) -> None:
    sys.argv = ["source-unified-usage", *arguments]
    lock = threading.Lock()
    with time_machine.travel(now, tick=False) as traveller:

        def sleep(seconds: float) -> None:
            with lock:
                traveller.shift(seconds)
                body = b'{"advance": %f}' % seconds
                _DIRECT.open(f"{sandbox_url}/clock", body).read()

        clock.sleep = sleep
        clock.monotonic = time.time
        assert entrypoint  # imported here, once, for all forks
        run.run()


def forked(
    arguments: Sequence[str],
    folder: str,
    stdout: Connection,
    stderr: str,
    read_timeout: float | None,
    longest_step: int | None,
    variables: Mapping[str, str | None],
) -> None:
    """The same as a process that was forked with all imports done.

    `read_timeout`: seconds to wait for an answer. `longest_step`: days of a window at most.
    `variables`: of the environment; None takes one away.
    """
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    os.chdir(folder)
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    with open(stderr, "wb") as errors:
        os.dup2(errors.fileno(), 2)
    faulthandler.enable()
    if read_timeout is not None:
        vars(api)["SYNC_RETRIES"] = dataclasses.replace(retry.SYNC_RETRIES, timeout=(10, read_timeout))
    if longest_step is not None:
        whole = window.Span.cut

        def cut(span: window.Span, part: window.Window) -> Iterator[window.Window]:
            return whole(window.days(min(span.count, longest_step)) if span.unit == "days" else span, part)

        vars(window)["Span"].cut = cut
    main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
