"""A lake that holds what the page must be able to show: the models' tables, made up, in DuckDB or PostgreSQL."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy

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
Rows = list[tuple[Any, ...]]
Tables = dict[str, tuple[str, Rows]]


def tables() -> Tables:
    """Name, columns with types, rows. Three months of seven vendors, of which Cursor has failed lately."""
    chance = random.Random(20261127)
    costs = list(_costs(chance))
    return {
        "unified_usage__cost_daily": (
            "day date, vendor text, stream text, grain text, currency text, user_key text, net numeric(38, 12)",
            costs,
        ),
        "unified_usage__tokens_daily": (
            "day date, vendor text, model text, model_family text, input bigint, cache_read bigint, "
            "cache_write bigint, output bigint, total bigint, requests bigint",
            list(_tokens(chance)),
        ),
        **_people(costs),
        **_teams(costs),
        **_coverage(),
        "unified_usage__changes": (
            "stream text, vendor text, day date, currency text, net_before numeric(38, 12), net_now numeric(38, 12), "
            "difference numeric(38, 12), seen_at timestamp, kind text, is_of_last_sync boolean",
            list(_changes(costs)),
        ),
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
            parts = [chance.randrange(daily), chance.randrange(3 * daily), chance.randrange(daily), daily // 9]
            yield (day, vendor, model, model.split("-")[0], *parts, sum(parts), chance.randrange(2000))


def _people(costs: Sequence[tuple[Any, ...]]) -> Tables:
    spent: dict[tuple[Any, ...], list[Decimal]] = {}
    for day, vendor, _, _, currency, person, net in costs:
        for who in (vendor, "all"):
            sums = spent.setdefault((person or "unattributed", who, currency), [Decimal(0)] * 3)
            sums[2] += net
            if day.month >= LAST.month - 1:
                sums[LAST.month - day.month] += net
    columns = (
        "user_key text, user_name text, user_email text, vendor text, currency text, month_to_date numeric(38, 12), "
        "last_month numeric(38, 12), lifetime numeric(38, 12), attribution text, last_active_day date, "
        "active_days_30 bigint"
    )
    rows = [
        (person, None, None, vendor, currency, *sums, "billed", LAST, 12)
        for (person, vendor, currency), sums in spent.items()
    ]
    rows.append(("ada.1@acme.example", "Ada", None, "openai", "USD", *[Decimal("12.5")] * 3, "estimate", LAST, 3))
    return {"unified_usage__user_summary": (columns, rows)}


def _teams(costs: Sequence[tuple[Any, ...]]) -> Tables:
    spent: dict[tuple[Any, ...], Decimal] = {}
    for number, (day, vendor, _, _, currency, _, net) in enumerate(costs):
        for team in (TEAMS[number % len(TEAMS)], None):
            key = (day.replace(day=1), team, vendor if team else None, currency)
            spent[key] = spent.get(key, Decimal(0)) + net
    month = LAST.replace(day=1)
    by_team = [(*key, net) for key, net in spent.items() if key[1]]
    budgets = [
        (month, "Platform", None, "USD", Decimal(9000)),
        (month, None, "confluent", "USD", Decimal(4000)),
        (month, None, None, "USD", Decimal(20000)),
    ]
    variance = [
        (*key, budget, used, used / budget, used * 30 / 26)
        for *key, budget in budgets
        for used in [sum((row[4] for row in by_team if _within(row, key)), Decimal(0))]
    ]
    return {
        "unified_usage__team_cost_monthly": (
            "month date, team text, vendor text, currency text, net numeric(38, 12)",
            by_team,
        ),
        "unified_usage__budget_variance": (
            "month date, team text, vendor text, currency text, budget numeric(38, 12), spent numeric(38, 12), "
            "share numeric(38, 12), run_rate numeric(38, 12)",
            variance,
        ),
    }


def _within(row: Sequence[Any], key: Sequence[Any]) -> bool:
    return all(wanted is None or wanted == value for wanted, value in zip(key, row, strict=False))


def _coverage() -> Tables:
    columns = (
        "stream text, vendor text, role text, grain text, rows bigint, first_day date, last_day date, "
        "days_without_rows bigint, newest_row_at timestamp, newest_sync_at timestamp, status text, reason text"
    )
    streams: Rows = []
    days: Rows = []
    for stream, (vendor, grain, _, _) in BILLS.items():
        failed = vendor == "cursor"
        streams.append(
            (stream, vendor, "bill", grain, 500, FIRST, date(2026, 11, 22) if failed else LAST, int(vendor == "openai"),
             SYNC, SYNC, "failed" if failed else "complete", DOWN if failed else None)
        )  # fmt: skip
        days.extend((stream, vendor, "bill", day, 7, _status(vendor, day)) for day in _days() if grain != "month")
    for stream, vendor in (("openai_usage_completions", "openai"), ("claude_api_usage", "claude")):
        streams.append((stream, vendor, "activity", "day", 900, FIRST, LAST, 0, SYNC, SYNC, "complete", None))
        days.extend((stream, vendor, "activity", day, 9, _status(vendor, day)) for day in _days())
    streams.append(("claude_skills", "claude", "estimate", "day", 0, None, None, None, None, SYNC, "empty", None))
    return {
        "unified_usage__coverage": (columns, streams),
        "unified_usage__coverage_daily": (
            "stream text, vendor text, role text, day date, rows bigint, status text",
            days,
        ),
    }


def _status(vendor: str, day: date) -> str:
    if vendor == "cursor" and day > date(2026, 11, 22):
        return "failed"
    if vendor == "openai" and day in (date(2026, 11, 8), date(2026, 11, 15)):
        return "missing" if day.day == 8 else "quiet"
    return "provisional" if day > date(2026, 11, 23) else "complete"


def _changes(costs: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for day, vendor, stream, _, currency, _, net in costs:
        if day > date(2026, 11, 21) and vendor in ("openai", "confluent", "github"):
            before = net * (Decimal("0.8") if day.day % 2 else Decimal("1.1"))
            before = None if day == LAST else before.quantize(Decimal("1e-12"))
            kind = "new" if before is None else "restated"
            yield stream, vendor, day, currency, before, net, net - (before or 0), SYNC, kind, True


def fill(engine: sqlalchemy.Engine, content: Mapping[str, tuple[str, Rows]]) -> None:
    """Make the tables anew."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop schema if exists {SCHEMA} cascade")
        connection.exec_driver_sql(f"create schema {SCHEMA}")
        for name, (columns, rows) in content.items():
            connection.exec_driver_sql(f"create table {SCHEMA}.{name} ({columns})")
            if rows:
                values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
                connection.exec_driver_sql(f"insert into {SCHEMA}.{name} values {values}")


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return "'" + str(value).replace("'", "''") + "'"
