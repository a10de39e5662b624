"""Runs the dbt package of this repository as a person does, in a process of its own, forked with the imports done."""

import json
import os
import re
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
_PARSED = "partial_parse.msgpack"  # as dbt names it


def run(
    folder: Path,
    *arguments: str,
    project: Path = PROJECT,
    variables: Mapping[str, Any] | None = None,
    settings: Mapping[str, str],
) -> str:
    """What dbt says; it must succeed. It runs in `folder`, where its files go. `settings`: of `profiles.yml`."""
    if project == PROJECT:
        _take_parsed(folder)
    given = ["--vars", json.dumps(variables)] if variables else []
    if arguments[0] != "docs":
        given.append("--no-write-json")  # what it writes of a run takes a fifth of its time, and nobody reads it
    places = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    done = subprocess.run(
        [*command(folder), *arguments, "--project-dir", str(project), "--profiles-dir", str(project), *given],
        cwd=folder,
        env={**os.environ, **places, **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if project == PROJECT:
        _keep_parsed(folder)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout


def command(folder: Path) -> list[str]:
    """What to run instead of `dbt`. `folder`: any of pytest's."""
    return fork_server.command("integration_tests.forked_dbt", folder)


def _take_parsed(folder: Path) -> None:
    """What dbt knows of the unchanged files of the package, from an earlier test: parsing them takes most of its time.

    dbt parses them all the same where the variables or the settings are others.
    """
    own = folder / "target" / _PARSED
    if not own.exists() and (shared := _of_all_tests(folder)).exists():
        own.parent.mkdir(exist_ok=True)
        shutil.copy(shared, own)


def _keep_parsed(folder: Path) -> None:
    own, shared = folder / "target" / _PARSED, _of_all_tests(folder)
    if own.exists() and not shared.exists():
        whole = shutil.copy(own, shared.with_suffix(f".{os.getpid()}"))
        os.replace(whole, shared)  # other test processes see all of it or nothing


def _of_all_tests(folder: Path) -> Path:
    """In pytest's folder of this run, which its processes share."""
    return next((one for one in folder.parents if re.fullmatch(r"pytest-\d+", one.name)), folder) / _PARSED
