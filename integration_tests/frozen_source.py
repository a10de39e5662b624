"""The source's console command at a given time; waiting moves the clocks forward instead of taking time.

    python -m integration_tests.frozen_source NOW SANDBOX_URL read --config ...

The clock of this process is frozen at NOW. When it sleeps, its own clock and the sandbox's move forward by that time,
as soon as no thread waits for an answer: the answer would be late by a time that has not passed.
"""

import dataclasses
import faulthandler
import gc
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

import time_machine

from source_unified_usage import entrypoint, run
from source_unified_usage.core import api, clock, links, retry, transport, window

gc.freeze()  # else a collection in a fork would copy all that is imported
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main(now: str, sandbox_url: str, *arguments: str) -> None:
    sys.argv = ["source-unified-usage", *arguments]
    asked, changed = 0, threading.Condition()

    @contextmanager
    def answer_within(seconds: float) -> Iterator[None]:
        nonlocal asked
        with changed:
            asked += 1
        try:
            with transport.answer_within(seconds):
                yield
        finally:
            with changed:
                asked -= 1
                changed.notify_all()

    with time_machine.travel(now, tick=False) as traveller:

        def sleep(seconds: float) -> None:
            with changed:
                changed.wait_for(lambda: not asked)
                traveller.shift(seconds)
                body = b'{"advance": %f}' % seconds
                _DIRECT.open(f"{sandbox_url}/clock", body).read()

        clock.sleep = sleep
        clock.monotonic = time.time
        for module in (api, links):
            vars(module)["answer_within"] = answer_within
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
