"""What the DuckDB file holds, as tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from source_unified_usage.streams import StreamFacts, all_streams, bills, spenders

TOP = 8

Snapshot = dict[str, dict[str, str]]
Rows = Iterable[Sequence[Any]]

_CHARGES = "cross join unnest(cast(charges as json[])) as line(charge) where charge ->> 'type' = 'net'"
_AMOUNT = "sum(cast(charge ->> 'amount' as decimal(28, 10)))"
_PERSON = "coalesce(lower(\"user\" ->> 'email'), \"user\" ->> 'name', \"user\" ->> 'id')"
# the first and the last day of some rows; an event ends when it begins
_PERIOD = "min(start_date)::date::text, max(greatest(start_date, end_date - interval 1 microsecond))::date::text"


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
    """Spend, models and users; then rows per stream and what the second sync changed."""
    after = snapshot(path, schema)
    with duckdb.connect(str(path), read_only=True) as lake:
        held = {table: f"{schema}.{table}" for table in _tables(lake, schema)}
        streams = [stream for stream in all_streams() if stream.name in held]
        _print(
            console,
            "Spend per vendor (net of the streams that are the bill)",
            ("vendor", "stream", "from", "to", "net", "currency"),
            _spend(lake, held, bills(streams)),
        )
        tokens = [held[stream.name] for stream in streams if stream.counts_tokens]
        if tokens:
            title = f"Top models by tokens, {_period(lake, tokens)}"
            _print(console, title, ("model", "provider", "tokens"), _models(lake, tokens))
        spent = [(who.vendor.name, held[who.name]) for who in spenders(streams, partial(_names_people, lake, held))]
        if spent:
            title = f"Top users by spend, {_period(lake, (table for _, table in spent))}"
            _print(console, title, ("user", "vendors", "net", "currency"), _users(lake, spent))
        _print(
            console,
            "Rows per stream after both syncs, and what the second one changed",
            ("stream", "from", "to", "rows", "new", "restated", "duplicates"),
            _changes(lake, held, before, after),
        )


def _tables(lake: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = lake.execute(
        "select table_name from information_schema.tables where table_schema = ? and not starts_with(table_name, '_') "
        "order by 1",
        [schema],
    ).fetchall()
    return [name for (name,) in rows]


def _period(lake: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> str:
    union = " union all ".join(f"select start_date, end_date from {table}" for table in tables)
    ((first, last),) = lake.execute(f"select {_PERIOD} from ({union})").fetchall()
    return f"{first} to {last}"


def _spend(lake: duckdb.DuckDBPyConnection, held: Mapping[str, str], billed: Iterable[StreamFacts]) -> Rows:
    """The bills, then a total for each currency; another currency is never added."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for bill in billed:
        query = (
            f"select {_PERIOD}, {_AMOUNT}, charge ->> 'currency' from {held[bill.name]} {_CHARGES} "
            "group by 4 order by 4"
        )
        for first, last, net, currency in lake.execute(query).fetchall():
            totals[currency] += net
            yield bill.vendor.name, bill.name, first, last, _money(net), currency
    for currency, net in sorted(totals.items()):
        yield "total", "", "", "", _money(net), currency


def _models(lake: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> Rows:
    union = " union all ".join(f"select model, usage from {table}" for table in tables)
    query = (
        "select model ->> 'id', model ->> 'provider', sum(cast(usage -> 'tokens' ->> 'total' as bigint)) as tokens "
        f"from ({union}) where model is not null group by 1, 2 having tokens > 0 order by 3 desc limit {TOP}"
    )
    return [(model, provider, f"{tokens:,}") for model, provider, tokens in lake.execute(query).fetchall()]


def _names_people(lake: duckdb.DuckDBPyConnection, held: Mapping[str, str], stream: str) -> bool:
    """Whether a row of the stream tells a person and what is billed."""
    query = f"select 1 from {held[stream]} {_CHARGES} and {_PERSON} is not null limit 1"
    return bool(lake.execute(query).fetchall())


def _users(lake: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]) -> Rows:
    """Of each currency those who spent most, whoever billed it."""
    union = " union all ".join(
        f"select '{vendor}' as vendor, \"user\", charges from {table}" for vendor, table in tables
    )
    query = (
        f"select {_PERSON} as person, "
        f"string_agg(distinct vendor, ', ' order by vendor), {_AMOUNT} as net, charge ->> 'currency' as currency "
        f"from ({union}) {_CHARGES} and person is not null group by person, currency having net > 0 "
        f"qualify row_number() over (partition by currency order by net desc, person) <= {TOP} "
        "order by currency desc, net desc, person"
    )
    return [(user, vendors, _money(net), currency) for user, vendors, net, currency in lake.execute(query).fetchall()]


def _changes(lake: duckdb.DuckDBPyConnection, held: Mapping[str, str], before: Snapshot, after: Snapshot) -> Rows:
    for table, rows in after.items():
        old = before.get(table, {})
        ((count, first, last),) = lake.execute(f"select count(*), {_PERIOD} from {held[table]}").fetchall()
        restated = sum(1 for id, content in rows.items() if id in old and old[id] != content)
        yield table, first or "", last or "", count, len(rows.keys() - old.keys()), restated, count - len(rows)


def _money(net: Decimal) -> str:
    return f"{net:,.2f}"


def _print(console: Console, title: str, columns: tuple[str, ...], rows: Rows) -> None:
    table = Table()
    for number, column in enumerate(columns):
        numeric = column in ("rows", "new", "restated", "duplicates", "net", "tokens")
        table.add_column(column, justify="right" if numeric and number else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(f"\n{title}", table, sep="\n")
