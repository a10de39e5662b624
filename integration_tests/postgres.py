"""A PostgreSQL server of its own, from Debian's packages, for as long as a test needs it."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

USER, DATABASE = "postgres", "postgres"


def _programs() -> Path | None:
    """The folder with initdb and pg_ctl; Debian keeps them out of the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return max((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), default=None)


def _owner() -> str | None:
    """The server refuses to run as root: who runs it then; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


@contextlib.contextmanager
def server(password: str = "") -> Iterator[int]:
    """The port of a running server, which asks for the password if there is one.

    Skips the test where PostgreSQL is not installed.
    """
    programs, owner = _programs(), _owner()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="postgres-") as place, socket.socket() as free:
        free.bind(("localhost", 0))
        port: int = free.getsockname()[1]
        free.close()
        if owner:
            shutil.chown(place, owner)
        data = f"{place}/data"

        def run(program: str, *arguments: str) -> None:
            # without pipes: the server would keep them open
            with open(f"{place}/{program}.out", "w+") as said:
                done = subprocess.run(
                    [str(programs / program), *arguments], user=owner, cwd=place, stdout=said, stderr=said, check=False
                )
                said.seek(0)
                assert done.returncode == 0, said.read()

        secret = Path(place) / "password"
        secret.write_text(password or "unused")
        method = "scram-sha-256" if password else "trust"
        run("initdb", "-D", data, "-U", USER, "-A", method, "--pwfile", str(secret), "--no-sync")
        run("pg_ctl", "-D", data, "-w", "-o", f"-p {port} -k {place} -c fsync=off", "-l", f"{place}/log", "start")
        try:
            yield port
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
