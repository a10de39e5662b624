"""Runs the dbt package of this repository as a person does, in a process of its own, forked with the imports done."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integration_tests import fork_server
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
    """What dbt says; it must succeed. It runs in `folder`, where its files go. `settings`: of `profiles.yml`."""
    dbt = command(folder)
    _take_parsed(folder)
    given = ["--vars", json.dumps(variables)] if variables else []
    if arguments[0] != "docs":
        given.append("--no-write-json")  # what it writes of a run takes a fifth of its time, and nobody reads it
    if "--target" not in arguments:
        given += ["--target", "duckdb"]
    places = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    done = subprocess.run(
        [*dbt, *arguments, "--project-dir", str(project), "--profiles-dir", str(project), *given],
        cwd=folder,
        env={**os.environ, **places, **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout


def command(folder: Path) -> list[str]:
    """What to run instead of `dbt`. `folder`: any of pytest's."""
    return fork_server.command("integration_tests.forked_dbt", folder)


def _take_parsed(folder: Path) -> None:
    """What dbt knows of the files of the package, from forked_dbt.py: parsing them takes most of its time.

    Of another project dbt parses the files that differ; all where the variables, the target or the path differ.
    """
    name = "partial_parse.msgpack"  # as dbt names it
    own = folder / "target" / name
    if not own.exists():
        own.parent.mkdir(exist_ok=True)
        shutil.copy(fork_server.shared(folder) / "parsed" / name, own)
