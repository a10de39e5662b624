"""A process that has imported a module, and forks for every command: for commands that import for seconds.

    python -m integration_tests.fork_server MODULE

All test processes of a run share it, and it ends with the last of them. `main(*arguments)` of the module is the
command; `prepare(folder)`, if it has one, does once what every command would do; the folder is pytest's of this run.
fork_client.py runs a command, so it is a process like any other for whoever starts it: it can be waited for, and a
signal reaches the command.
"""

import atexit
import contextlib
import fcntl
import functools
import gc
import importlib
import json
import multiprocessing
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_CLIENT = Path(__file__).with_name("fork_client.py")
_LEASE, _READY = b"L", b"."
# without what an interpreter does at its end: a thread of DuckDB, which a fork does not have, would be waited for
_FORKS = multiprocessing.get_context("fork")


def command(module: str, folder: Path) -> list[str]:
    """What to run instead of `python -m MODULE`, with the same arguments. `folder`: any of pytest's of this run."""
    address = _serving(module, shared(folder))
    return [sys.executable, "-S", "-E", str(_CLIENT), str(address)]


def shared(folder: Path) -> Path:
    """Pytest's folder of this run, which its processes share."""
    return next((one for one in folder.parents if re.fullmatch(r"pytest-\d+", one.name)), folder)


@functools.cache
def _serving(module: str, folder: Path) -> Path:
    """The address of the server, which serves at least as long as this process lives."""
    address = folder / f"{module.rpartition('.')[2]}.socket"
    with address.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        lease = socket.socket(socket.AF_UNIX)
        if lease.connect_ex(str(address)):
            address.unlink(missing_ok=True)
            _start(module, address)
            lease.connect(str(address))
    lease.sendall(_LEASE)
    said = address.with_suffix(".log")
    assert lease.recv(1) == _READY, said.read_text()
    atexit.register(lease.close)
    return address


def _start(module: str, address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening, address.with_suffix(".log").open("wb") as said:
        listening.bind(str(address))
        listening.listen(100)
        subprocess.Popen(
            [sys.executable, "-m", __name__, module],
            cwd=ROOT,
            stdin=listening.fileno(),
            stdout=said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for those who use it
        ).returncode = 0  # nobody waits for it


class _Server:
    """Answers at a listening socket."""

    def __init__(self, listening: socket.socket, run: Callable[..., Any]) -> None:
        self._listening, self._run = listening, run
        self._leases: list[socket.socket] = []

    def serve(self) -> None:
        """Until the last lease is given back."""
        while True:
            ready, _, _ = select.select([self._listening, *self._leases], [], [])
            for lease in set(self._leases) & set(ready):
                self._leases.remove(lease)
                lease.close()
            if self._listening in ready:
                self._answer(self._listening.accept()[0])
            elif not self._leases:
                return

    def _answer(self, client: socket.socket) -> None:
        kind, files, _, _ = socket.recv_fds(client, 1, 3)
        if kind == _LEASE:
            client.sendall(_READY)
            self._leases.append(client)
            return
        _FORKS.Process(target=self._follow, args=(client, files)).start()
        for file in files:
            os.close(file)
        client.close()

    def _follow(self, client: socket.socket, files: Sequence[int]) -> None:
        """Fork the command, pass on the signals of the client, tell it the exit code."""
        for other in (self._listening, *self._leases):
            other.close()
        length = int.from_bytes(client.recv(4, socket.MSG_WAITALL), "big")
        arguments, *settings = json.loads(client.recv(length, socket.MSG_WAITALL))
        command = _FORKS.Process(target=self._command, args=(client, files, settings, arguments))
        command.start()
        for file in files:
            os.close(file)
        while command.sentinel not in select.select([client, command.sentinel], [], [])[0]:
            if number := client.recv(1):
                os.kill(command.pid or 0, ord(number))
            else:
                command.kill()
                break
        command.join()
        with contextlib.suppress(BrokenPipeError):
            client.sendall((command.exitcode or 0).to_bytes(4, "big", signed=True))

    def _command(
        self, client: socket.socket, files: Sequence[int], settings: tuple[str, Mapping[str, str]], arguments: Any
    ) -> None:
        client.close()
        _settle(files, *settings)
        try:
            sys.exit(self._run(*arguments))
        finally:
            atexit._run_exitfuncs()


def _settle(files: Sequence[int], folder: str, variables: Mapping[str, str]) -> None:
    """Take over from the client what a process gets from the one that starts it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    tempfile.tempdir = None


def _main(module: str) -> None:
    with socket.socket(fileno=os.dup(0)) as listening:
        imported = importlib.import_module(module)
        getattr(imported, "prepare", lambda folder: None)(Path(listening.getsockname()).parent)
        gc.collect()
        gc.freeze()  # a collection in a fork would copy all memory
        _Server(listening, imported.main).serve()


if __name__ == "__main__":
    _main(sys.argv[1])
