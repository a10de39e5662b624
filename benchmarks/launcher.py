"""Runs one command and writes its figures as JSON. Arguments: the file for its output, the command.

A process starts with the peak memory of the one that started it. So a small process starts each contender, which the
script of the benchmark, with all that it has imported, is not.
"""

import json
import os
import subprocess
import sys
import time

with open(sys.argv[1], "wb") as sink:
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[2:], stdout=sink)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
scale = 1024 if sys.platform != "darwin" else 1024 * 1024  # ru_maxrss: KB, on macOS bytes
print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / scale}))
sys.exit(os.waitstatus_to_exitcode(status) and 1)
