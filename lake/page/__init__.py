"""The page: one HTML file with the answers, from the dbt models."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from lake.page import queries, render, spend, state, usage
from lake.page.parts import Row, Rows, by_currency, is_money, palette


def write(target: Any, path: Path) -> None:
    """Write the page about what the target's models hold. It replaces the file at `path`."""
    engine = target.engine()
    try:
        with engine.connect() as connection:
            page = report(_rows(connection), "usage_answers")
    finally:
        engine.dispose()
    path.write_text(page, encoding="utf-8")


def report(rows: Rows, schema: str) -> str:
    """The HTML, from the models in a schema."""
    found = rows(queries.coverage(schema))
    (about,) = rows(queries.period(schema))
    content: dict[str, Any] = {
        "as_of": _newest(found),
        "failures": state.failures(found),
        "month": about["month"],
        "last_day": about["last_day"],
        "cards": [],
        "headline_sql": [],
        "sections": [],
        "numeric": ("amount", "count", "share"),
    }
    if month := about["month"]:
        colours = palette(row["vendor"] for row in found)
        sql = [queries.headline(schema, month), queries.budgets(schema, month)]
        content["headline_sql"] = sql
        content["cards"] = _cards(rows(sql[0]), rows(sql[1]))
        content["sections"] = [
            spend.vendors(rows, schema, month, colours),
            spend.budgets(rows, schema, month),
            spend.teams(rows, schema, month, colours),
            spend.people(rows, schema, month, colours),
            usage.models(rows, schema, month),
            state.coverage(rows, schema, found, about["last_day"]),
            state.changes(rows, schema, colours),
        ]
    return render.html(**content)


def _rows(connection: Connection) -> Rows:
    return lambda sql: connection.exec_driver_sql(sql).mappings().all()


def _newest(found: Sequence[Row]) -> datetime | None:
    return max((row["newest_sync_at"] for row in found if row["newest_sync_at"]), default=None)


def _cards(spent: Sequence[Row], budgets: Sequence[Row]) -> list[dict[str, Any]]:
    """A card for each currency: spent, run rate, and the budget that is for all of it, if there is one."""
    whole = {row["currency"]: row for row in budgets if row["team"] is None and row["vendor"] is None}
    cards = []
    for currency, (row,) in by_currency(spent).items():
        budget = whole[currency]["budget"] if currency in whole else None
        share = row["spent"] / budget if budget else Decimal(0)
        cards.append({**row, "money": is_money(currency), "budget": budget, "share": share})
    return cards
