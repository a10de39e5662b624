"""`python -m lake.focus`: the FOCUS model as a Parquet file, checked by the FOCUS Consortium's own validator."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from lake.errors import LakeError
from lake.focus_validation import NotValidated, validate
from lake.replacing import replacing
from lake.target import MODELS_SCHEMA, DuckDB, Target, target_of

__all__ = ["NotValidated", "export", "validate"]

MODEL = "unified_usage__focus_1_2"
# PostgreSQL's types as DuckDB calls them
_TYPES = {"text": "varchar", "timestamp without time zone": "timestamp"}


def main() -> int:
    """0: written and conforming, or not validated (no Python 3.12, no row); 1: no file, or a rule failed; 2: misuse."""
    arguments = _arguments()
    try:
        rows = export(target_of(arguments.lake, "usage"), arguments.out)
    except LakeError as error:
        print(error, file=sys.stderr)
        return error.code
    print(f"{arguments.out}: {rows} rows")
    if not rows:
        print("No bill has a row yet, so there is nothing to validate.")
        return 0
    try:
        validation = validate(arguments.out)
    except NotValidated as error:
        print(error)
        return 0
    print(validation.summary())
    for failure in validation.failures:
        print(f"- {failure}")
    return 1 if validation.failures else 0


def export(target: Target, path: Path) -> int:
    """Write the model to a Parquet file, amounts as decimals and times in UTC, and return the number of rows.

    Raises LakeError when the database cannot be used, the models are not built or the file cannot be written.
    """
    if isinstance(target, DuckDB) and not target.path.exists():
        raise LakeError(f"There is no file {target.name}. Run `make sync` first, or name another one.")
    engine = target.engine()
    try:
        with target.explained(), engine.connect() as connection:
            columns = _columns(connection)
            if not columns:
                raise LakeError(f"{target.name} has no {MODELS_SCHEMA}.{MODEL}. Run `make sync`, or dbt build, first.")
            with _written(path) as file:
                if isinstance(target, DuckDB):
                    connection.exec_driver_sql(_copy(columns, f"{MODELS_SCHEMA}.{MODEL}", file))
                else:
                    _copy_from_server(connection, columns, file)
    finally:
        engine.dispose()
    with duckdb.connect() as memory:
        return len(memory.read_parquet(str(path)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m lake.focus", description=__doc__)
    parser.add_argument(
        "--lake",
        "--into",
        default="lake.duckdb",
        metavar="DATABASE",
        help="where the models are: a DuckDB file, or postgresql://user@host:port/database with the password in "
        "PGPASSWORD (default: %(default)s)",
    )
    parser.add_argument("--out", default="focus.parquet", type=Path, metavar="FILE", help="(default: %(default)s)")
    return parser.parse_args()


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """The file to write in the block, for `path`. What prevents it becomes a LakeError.

    The file is opened first, because DuckDB would speak of it as of the database.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.open("ab").close()
            yield file
    except OSError as error:
        reason = error.strerror
    except (DBAPIError, duckdb.Error) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        if path.name not in said:
            raise
        reason = said.rpartition('": ')[2].rstrip(".")
    else:
        return
    raise LakeError(f"{path} cannot be written: {reason}. Name another file with --out.")


def _columns(connection: Connection) -> dict[str, str]:
    """The model's columns in their order, with their types as DuckDB calls them; none where it is not built."""
    query = """select column_name, lower(data_type), numeric_precision, numeric_scale from information_schema.columns
        where table_schema = :schema and table_name = :model order by ordinal_position"""
    return {
        name: f"decimal({precision}, {scale})" if type_ == "numeric" else _TYPES.get(type_, type_)
        for name, type_, precision, scale in connection.execute(text(query), {"schema": MODELS_SCHEMA, "model": MODEL})
    }


def _copy(columns: Mapping[str, str], source: str, path: Path) -> str:
    """DuckDB's statement. The models' times are in UTC and have no zone; who reads the file shall know."""
    selected = ", ".join(
        f""""{name}" at time zone 'UTC' as "{name}\"""" if type_ == "timestamp" else f'"{name}"'
        for name, type_ in columns.items()
    )
    return f"""copy (select {selected} from {source} order by "ChargePeriodStart", "x_RowId") to {_quoted(path)}
        (format parquet, compression zstd, use_tmp_file false)"""


def _copy_from_server(connection: Connection, columns: Mapping[str, str], path: Path) -> None:
    """By way of a CSV file, which keeps every digit."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as memory:
        rows = Path(folder) / "rows.csv"
        cursor: Any = connection.connection.cursor()  # psycopg2's
        with rows.open("w", encoding="utf-8") as file, cursor:
            cursor.copy_expert(f'copy {MODELS_SCHEMA}."{MODEL}" to stdout (format csv)', file)
        types = ", ".join(f"'{name}': '{type_}'" for name, type_ in columns.items())
        read = f"read_csv({_quoted(rows)}, header = false, columns = {{{types}}}, allow_quoted_nulls = false)"
        memory.execute(_copy(columns, read, path))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main())
