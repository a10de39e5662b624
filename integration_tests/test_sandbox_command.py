"""`make sandbox`, as a user starts it."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.request import urlopen

import pytest

from integration_tests.harness import ROOT
from sandbox import Sandbox

COMMAND = [sys.executable, "-m", "sandbox", "--days", "20", "--port"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_it_writes_a_config_for_its_port_and_the_last_two_weeks(tmp_path: Path) -> None:
    with Sandbox(days=1) as other:
        free = other.port
    before = datetime.now(timezone.utc).date()
    process = subprocess.Popen(
        [*COMMAND, str(free)], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    said = process.stdout.readline() + process.stdout.readline()
    config = json.loads((tmp_path / "secrets" / "sandbox.json").read_text())
    example = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())
    with urlopen(f"http://localhost:{free}/") as answer:
        now = json.load(answer)["now"]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert f"http://localhost:{free} " in said
    assert f"secrets/sandbox.json reads it from {config['start_date']} on" in said
    assert config["start_date"] in {
        str(day - timedelta(days=14)) for day in (before, datetime.fromisoformat(now).date())
    }
    assert config["cursor"]["base_url"] == f"http://localhost:{free}/cursor"
    assert config.keys() == example.keys()
    assert (process.returncode, errors) == (0, "")


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with Sandbox(days=1) as other:
        done = subprocess.run(
            [*COMMAND, str(other.port)], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence == (
        f"The sandbox does not start on port {other.port}: it is in use. make sandbox PORT=0 takes a free one."
    )
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("port", ["65536", "-1", "http", ""])
def test_what_is_no_port_is_one_sentence(tmp_path: Path, port: str) -> None:
    done = subprocess.run(
        [*COMMAND[:-1], f"--port={port}"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"{port!r} is no port, which is a number from 0 to 65535\n")
