"""The tables that PyAirbyte loads before it merges them into a stream's. A sync that was killed leaves its last one."""

import re

from sqlalchemy import Connection, inspect, text

from source_unified_usage.streams import all_streams

# the stream's name and nine characters of a ULID (_get_temp_table_name in airbyte/shared/sql_processor.py)
_LOADED = re.compile(r"(?P<stream>\w+)_0[0-9a-hjkmnp-tv-z]{8}")


def drop(connection: Connection, schema: str) -> None:
    """Drop those of all streams. The database must be held, so that no other sync is loading one."""
    streams = {stream.name for stream in all_streams()}
    for table in inspect(connection).get_table_names(schema=schema):
        if (found := _LOADED.fullmatch(table)) and found["stream"] in streams:
            connection.execute(text(f"drop table {schema}.{table}"))
    connection.commit()
