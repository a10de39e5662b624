"""Runs the dbt package of this repository as a person does, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integration_tests.harness import ROOT

pytest.importorskip("dbt", reason="dbt needs Python 3.10 to 3.12")

PROJECT = ROOT / "dbt"


def run(
    folder: Path,
    *arguments: str,
    project: Path = PROJECT,
    variables: Mapping[str, Any] | None = None,
    settings: Mapping[str, str],
) -> str:
    """What dbt says; it must succeed. Its files go below `folder`; `settings` are those of `profiles.yml`."""
    given = ["--vars", json.dumps(variables)] if variables else []
    places = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", *arguments, "--project-dir", project, "--profiles-dir", project, *given],
        cwd=folder,
        env={**os.environ, **places, **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout
