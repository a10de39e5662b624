"""The answers in the terminal, from the dbt models alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, text

from lake.page import figures
from lake.target import MODELS_SCHEMA, Target

TOP = 8
_MONEY = {"net", "month to date", "restated by", "invoice", "difference"}
_COUNTS = {"tokens", "rows", "streams", "with rows", "failed", "new days", "restated days"}
_COSTS = f"{MODELS_SCHEMA}.unified_usage__cost_daily"
_TOKENS = f"{MODELS_SCHEMA}.unified_usage__tokens_daily"
_PEOPLE_TABLE = f"{MODELS_SCHEMA}.unified_usage__user_summary"
_CHANGES = f"{MODELS_SCHEMA}.unified_usage__changes"
_RECONCILIATION = f"{MODELS_SCHEMA}.unified_usage__reconciliation"
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
    "Top models by tokens, {tokens}",
    ("model", "provider", "tokens"),
    f"""
    select model, model_provider, sum(total) from {_TOKENS} where model is not null
    group by 1, 2 having sum(total) > 0 order by 3 desc, 1 limit {TOP}
    """,
)
_PEOPLE = (
    "Top people by spend, {people}",
    ("person", "vendors", "month to date", "net", "currency"),
    f"""
    select person, vendors, month_to_date, net, currency from (
        select
            coalesce(max(user_email), max(user_name), user_key) as person,
            string_agg(vendor, ', ' order by vendor) as vendors,
            sum(month_to_date) as month_to_date,
            sum(lifetime) as net,
            currency,
            row_number() over (partition by currency order by sum(lifetime) desc, user_key) as place
        from {_PEOPLE_TABLE}
        where vendor <> 'all' and attribution <> 'estimate' and user_key <> 'unattributed'
        group by user_key, currency having sum(lifetime) > 0
    ) as ranked
    where place <= {TOP} order by currency desc, net desc, person
    """,
)
_FOUND = (
    "What this sync found in the bills",
    ("vendor", "stream", "new days", "restated days", "restated by", "currency"),
    f"""
    select vendor, stream, sum(case when kind = 'new' then 1 else 0 end),
        sum(case when kind = 'restated' then 1 else 0 end),
        sum(case when kind = 'restated' then difference else 0 end), currency
    from {_CHANGES} where is_of_last_sync group by 1, 2, 6 order by 1, 2, 6
    """,
)
_INVOICES = (
    "The bills beside the invoices",
    ("month", "vendor", "net", "invoice", "difference", "currency"),
    f"""
    select month, vendor, coalesce(net, 0), invoice, difference, currency from {_RECONCILIATION}
    where invoice is not null order by month, vendor, currency
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
    """Spend, models, people, what changed, the invoices and what is there, as far as there is any."""
    engine = target.engine()
    try:
        with target.explained(), engine.connect() as connection:
            periods = {
                "people": _period(connection, f"{_COSTS} where grain <> 'month'"),
                "tokens": _period(connection, _TOKENS),
            }
            for title, columns, query in (_SPEND, _MODELS, _PEOPLE, _FOUND, _INVOICES, _HELD):
                rows = connection.execute(text(query)).fetchall()
                if rows:
                    _print(console, title.format(**periods), columns, rows)
    finally:
        engine.dispose()


def _period(connection: Connection, rows: str) -> str:
    """Their first and last day. Bills by the month, which begin before the first day that was read, name nobody."""
    first, last = connection.execute(text(f"select min(day), max(day) from {rows}")).one()
    return f"{first} to {last}"


def _print(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = Table()
    for column in columns:
        table.add_column(column, justify="right" if column in _MONEY | _COUNTS else "left")
    for row in rows:
        table.add_row(*(_shown(column, value) for column, value in zip(columns, row, strict=True)))
    console.print(f"\n{title}", table, sep="\n")


def _shown(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if column in _MONEY:
        return figures.amount(Decimal(value))
    return f"{value:,.0f}" if column in _COUNTS else str(value)
