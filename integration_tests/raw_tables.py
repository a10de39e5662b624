"""The source's tables in a database as PyAirbyte leaves them, made without it: for tests of what reads them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from integration_tests.harness import ROOT
from source_unified_usage.streams import all_streams

sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="comes with PyAirbyte")

Record = Mapping[str, Any]

_TEXT = ("id", "metric_name", "surface", "_airbyte_raw_id")
_TIMES = ("start_date", "end_date", "created_at", "updated_at", "_airbyte_extracted_at")
_JSON = (
    *("product", "resources", "organization", "user", "model", "charges", "usage", "remote_data"),
    "_airbyte_meta",
)
_TYPES = {**dict.fromkeys(_TEXT, "text"), **dict.fromkeys(_JSON, "json"), **dict.fromkeys(_TIMES, "timestamp")}
# rows that come as one parameter, a list of objects in JSON, every value as text
_SOURCES = {
    "duckdb": f"(select unnest(from_json(:rows, '{json.dumps([dict.fromkeys(_TYPES, 'VARCHAR')])}')) as r)",
    "postgresql": "json_to_recordset(:rows) as r(" + ", ".join(f'"{name}" text' for name in _TYPES) + ")",
}


def mapping_records() -> dict[str, list[Record]]:
    """By stream: the records that the mapping tests expect, of each id the one of the last case."""
    found: dict[str, dict[str, Record]] = {stream.name: {} for stream in all_streams()}
    for path in sorted((ROOT / "unit_tests" / "vendors").glob("*/records/*.json")):
        records: list[Record] = json.loads(path.read_text())
        found[path.name.partition(".")[0]].update({record["id"]: record for record in records})
    return {stream: list(records.values()) for stream, records in found.items() if records}


def write(url: str, tables: Mapping[str, Iterable[Record]], synced_at: datetime, schema: str = "usage") -> None:
    """Add a sync's records to the tables of a database (its SQLAlchemy URL, `duckdb:///` or `postgresql:`).

    A record replaces the one with its id. A table is made for a stream without records too. `synced_at` is in UTC.
    """
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"create schema if not exists {schema}"))
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in _TYPES.items())
        values = ", ".join(f'cast(r."{name}" as {type_})' for name, type_ in _TYPES.items())
        # what is absent is NULL in DuckDB and a JSON null in PostgreSQL
        absent = "null" if engine.dialect.name == "postgresql" else None
        for stream, records in tables.items():
            table = f"{schema}.{stream}"
            connection.execute(sqlalchemy.text(f"create table if not exists {table} ({columns})"))
            if rows := list(_rows(records, synced_at, absent)):
                replaced = sqlalchemy.text(f"delete from {table} where id in :ids")
                ids = sqlalchemy.bindparam("ids", [row["id"] for row in rows], expanding=True)
                connection.execute(replaced.bindparams(ids))
                statement = f"insert into {table} select {values} from {_SOURCES[engine.dialect.name]}"
                connection.execute(sqlalchemy.text(statement), {"rows": json.dumps(rows)})
    engine.dispose()


def _rows(records: Iterable[Record], synced_at: datetime, absent: str | None) -> Iterator[dict[str, Any]]:
    for record in records:
        raw_id = str(uuid5(NAMESPACE_URL, f"{synced_at.isoformat()}/{record['id']}"))
        yield {
            **{name: record.get(name) for name in (*_TEXT, *_TIMES)},
            **{name: json.dumps(record[name]) if name in record else absent for name in _JSON},
            "_airbyte_raw_id": raw_id,
            "_airbyte_extracted_at": synced_at.replace(tzinfo=None).isoformat(),
            "_airbyte_meta": "{}",
        }
