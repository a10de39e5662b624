"""The answers in the terminal, from the dbt models alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, text

from lake.target import MODELS_SCHEMA, Target

TOP = 8
_NUMBERS = {"net", "tokens", "rows", "streams", "with rows", "failed"}
_COSTS = f"{MODELS_SCHEMA}.unified_usage__cost_daily"
_TOKENS = f"{MODELS_SCHEMA}.unified_usage__tokens_daily"
_COVERAGE = f"{MODELS_SCHEMA}.unified_usage__coverage"

_SPEND = (
    "Spend per vendor (net of the streams that are the bill)",
    ("vendor", "stream", "from", "to", "net", "currency"),
    f"""
    select vendor, stream, first_day, last_day, net, currency from (
        select 0 as place, vendor, stream, min(day) as first_day, max(day) as last_day, sum(net) as net, currency
        from {_COSTS} group by vendor, stream, currency
        union all
        select 1, 'total', null, null, null, sum(net), currency from {_COSTS} group by currency
    ) as spent
    order by place, currency desc, vendor, stream
    """,
)
_MODELS = (
    "Top models by tokens, {period}",
    ("model", "provider", "tokens"),
    f"""
    select model, model_provider, sum(total) from {_TOKENS} where model is not null
    group by 1, 2 having sum(total) > 0 order by 3 desc, 1 limit {TOP}
    """,
)
_PEOPLE = (
    "Top people by spend, of the bills that name them, {period}",
    ("person", "vendors", "net", "currency"),
    f"""
    select person, vendors, net, currency from (
        select person, string_agg(vendor, ', ' order by vendor) as vendors, sum(net) as net, currency,
            row_number() over (partition by currency order by sum(net) desc, person) as place
        from (
            select coalesce(user_email, user_name, user_id) as person, vendor, sum(net) as net, currency
            from {_COSTS} group by 1, 2, 4
        ) as by_vendor
        where person is not null group by person, currency having sum(net) > 0
    ) as ranked
    where place <= {TOP} order by currency desc, net desc, person
    """,
)
_HELD = (
    "What is in the database, by the streams that are configured",
    ("vendor", "streams", "with rows", "failed", "rows", "from", "to", "newest sync (UTC)"),
    f"""
    select vendor, count(*), count(first_day), sum(case when status = 'failed' then 1 else 0 end), sum(rows),
        min(first_day), max(last_day), max(newest_sync_at)
    from {_COVERAGE} group by 1 order by 1
    """,
)


def show(console: Console, target: Target) -> None:
    """Spend, models, people and coverage, as far as there are any."""
    engine = target.engine()
    try:
        with target.explained(), engine.connect() as connection:
            for (title, columns, query), table in (
                (_SPEND, _COSTS),
                (_MODELS, _TOKENS),
                (_PEOPLE, _COSTS),
                (_HELD, ""),
            ):
                rows = connection.execute(text(query)).fetchall()
                if rows:
                    _print(console, title.format(period=_period(connection, table) if table else ""), columns, rows)
    finally:
        engine.dispose()


def _period(connection: Connection, table: str) -> str:
    first, last = connection.execute(text(f"select min(day), max(day) from {table}")).one()
    return f"{first} to {last}"


def _print(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = Table()
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    for row in rows:
        table.add_row(*(_shown(column, value) for column, value in zip(columns, row, strict=True)))
    console.print(f"\n{title}", table, sep="\n")


def _shown(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if column == "net":
        return f"{Decimal(value):,.2f}"
    return f"{value:,.0f}" if column in _NUMBERS else str(value)
