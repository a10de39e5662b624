"""A lake that holds what the page must be able to show: the models' tables, made up, in DuckDB or PostgreSQL."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import yaml

from integration_tests.harness import ROOT
from integration_tests.raw_tables import sqlalchemy
from lake.target import MODELS_SCHEMA as SCHEMA

SYNC = datetime(2026, 11, 27, 5, 22, 12)
FIRST, LAST = date(2026, 9, 14), date(2026, 11, 26)
HOSTILE = "<script>document.title = 'taken over'</script>"
DOWN = 'Cursor, stream cursor_usage_events: the key was refused ("<b>Invalid</b> API key"). Make a new one.'
TEAMS = ("Platform", "Data", "Mobile & Web", "unassigned")
PEOPLE = (HOSTILE, *(f"{name}.{number}@acme.example" for number in (1, 2) for name in ("ada", "bo", "cy", "di", "eve")))
BILLS = {  # stream: vendor, grain, currency, of a day about
    "claude_api_cost": ("claude", "day", "USD", 240),
    "confluent_costs": ("confluent", "day", "USD", 310),
    "cursor_usage_events": ("cursor", "event", "USD", 75),
    "datadog_cost": ("datadog", "month", "USD", 6200),
    "github_billing_usage": ("github", "day", "EUR", 40),
    "openai_costs": ("openai", "day", "USD", 160),
    "scenario_consumption": ("scenario", "day", "CU", 900),
}
MODELS = {
    "claude-sonnet-5": ("claude", 900_000),
    "claude-opus-4-8": ("claude", 500_000),
    "gpt-5.4-2026-03-05": ("openai", 700_000),
    "gpt-5-nano-2025-08-07": ("openai", 300_000),
    "gemini-3-pro": ("cursor", 200_000),
}
COLUMNS = {  # of the rows below; the models have more
    "cost_daily": "day vendor stream grain currency user_key net",
    "tokens_daily": "day vendor model input cache_read cache_write output unclassified total requests",
    "user_summary": "user_key user_name user_email vendor currency month_to_date last_month attribution active_days_30",
    "team_cost_monthly": "month team vendor currency net",
    "budget_variance": "month team vendor currency budget spent share run_rate",
    "reconciliation": "month vendor currency net invoice status difference share",
    "coverage": "stream vendor role grain rows first_day last_day days_without_rows newest_sync_at status reason",
    "coverage_daily": "stream vendor role day rows status",
    "changes": "stream vendor day currency net_before net_now difference seen_at kind is_of_last_sync",
}
Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]


def tables() -> Tables:
    """Rows by model, as in `COLUMNS`. Three months of seven vendors, of which Cursor has failed lately."""
    chance = random.Random(20261127)
    costs = list(_costs(chance))
    teams = _teams(costs)
    streams, days = _coverage()
    return {
        "cost_daily": costs,
        "tokens_daily": list(_tokens(chance)),
        "user_summary": _people(costs),
        "team_cost_monthly": teams,
        "budget_variance": _budgets(teams),
        "reconciliation": _invoices(teams),
        "coverage": streams,
        "coverage_daily": days,
        "changes": list(_changes(costs)),
    }


def _days() -> Iterator[date]:
    yield from (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))


def _costs(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for stream, (vendor, grain, currency, daily) in BILLS.items():
        for day in _days():
            if (grain == "month" and day.day != 1) or (vendor == "cursor" and day > date(2026, 11, 22)):
                continue
            for person in chance.sample(PEOPLE, 3) if vendor in ("claude", "cursor", "scenario") else (None,):
                net = Decimal(chance.randrange(daily * 10**6)).scaleb(-6) + Decimal("0.000000000001")
                yield day, vendor, stream, grain, currency, person, net


def _tokens(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for model, (vendor, daily) in MODELS.items():
        for day in _days():
            parts = [chance.randrange(daily), chance.randrange(3 * daily), chance.randrange(daily), daily // 9, 0]
            yield (day, vendor, model, *parts, sum(parts), chance.randrange(2000))


def _people(costs: Rows) -> Rows:
    spent: dict[tuple[Any, ...], list[Decimal]] = {}
    for day, vendor, _, _, currency, person, net in costs:
        for who in (vendor, "all"):
            sums = spent.setdefault((person or "unattributed", who, currency), [Decimal(0)] * 2)
            if day.month >= LAST.month - 1:
                sums[LAST.month - day.month] += net
    rows: Rows = [
        (key, None, None, vendor, currency, *sums, "billed", 12) for (key, vendor, currency), sums in spent.items()
    ]
    rows.append(("ada.1@acme.example", "Ada", None, "openai", "USD", *[Decimal("12.5")] * 2, "estimate", 3))
    return rows


def _teams(costs: Rows) -> Rows:
    spent: dict[tuple[Any, ...], Decimal] = {}
    for number, (day, vendor, _, _, currency, _, net) in enumerate(costs):
        key = (day.replace(day=1), TEAMS[number % len(TEAMS)], vendor, currency)
        spent[key] = spent.get(key, Decimal(0)) + net
    return [(*key, net) for key, net in spent.items()]


def _budgets(teams: Rows) -> Rows:
    month = LAST.replace(day=1)
    budgets = [("Platform", None, Decimal(9000)), (None, "confluent", Decimal(3800)), (None, None, Decimal(20000))]
    return [
        (month, team, vendor, "USD", budget, used, round(used / budget, 6), used * 30 / 26)
        for team, vendor, budget in budgets
        for used in [sum((row[4] for row in teams if _within(row, (month, team, vendor, "USD"))), Decimal(0))]
    ]


def _invoices(teams: Rows) -> Rows:
    month = LAST.replace(day=1)
    net = sum((row[4] for row in teams if _within(row, (month, None, "confluent", "USD"))), Decimal(0))
    found: Rows = [
        (month, "confluent", "USD", net, net + 40, "compared", Decimal(-40), round(-40 / (net + 40), 6)),
        (month, "claude", "USD", None, Decimal(12), "no rows", Decimal(-12), Decimal(-1)),
        (month, "openai", "USD", net, None, "no invoice", None, None),
    ]
    return found


def _within(row: Sequence[Any], key: Sequence[Any]) -> bool:
    return all(wanted is None or wanted == value for wanted, value in zip(key, row, strict=False))


def _coverage() -> tuple[Rows, Rows]:
    """Of streams and of their days."""
    streams: Rows = []
    days: Rows = []
    facts = [(stream, vendor, "bill", grain) for stream, (vendor, grain, _, _) in BILLS.items()]
    facts += [("claude_api_usage", "claude", "activity", "day"), ("openai_usage_images", "openai", "activity", "day")]
    for stream, vendor, role, grain in facts:
        failed = vendor == "cursor"
        last = date(2026, 11, 22) if failed else LAST
        said = ("failed", DOWN) if failed else ("complete", None)
        streams.append((stream, vendor, role, grain, 500, FIRST, last, int(vendor == "openai"), SYNC, *said))
        days.extend((stream, vendor, role, day, 7, _status(vendor, day)) for day in _days() if grain != "month")
    nothing = (0, None, None, None)
    streams.append(("claude_skills", "claude", "estimate", "day", *nothing, SYNC, "empty", None))
    streams.append(("cursor_bugbot", "cursor", "activity", "day", *nothing, None, "not read", "Not read yet."))
    return streams, days


def _status(vendor: str, day: date) -> str:
    if vendor == "cursor" and day > date(2026, 11, 22):
        return "failed"
    if vendor == "openai" and day in (date(2026, 11, 8), date(2026, 11, 15)):
        return "missing" if day.day == 8 else "quiet"
    return "provisional" if day > date(2026, 11, 23) else "complete"


def _changes(costs: Rows) -> Iterator[tuple[Any, ...]]:
    for day, vendor, stream, _, currency, _, net in costs:
        if day > date(2026, 11, 21) and vendor in ("openai", "confluent", "github"):
            before = net * (Decimal("0.8") if day.day % 2 else Decimal("1.1"))
            before = None if day == LAST else before.quantize(Decimal("1e-12"))
            kind = "new" if before is None else "restated"
            yield stream, vendor, day, currency, before, net, net - (before or 0), SYNC, kind, True


def fill(url: str, content: Tables) -> None:
    """Make the models' tables anew in a database (its SQLAlchemy URL), with the columns that dbt gives them."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop schema if exists {SCHEMA} cascade")
        connection.exec_driver_sql(f"create schema {SCHEMA}")
        for name, rows in content.items():
            described = yaml.safe_load((ROOT / "dbt" / "models" / f"unified_usage__{name}.yml").read_text())
            columns = [f"{column['name']} {column['data_type']}" for column in described["models"][0]["columns"]]
            table = f"{SCHEMA}.unified_usage__{name}"
            connection.exec_driver_sql(f"create table {table} ({', '.join(columns)})")
            if rows:
                names = COLUMNS[name].replace(" ", ", ")
                values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
                connection.exec_driver_sql(f"insert into {table} ({names}) values {values}")
    engine.dispose()


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return "'" + str(value).replace("'", "''") + "'"
