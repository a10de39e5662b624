"""The page: one HTML file with the answers, from the dbt models."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from lake.page import changes, coverage, headline, queries, render, spend, usage
from lake.page.parts import Rows, Scope, palette
from lake.replacing import replacing
from lake.target import MODELS_SCHEMA, Target


def write(target: Target, path: Path) -> None:
    """Write the page about what the target's models hold. It replaces the file at `path`.

    Raises LakeError and OSError.
    """
    engine = target.engine()
    try:
        with target.explained(), engine.connect() as connection:
            page = report(_rows(connection), MODELS_SCHEMA)
    finally:
        engine.dispose()
    with replacing(path) as file:
        file.write_text(page, encoding="utf-8")


def report(rows: Rows, schema: str) -> str:
    """The HTML, from the models in a schema."""
    found = rows(queries.coverage(schema))
    (about,) = rows(queries.period(schema))
    newest = max((row["newest_sync_at"] for row in found if row["newest_sync_at"]), default=None)
    content: dict[str, Any] = {"as_of": newest, "failures": coverage.failures(found)}
    if not about["month"]:
        return render.html(**content, scope=None, cards=[], cards_sql=[], sections=[])
    sql = queries.headline(schema, about["month"]), queries.budgets(schema, about["month"])
    spent, budgets = map(rows, sql)
    colours = palette(row["vendor"] for row in rows(queries.vendors(schema)))
    scope = Scope(rows, schema, about["month"], about["last_day"], colours, [row["currency"] for row in spent])
    sections = [
        spend.vendors(scope),
        headline.budgets(scope, budgets),
        spend.teams(scope),
        spend.people(scope),
        usage.models(scope),
        coverage.coverage(scope, found),
        changes.changes(scope),
        headline.invoices(scope),
    ]
    return render.html(**content, scope=scope, cards=headline.cards(spent, budgets), cards_sql=sql, sections=sections)


def _rows(connection: Connection) -> Rows:
    return lambda sql: connection.exec_driver_sql(sql).mappings().all()
