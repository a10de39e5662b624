"""What the person who pays adds: teams, budgets and invoices, as CSV files in a folder of theirs.

They are put beside the source's tables, and the models read them in place of the seeds of the dbt package, which are
examples. What there is no file for is an empty table.
"""

import csv
import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sqlalchemy import Connection, text

from lake.environment import FINANCE
from lake.errors import LakeError
from source_unified_usage.vendors import VENDORS

COLUMNS = {  # as the seeds have them
    "team_map": ("priority", "match_on", "value", "team"),
    "budgets": ("month", "team", "vendor", "currency", "amount"),
    "invoices": ("vendor", "month", "currency", "amount"),
}
_MAY_BE_EMPTY = {("budgets", "month"), ("budgets", "team"), ("budgets", "vendor")}
_MATCH_ON = ("email", "user_id", "workspace_id", "api_key_id", "resource_id", "organization_id")

Row = dict[str, str | None]
Tables = dict[str, list[Row]]
_MOST = Decimal("1e20")  # far below what numeric(38,12), the type of the models' sums, can hold


def read(folder: str) -> Tables:
    """The rows of each file. Raises LakeError for what the models could not read, and for a folder that is missing."""
    place = Path(folder)
    if folder != FINANCE and not place.is_dir():
        raise LakeError(f"--finance: {folder} is no folder.")
    _hold_names(place)
    return {name: list(_rows(place / f"{name}.csv", name)) for name in COLUMNS}


def write(connection: Connection, schema: str, tables: Tables) -> None:
    """Put them in the place of those of the sync before."""
    for name, rows in tables.items():
        table, columns = f"{schema}._{name}", COLUMNS[name]
        connection.execute(text(f"drop table if exists {table}"))
        connection.execute(text(f"create table {table} ({', '.join(f'{column} text' for column in columns)})"))
        if rows:
            values = ", ".join(f":{column}" for column in columns)
            connection.execute(text(f"insert into {table} ({', '.join(columns)}) values ({values})"), rows)
    connection.commit()


def variables(schema: str) -> dict[str, str]:
    """The variables of the dbt package that name the tables."""
    return {name: f"{schema}._{name}" for name in COLUMNS}


def _hold_names(place: Path) -> None:
    """Raises LakeError when a file that is missing seems to be there under another name, or not as CSV."""
    names: dict[str, str] = {}
    with suppress(OSError):  # nobody has to have a folder
        names = {file.stem.lower(): file.name for file in place.iterdir()}
    for name in COLUMNS:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.8)
        if near and not (place / f"{name}.csv").exists():
            raise LakeError(f"{place / names[near[0]]} is not read. Save it as {name}.csv, or take it out of {place}.")


def _rows(path: Path, name: str) -> Iterator[Row]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise LakeError(f"{path} cannot be read: {reason}.") from None
    reader = csv.DictReader(lines, restkey="")
    if sorted(reader.fieldnames or ()) != sorted(COLUMNS[name]):
        found = repr(lines[0][:100]) if lines else "nothing"
        raise LakeError(f"{path}: the first line must be {','.join(COLUMNS[name])}, with commas. It is {found}.")
    for row in reader:
        if row.pop("", None) or None in row.values():
            raise LakeError(f"{path}, line {reader.line_num}: it has not {len(COLUMNS[name])} values.")
        yield {column: _checked(path, reader.line_num, name, column, value) for column, value in row.items()}


def _checked(path: Path, line: int, name: str, column: str, value: str) -> str | None:
    value = value.strip()
    if not value and (name, column) in _MAY_BE_EMPTY:
        return None
    try:
        if not value:
            raise ValueError("it is empty")
        return _KINDS.get(column, str)(value)
    except ValueError as error:
        raise LakeError(f"{path}, line {line}, {column}: {error}.") from None


def _month(value: str) -> str:
    try:
        return date.fromisoformat(f"{value}-01" if re.fullmatch(r"\d{4}-\d\d", value) else value).isoformat()
    except ValueError:
        raise ValueError(f"{value!r} is no month like 2026-11") from None


def _amount(value: str) -> str:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or abs(amount) >= _MOST:
        raise ValueError(f"{value!r} is no amount like 1234.50")
    return f"{amount:f}"


def _priority(value: str) -> str:
    if not re.fullmatch(r"-?\d{1,9}", value):
        raise ValueError(f"{value!r} is no whole number")
    return value


def _currency(value: str) -> str:
    if not value.isalpha():  # three letters, or a vendor's unit
        raise ValueError(f"{value!r} is no currency like USD")
    return value


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.lower() not in known:
            raise ValueError(f"{value!r} is none of {', '.join(known)}")
        return value

    return check


_KINDS: dict[str, Callable[[str], str]] = {
    "month": _month,
    "amount": _amount,
    "currency": _currency,
    "priority": _priority,
    "match_on": _one_of(_MATCH_ON),
    "vendor": _one_of([vendor.name for vendor in VENDORS]),
}
