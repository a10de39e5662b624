"""`python -m lake.focus`: the FOCUS model as a Parquet file, checked by the FOCUS Consortium's own validator."""

import argparse
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from lake.focus_validation import NotValidated, validate

__all__ = ["ExportError", "NotValidated", "export", "validate"]

MODEL = "unified_usage__focus_1_2"
_SERVER = ("postgresql://", "postgres://")
_NOT_BUILT = "There is no {table} in {target}: run `make sync`, or dbt build, first."
# PostgreSQL's types as DuckDB calls them
_TYPES = {"text": "varchar", "bigint": "bigint", "timestamp without time zone": "timestamp"}


class ExportError(Exception):
    """The text is for the person who asked for the file."""


def main() -> int:
    """0: written and conforming, or not validated for want of a Python 3.12; 1: a rule failed; 2: no file."""
    arguments = _arguments()
    try:
        rows = export(arguments.lake, arguments.out)
    except ExportError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{arguments.out}: {rows} rows")
    try:
        validation = validate(arguments.out)
    except NotValidated as error:
        print(error)
        return 0
    print(validation.summary())
    for failure in validation.failures:
        print(f"- {failure}")
    return 1 if validation.failures else 0


def export(target: str, path: Path) -> int:
    """Write the model to a Parquet file, amounts as decimals and times in UTC, and return the number of rows.

    `target`: a DuckDB file or `postgresql://user@host:port/database` (the password in PGPASSWORD). The schema of the
    models is that of `dbt/profiles.yml`. Raises ExportError when the model or the database is not there.
    """
    schema = os.environ.get("UNIFIED_USAGE_MODELS_SCHEMA", "usage_answers")
    server = target.startswith(_SERVER)
    with tempfile.TemporaryDirectory() as folder, _opened(":memory:" if server else target) as connection:
        if server:
            model = _from_server(connection, target, schema, Path(folder) / "focus.csv")
        else:
            model = _from_file(connection, target, schema)
        columns = [
            _in_utc(name) if type_ == "TIMESTAMP" else f'"{name}"'
            for name, type_ in zip(model.columns, model.types, strict=True)
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = model.order('"ChargePeriodStart", "x_RowId"').project(", ".join(columns))
        rows.write_parquet(str(path), compression="zstd")
        return len(model)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m lake.focus", description=__doc__)
    parser.add_argument(
        "--lake",
        default="lake.duckdb",
        metavar="DATABASE",
        help="where the models are: a DuckDB file, or postgresql://user@host:port/database with the password in "
        "PGPASSWORD (default: %(default)s)",
    )
    parser.add_argument("--out", default="focus.parquet", type=Path, metavar="FILE", help="(default: %(default)s)")
    return parser.parse_args()


def _in_utc(name: str) -> str:
    """The models' times are in UTC and have no zone; who reads the file shall know."""
    return f""""{name}" at time zone 'UTC' as "{name}\""""


def _opened(file: str) -> duckdb.DuckDBPyConnection:
    if file != ":memory:" and not Path(file).exists():
        raise ExportError(f"There is no file {file}: run `make sync` first, or name another one with --lake.")
    try:
        return duckdb.connect(file, read_only=file != ":memory:")
    except duckdb.IOException as error:
        raise ExportError(f"{file} cannot be opened: {error}") from None


def _from_file(connection: duckdb.DuckDBPyConnection, file: str, schema: str) -> duckdb.DuckDBPyRelation:
    try:
        return connection.table(f"{schema}.{MODEL}")
    except duckdb.CatalogException:
        raise ExportError(_NOT_BUILT.format(table=f"{schema}.{MODEL}", target=file)) from None


def _from_server(
    connection: duckdb.DuckDBPyConnection, address: str, schema: str, copy: Path
) -> duckdb.DuckDBPyRelation:
    """The model in PostgreSQL by way of a CSV file, which keeps every digit."""
    import psycopg2  # comes with dbt-postgres

    try:
        server = psycopg2.connect(address)
    except psycopg2.OperationalError as error:
        raise ExportError(f"The database cannot be used: {' '.join(str(error).split())}") from None
    with closing(server), server.cursor() as cursor, copy.open("w", encoding="utf-8") as file:
        columns = _columns(cursor, schema)
        if not columns:
            raise ExportError(_NOT_BUILT.format(table=f"{schema}.{MODEL}", target="the database"))
        cursor.copy_expert(f'copy {schema}."{MODEL}" to stdout (format csv)', file)
    return connection.sql(
        "select * from read_csv($file, header = false, columns = $columns, allow_quoted_nulls = false)",
        params={"file": str(copy), "columns": columns},
    )


def _columns(cursor: Any, schema: str) -> dict[str, str]:
    """Their types in DuckDB."""
    cursor.execute(
        """select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns
        where table_schema = %s and table_name = %s order by ordinal_position""",
        (schema, MODEL),
    )
    return {
        name: f"decimal({precision}, {scale})" if type_ == "numeric" else _TYPES[type_]
        for name, type_, precision, scale in cursor.fetchall()
    }


if __name__ == "__main__":
    sys.exit(main())
