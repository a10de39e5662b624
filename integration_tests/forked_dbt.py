"""The command `dbt`, for a fork server."""

import importlib
import sys

from dbt.cli.main import cli


def prepare() -> None:
    """Import what dbt imports when it reads a profile."""
    for database in ("duckdb", "postgres"):
        importlib.import_module(f"dbt.adapters.{database}")


def main(*arguments: str) -> None:
    sys.argv = ["dbt", *arguments]
    cli()
