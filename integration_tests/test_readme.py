"""Every command of the README, run as written there."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests import postgres, pyairbyte
from integration_tests.harness import ROOT, sandbox_config
from sandbox import Sandbox

README = (ROOT / "README.md").read_text()
SHELL = re.findall(r"^```bash\n(.+?)^```", README, re.M | re.S)
PYTHON = re.findall(r"^```python\n(.+?)^```", README, re.M | re.S)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """At the real time, which the commands of the README use."""
    with Sandbox(days=20) as running:
        yield running


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the checkout after `make setup`."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / "secrets.example").symlink_to(ROOT / "secrets.example")
    return tmp_path


def shell(text: str, folder: Path) -> str:
    done = subprocess.run(["bash", "-euc", text], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_the_four_commands_and_a_second_sync(sandbox: Sandbox, checkout: Path) -> None:
    start = sandbox.clock.now().date().toordinal() - 5
    config = sandbox_config(sandbox, ["confluent"], start_date=str(type(sandbox.clock.today()).fromordinal(start)))
    commands = [block for block in SHELL if "make " not in block and "image build" not in block]
    copied, once, *rest = commands
    shell(copied, checkout)
    assert json.loads((checkout / "secrets" / "config.json").read_text()).keys() >= {"start_date", "cursor"}
    (checkout / "secrets" / "config.json").write_text(json.dumps(config))
    said = shell(once, checkout)
    for kind in ("SPEC", "CATALOG", '"status":"SUCCEEDED"'):
        assert kind in said
    for command in rest:
        shell(command, checkout)
    first, second = ((checkout / "secrets" / f"{name}.jsonl").read_text() for name in ("first", "second"))
    assert first.count('"type":"RECORD"') > second.count('"type":"RECORD"') > 0
    assert json.loads((checkout / "secrets" / "state.json").read_text())


@pyairbyte.needed
def test_pyairbyte_into_duckdb_and_postgres(sandbox: Sandbox, checkout: Path) -> None:
    into_duckdb, into_postgres = PYTHON
    start = str(type(sandbox.clock.today()).fromordinal(sandbox.clock.today().toordinal() - 3))
    config = sandbox_config(sandbox, ["confluent"], start_date=start)
    into_duckdb = re.sub(r"^config = .+$", f"config = {config!r}", into_duckdb, flags=re.M)
    with postgres.server() as port:
        values = {"5432": str(port), '"me"': repr(postgres.USER), '"lake"': repr(postgres.DATABASE)}
        for shown, real in values.items():
            assert shown in into_postgres
            into_postgres = into_postgres.replace(shown, real)
        job = checkout / "job.py"
        job.write_text(f"{into_duckdb}\n{into_postgres}")
        # no route to any other machine: the settings of the README must be enough
        nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
        quiet = {"NO_LIVE_PROGRESS": "1", "NO_PROXY": "localhost", "no_proxy": "localhost", **nowhere}
        done = subprocess.run(
            [sys.executable, str(job)], cwd=checkout, env={**os.environ, **quiet}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "Traceback" not in done.stderr
    assert (checkout / "lake.duckdb").exists()


def test_the_targets_of_make_exist() -> None:
    named = sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.M)))
    assert {"demo", "test", "sandbox", "help"} <= set(named)
    for target in named:
        shell(f"make --dry-run {target}", ROOT)


def test_the_image_command_is_known_to_the_cdk() -> None:
    (command,) = (block for block in SHELL if "image build" in block)
    program, *arguments = command.split()
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Usage: airbyte-cdk image build" in done.stdout
