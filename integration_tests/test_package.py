"""The package as users get it: built, installed without extras, outside the checkout. `make package-test`."""

import json
import subprocess
import sys
import venv
from datetime import timedelta
from pathlib import Path

import pytest

from integration_tests.harness import ROOT, Output, parse, sandbox_config
from sandbox import Sandbox

pytestmark = pytest.mark.package


def run(*command: str | Path, folder: Path) -> bytes:
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-3000:]
    return done.stdout


def test_the_wheel_alone_reads_the_sandbox(tmp_path: Path) -> None:
    # the wheel is built from the sdist, so both are whole
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT, folder=tmp_path)
    (wheel,), (_,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    venv.create(tmp_path / "venv", symlinks=True)
    python, pip = tmp_path / "venv" / "bin" / "python", (sys.executable, "-m", "pip", "--python")
    run(*pip, python, "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel, folder=tmp_path)
    run(*pip, python, "check", folder=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def source(*arguments: str) -> Output:
        return parse(0, run(python.parent / "source-unified-usage", *arguments, folder=elsewhere))

    assert len(source("spec").of("SPEC")) == 1
    with Sandbox(days=20) as sandbox:
        start = f"{sandbox.clock.today() - timedelta(days=3)}"
        config = elsewhere / "config.json"
        config.write_text(json.dumps(sandbox_config(sandbox, ["confluent"], start_date=start)))
        (status,) = source("check", "--config", "config.json").of("CONNECTION_STATUS")
        assert status["connectionStatus"]["status"] == "SUCCEEDED"
        (catalog,) = source("discover", "--config", "config.json").of("CATALOG")
        modes = {"sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
        streams = [{"stream": stream, **modes} for stream in catalog["catalog"]["streams"]]
        (elsewhere / "catalog.json").write_text(json.dumps({"streams": streams}))
        output = source("read", "--config", "config.json", "--catalog", "catalog.json")
    assert output.records["confluent_costs"]
    assert set(output.statuses.values()) == {"COMPLETE"}
