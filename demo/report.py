"""What the DuckDB file holds, as tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

# by vendor the stream that is its bill; the others show the same money or none
BILLS = {
    "claude": ("claude_cost", "claude_api_cost"),
    "openai": ("openai_costs",),
    "confluent": ("confluent_costs",),
    "cursor": ("cursor_usage_events",),
    "datadog": ("datadog_cost",),
    "scenario": ("scenario_consumption",),
}
# the streams whose tokens count once
TOKENS = ("cursor_usage_events", "claude_usage", "claude_api_usage", "openai_usage_completions")

Snapshot = dict[str, dict[str, str]]


def snapshot(path: Path, schema: str) -> Snapshot:
    """Every row's content by table and id."""
    with duckdb.connect(str(path), read_only=True) as lake:
        return {
            table: dict(
                lake.execute(
                    f"select id, concat_ws('|', charges::text, usage::text, updated_at::text) from {schema}.{table}"
                ).fetchall()
            )
            for table in _tables(lake, schema)
        }


def show(console: Console, path: Path, schema: str, before: Snapshot) -> None:
    """Rows per stream and what the second sync changed; spend, models and users."""
    after = snapshot(path, schema)
    with duckdb.connect(str(path), read_only=True) as lake:
        tables = _tables(lake, schema)
        _print(
            console,
            "Rows per stream",
            ("stream", "rows", "new", "restated", "duplicates"),
            _changes(lake, schema, before, after),
        )
        _print(
            console,
            "Spend per vendor and currency (net of the stream that is the bill)",
            ("vendor", "stream", "net", "currency"),
            _spend(lake, schema, tables),
        )
        _print(console, "Top models by tokens", ("model", "provider", "tokens"), _models(lake, schema, tables))
        _print(console, "Top users by spend (Cursor)", ("user", "net", "currency"), _users(lake, schema, tables))


def _tables(lake: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = lake.execute(
        "select table_name from information_schema.tables where table_schema = ? and not starts_with(table_name, '_') "
        "order by 1",
        [schema],
    ).fetchall()
    return [name for (name,) in rows]


def _changes(
    lake: duckdb.DuckDBPyConnection, schema: str, before: Snapshot, after: Snapshot
) -> Iterable[tuple[Any, ...]]:
    for table, rows in after.items():
        old = before.get(table, {})
        (count,) = lake.execute(f"select count(*) from {schema}.{table}").fetchone() or (0,)
        restated = sum(1 for id, content in rows.items() if id in old and old[id] != content)
        yield table, count, len(rows.keys() - old.keys()), restated, count - len(rows)


_CHARGES = "cross join unnest(cast(charges as json[])) as line(charge) where charge ->> 'type' = 'net'"
_AMOUNT = "sum(cast(charge ->> 'amount' as decimal(28, 10)))"


def _spend(lake: duckdb.DuckDBPyConnection, schema: str, tables: list[str]) -> Iterable[tuple[Any, ...]]:
    for vendor, streams in BILLS.items():
        for stream in streams:
            if stream in tables:
                query = (
                    f"select {_AMOUNT}, charge ->> 'currency' from {schema}.{stream} {_CHARGES} group by 2 order by 2"
                )
                for net, currency in lake.execute(query).fetchall():
                    yield vendor, stream, f"{net:,.2f}", currency


def _models(lake: duckdb.DuckDBPyConnection, schema: str, tables: list[str]) -> list[tuple[Any, ...]]:
    parts = [f"select model, usage from {schema}.{name}" for name in TOKENS if name in tables]
    if not parts:
        return []
    query = (
        "select model ->> 'id', model ->> 'provider', sum(cast(usage -> 'tokens' ->> 'total' as bigint)) as tokens "
        f"from ({' union all '.join(parts)}) where model is not null group by 1, 2 having tokens > 0 "
        "order by 3 desc limit 8"
    )
    return [(model, provider, f"{tokens:,}") for model, provider, tokens in lake.execute(query).fetchall()]


def _users(lake: duckdb.DuckDBPyConnection, schema: str, tables: list[str]) -> list[tuple[Any, ...]]:
    if "cursor_usage_events" not in tables:
        return []
    query = (
        f"select coalesce(\"user\" ->> 'email', \"user\" ->> 'id', 'unknown'), {_AMOUNT} as net, charge ->> 'currency' "
        f"from {schema}.cursor_usage_events {_CHARGES} group by 1, 3 order by 2 desc limit 8"
    )
    return [(user, f"{net:,.2f}", currency) for user, net, currency in lake.execute(query).fetchall()]


def _print(console: Console, title: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        numeric = column in ("rows", "new", "restated", "duplicates", "net", "tokens")
        table.add_column(column, justify="right" if numeric and number else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print()
    console.print(table)
