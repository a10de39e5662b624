"""The source's console command at a given time, where waiting moves the clocks on instead of taking time.

    python -m integration_tests.frozen_source NOW SANDBOX_URL read --config ...

The time of this process stands at NOW; whatever it sleeps, its own clock and the sandbox's are set forward by.
READ_TIMEOUT in the environment shortens the seconds that an answer is waited for.
"""

import dataclasses
import os
import sys
import threading
import urllib.request

import time_machine

from source_unified_usage import run
from source_unified_usage.core import api, clock, patience


def main() -> None:
    now, sandbox_url, *arguments = sys.argv[1:]
    sys.argv = ["source-unified-usage", *arguments]
    lock = threading.Lock()
    if seconds := os.environ.get("READ_TIMEOUT"):
        vars(api)["READING"] = dataclasses.replace(patience.READING, timeout=(10, float(seconds)))
    with time_machine.travel(now, tick=False) as traveller:

        def sleep(seconds: float) -> None:
            with lock:
                traveller.shift(seconds)
                body = b'{"advance": %f}' % seconds
                urllib.request.urlopen(f"{sandbox_url}/clock", body).read()

        clock.sleep = sleep
        run.run()


if __name__ == "__main__":
    main()
