"""Runs a command in a fork server: `python -S -E fork_client.py SOCKET ARGUMENT ...`, see fork_server.py.

The command has the files, the folder, the environment and the arguments of this process. This process passes on the
signals that it gets, and ends as the command does. It imports little, so it starts in a few milliseconds.
"""

import array
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence


def run(address: str, arguments: Sequence[str]) -> int:
    """The command's exit code; minus the number of the signal that ended it."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        given = json.dumps([list(arguments), os.getcwd(), dict(os.environ)]).encode()
        files = array.array("i", [0, 1, 2])
        server.sendmsg([b"R"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
        server.sendall(len(given).to_bytes(4, "big") + given)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: server.sendall(bytes([number])))
        answer = server.recv(4)
    assert answer, "the fork server has gone"
    return int.from_bytes(answer, "big", signed=True)


def main() -> None:
    """Ends this process."""
    code = run(sys.argv[1], sys.argv[2:])
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
