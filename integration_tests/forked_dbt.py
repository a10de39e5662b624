"""The command `dbt`, for a fork server."""

import importlib
import multiprocessing
import os
import sys
from pathlib import Path
from unittest.mock import patch

from dbt.cli.main import cli

PROJECT = Path(__file__).parent.parent / "dbt"


def prepare(folder: Path) -> None:
    """Parse the package once: every fork takes the result (dbt_project.py) and has what dbt generates to read it.

    First in a fork, because dbt's parser of SQL leaves threads behind, for which a fork would wait. The second time
    nothing is left to parse.
    """
    first = multiprocessing.get_context("fork").Process(target=_parse, args=(folder / "parsed",))
    first.start()
    first.join()
    assert first.exitcode == 0
    _parse(folder / "parsed")
    importlib.import_module("dbt.adapters.postgres")


def _parse(folder: Path) -> None:
    settings = {"DBT_TARGET_PATH": str(folder), "DBT_LOG_PATH": str(folder), "UNIFIED_USAGE_DUCKDB": "lake.duckdb"}
    options = ["--target", "duckdb", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    with patch.dict(os.environ, settings):
        cli(["--quiet", "parse", *options], standalone_mode=False)


def main(*arguments: str) -> None:
    sys.argv = ["dbt", *arguments]
    cli()
