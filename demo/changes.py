"""What a second sync made of the rows of the first."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb
from rich.console import Console
from rich.table import Table


class Rows(NamedTuple):
    """`count`: of all rows of a table; `contents`: what of a row may be restated, by its id."""

    count: int
    contents: Mapping[str, str]


Snapshot = dict[str, Rows]


def snapshot(path: Path, schema: str) -> Snapshot:
    """Every stream's rows, by table; nothing when no stream was written."""
    if not path.exists():
        return {}
    with duckdb.connect(str(path), read_only=True) as lake:
        query = "select table_name from information_schema.tables where table_schema = ? order by 1"
        tables = [name for (name,) in lake.execute(query, [schema]).fetchall() if not name.startswith("_")]
        return {table: _rows(lake, f"{schema}.{table}") for table in tables}


def _rows(lake: duckdb.DuckDBPyConnection, table: str) -> Rows:
    contents = f"select id, concat_ws('|', charges::text, usage::text, updated_at::text) from {table}"
    rows = lake.execute(contents).fetchall()
    return Rows(len(rows), dict(rows))


def show(console: Console, before: Snapshot, after: Snapshot) -> None:
    """Rows per stream, and how many of them are new, restated, or there twice."""
    table = Table("stream")
    for column in ("rows", "new", "restated", "duplicates"):
        table.add_column(column, justify="right")
    for stream, (count, contents) in after.items():
        old = before[stream].contents if stream in before else {}
        restated = sum(1 for id, content in contents.items() if id in old and old[id] != content)
        duplicates = count - len(contents)
        table.add_row(stream, *map(str, (count, len(contents.keys() - old.keys()), restated, duplicates)))
    console.print("\nRows per stream after both syncs, and what the second one changed", table, sep="\n")
