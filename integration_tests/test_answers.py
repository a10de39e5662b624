"""The dbt models over what the source reads from the sandbox, held against the sandbox's ledgers."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests import dbt_project, postgres, raw_tables
from integration_tests.harness import NOW, Source, sandbox_config
from lake import page
from lake.target import target_of
from sandbox import Sandbox
from source_unified_usage.streams import all_streams, bills

sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="comes with PyAirbyte")

START = date(2026, 9, 16)
FAR_FROM_UTC = "America/Los_Angeles"  # of the session that builds the models
Sums = dict[tuple[str, date, str], Decimal]


class Database(NamedTuple):
    """`url` for SQLAlchemy; `settings`: of dbt's profile."""

    url: str
    target: str
    settings: dict[str, str]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = sqlalchemy.create_engine(self.url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sqlalchemy.text(query))]
        engine.dispose()
        return found

    def run(self, *statements: str) -> None:
        engine = sqlalchemy.create_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def build(self, folder: Path, *models: str) -> None:
        """All models, or these with what they need, and the tests that need no other."""
        chosen = [f"+unified_usage__{model}" for model in models]
        options = ("--select", *chosen, "--indirect-selection", "buildable") if chosen else ()
        dbt_project.run(folder, "build", "--target", self.target, *options, settings=self.settings)


def duckdb_at(path: Path) -> Database:
    """dbt runs in its folder."""
    return Database(f"duckdb:///{path}", "duckdb", {"UNIFIED_USAGE_DUCKDB": path.name, "TZ": FAR_FROM_UTC})


def postgres_at(port: int) -> Database:
    settings = {
        "UNIFIED_USAGE_PG_PORT": str(port),
        "UNIFIED_USAGE_PG_USER": postgres.USER,
        "UNIFIED_USAGE_PG_DATABASE": postgres.DATABASE,
        "PGOPTIONS": f"-c timezone={FAR_FROM_UTC}",
    }
    return Database(f"postgresql://{postgres.USER}@localhost:{port}/{postgres.DATABASE}", "postgres", settings)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, list[Any]], Sums]:
    """All records of a sync of all vendors, and what the ledgers say of the bills."""
    with Sandbox(days=10, now=NOW, people=6) as sandbox:
        output = Source(sandbox, tmp_path_factory.mktemp("source")).read(
            sandbox_config(sandbox, start_date=START.isoformat())
        )
        assert output.code == 0, output.traces
        read = {stream: output.records[stream] for stream in output.statuses}
        billed: Sums = defaultdict(Decimal)
        for bill in bills(stream for stream in all_streams() if stream.name in read):
            ledger = sandbox.vendors[bill.vendor.name].ledger(START, sandbox.clock.today())
            for entry in ledger[bill.name]:
                for (kind, currency), amount in entry.charges.items():
                    if kind == "net":
                        billed[bill.vendor.name, date.fromisoformat(entry.start[:10]), currency] += amount
        return read, billed


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, synced: tuple[Any, Sums]
) -> Iterator[Database]:
    """The models over the records, built by a session that is far from UTC."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "duckdb":
        database = duckdb_at(folder / "lake.duckdb")
        raw_tables.write(database.url, synced[0], NOW)
        database.build(folder)
        yield database
        return
    with postgres.server() as port:
        database = postgres_at(port)
        raw_tables.write(database.url, synced[0], NOW)
        database.build(folder)
        yield database


def test_the_cost_of_every_day_is_what_the_ledgers_say(built: Database, synced: tuple[Any, Sums]) -> None:
    rows = built.rows(
        "select vendor, day, currency, sum(net) from usage_answers.unified_usage__cost_daily group by 1, 2, 3"
    )
    found = {(vendor, day, currency): net for vendor, day, currency, net in rows}
    assert found == {key: net for key, net in synced[1].items() if net or key in found}
    assert {currency for _, _, currency in found} == {"USD", "CU"}
    assert {vendor for vendor, _, _ in found} == {stream.vendor.name for stream in all_streams()}


def test_tokens_are_those_of_the_streams_that_count_them(built: Database, synced: tuple[Any, Sums]) -> None:
    counting = {stream.name for stream in all_streams() if stream.counts_tokens}
    expected: dict[str, int] = defaultdict(int)
    for stream, records in synced[0].items():
        if stream in counting:
            for record in records:
                expected[stream] += record.get("usage", {}).get("tokens", {}).get("total", 0)
    rows = built.rows("select stream, sum(total) from usage_answers.unified_usage__tokens_daily group by 1")
    assert {stream: int(total) for stream, total in rows} == {
        stream: total for stream, total in expected.items() if synced[0][stream]
    }
    classes = "input + cache_read + cache_write + output + unclassified"
    assert built.rows(f"select 1 from usage_answers.unified_usage__tokens_daily where {classes} <> total") == []


def test_the_page_shows_what_the_ledgers_say(built: Database, synced: tuple[Any, Sums], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    page.write(target_of(built.url.removeprefix("duckdb:///"), "usage"), path)
    cards = re.findall(r'<h3>(\w+).*?<p class="amount">\s*<data value="([^"]+)"', path.read_text(), re.DOTALL)
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for (_, day, currency), net in synced[1].items():
        if day >= NOW.date().replace(day=1):
            billed[currency] += net
    assert {currency: Decimal(value) for currency, value in cards} == billed


@pytest.fixture
def lake(tmp_path: Path) -> Database:
    return duckdb_at(tmp_path / "lake.duckdb")


def costs(*days: int) -> list[dict[str, Any]]:
    """Rows of a bill of a dollar, one for each of these days of September."""
    return [
        {
            "id": f"openai_costs/2026-09-{day:02}/a",
            "product": {"id": "openai_api"},
            "charges": [{"type": "net", "amount": 1, "currency": "USD"}],
            "start_date": f"2026-09-{day:02}T00:00:00Z",
            "end_date": f"2026-09-{day + 1:02}T00:00:00Z",
        }
        for day in days
    ]


def test_nothing_is_silently_missing(lake: Database, tmp_path: Path) -> None:
    """A day without rows, a stream without rows, one that was never written and one that failed all show."""
    raw_tables.write(lake.url, {"openai_costs": costs(1, 2, 4), "openai_usage_images": []}, NOW)
    table = "usage._lake_streams"
    lake.run(f"create table {table} (stream text, vendor text, synced_at timestamp, outcome text, reason text)")
    for stream, outcome, reason in [
        ("openai_costs", "ok", ""),
        ("openai_usage_images", "ok", ""),
        ("openai_usage_completions", "ok", ""),
        ("claude_cost", "failed", "Claude, stream claude_cost: the key was refused."),
        ("cursor_spend", "not_read", "Not read yet."),
    ]:
        vendor = stream.partition("_")[0]
        lake.run(f"insert into {table} values ('{stream}', '{vendor}', '2026-09-22 09:30', '{outcome}', '{reason}')")
    lake.build(tmp_path, "coverage", "coverage_daily")
    found = lake.rows("select stream, status, days_without_rows, reason from usage_answers.unified_usage__coverage")
    assert {stream: (status, days, reason) for stream, status, days, reason in found} == {
        "openai_costs": ("complete", 1, ""),
        "openai_usage_images": ("empty", None, ""),
        "openai_usage_completions": ("no table", None, ""),
        "claude_cost": ("failed", None, "Claude, stream claude_cost: the key was refused."),
        "cursor_spend": ("not read", None, "Not read yet."),
    }
    days = lake.rows("select day, status from usage_answers.unified_usage__coverage_daily order by day")
    assert days == [
        (date(2026, 9, 1), "provisional"),
        (date(2026, 9, 2), "provisional"),
        (date(2026, 9, 3), "missing"),
        (date(2026, 9, 4), "provisional"),
    ]


def test_a_day_that_was_lost_is_not_quiet(lake: Database, tmp_path: Path) -> None:
    """Though the state says that it was read. The other days of a row of several days are."""
    cycle = {**costs(10)[0], "id": "cursor_group_spend/2026-09-10", "end_date": "2026-09-13T00:00:00Z"}
    later = {**costs(13)[0], "id": "cursor_group_spend/2026-09-13"}
    raw_tables.write(lake.url, {"openai_costs": costs(1, 2, 4), "cursor_group_spend": [cycle, later]}, NOW)
    read = {"stream": {"stream_state": {"slices": [{"start": "2026-09-01T00:00:00Z", "end": "2026-09-05T00:00:00Z"}]}}}
    lake.run(
        "create table usage._airbyte_state (stream_name text, state_json text)",
        f"insert into usage._airbyte_state values ('openai_costs', '{json.dumps(read)}')",
    )
    statuses = []
    for _ in range(2):
        selected = ("--select", "+unified_usage__coverage_daily", "--exclude-resource-type", "test")
        dbt_project.run(tmp_path, "build", *selected, settings=lake.settings)
        days = "select day, status from usage_answers.unified_usage__coverage_daily where rows = 0 order by day"
        statuses.append({day.day: status for day, status in lake.rows(days)})
        lake.run("delete from usage.openai_costs where id = 'openai_costs/2026-09-02/a'")
    cycle_days = {11: "quiet", 12: "quiet"}
    assert statuses == [{3: "quiet", **cycle_days}, {2: "missing", 3: "quiet", **cycle_days}]


def test_the_newest_version_of_a_row_counts(lake: Database, tmp_path: Path) -> None:
    """A destination that appends keeps every version; another column type or a column less changes nothing."""
    for hour, amount in ((9, 1), (10, 7)):
        raw_tables.write(lake.url, {"openai_costs": costs(1, 2)}, datetime(2026, 9, 22, hour, tzinfo=timezone.utc))
        lake.run(
            f"""update usage.openai_costs set charges = '[{{"type":"net","amount":{amount},"currency":"USD"}}]'""",
            "create table if not exists usage.kept as from usage.openai_costs limit 0",
            "insert into usage.kept from usage.openai_costs",
        )
    lake.run(
        "drop table usage.openai_costs",
        "alter table usage.kept rename to openai_costs",
        "alter table usage.openai_costs drop column model",
        "set timezone = 'UTC'",
        "alter table usage.openai_costs alter start_date type timestamptz",
    )
    lake.build(tmp_path, "cost_daily")
    rows = lake.rows("select day, model, net from usage_answers.unified_usage__cost_daily order by day")
    assert rows == [(date(2026, 9, 1), None, 7), (date(2026, 9, 2), None, 7)]


def coverage(lake: Database, folder: Path, **variables: Any) -> dict[str, str]:
    """The status of each stream, with these variables."""
    selected = ("--target", lake.target, "--select", "+unified_usage__coverage", "--exclude-resource-type", "test")
    dbt_project.run(folder, "build", *selected, variables=variables, settings=lake.settings)
    return dict(lake.rows("select stream, status from usage_answers.unified_usage__coverage"))


def test_a_part_of_the_vendors(lake: Database, tmp_path: Path) -> None:
    """Of a vendor that was read only what was read; all of one that was not, and every stream that is named."""
    raw_tables.write(lake.url, {"openai_costs": costs(1), "cursor_spend": []}, NOW)
    scenario = {stream.name: "no table" for stream in all_streams() if stream.vendor.name == "scenario"}
    found = coverage(lake, tmp_path, vendors=["openai", "scenario"])
    assert found == {"openai_costs": "complete", **scenario}
    found = coverage(lake, tmp_path, streams=["openai_costs", "openai_usage_images"])
    assert found == {"openai_costs": "complete", "openai_usage_images": "no table"}


@pytest.mark.parametrize("kind", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def test_names_in_upper_case(kind: str, lake: Database, tmp_path: Path) -> None:
    """As warehouses have them that fold names so."""
    with nullcontext(0) if kind == "duckdb" else postgres.server() as port:
        database = postgres_at(port) if port else lake
        raw_tables.write(database.url, {"openai_costs": costs(1, 2), "cursor_spend": []}, NOW)
        engine = sqlalchemy.create_engine(database.url)
        columns = sqlalchemy.inspect(engine).get_columns("openai_costs", schema="usage")
        engine.dispose()
        folded = ", ".join(f'"{column["name"]}" as "{column["name"].upper()}"' for column in columns)
        database.run('create schema "RAW"')
        for table in ("openai_costs", "cursor_spend"):
            database.run(f'create table "RAW"."{table.upper()}" as select {folded} from usage.{table}')
        found = coverage(database, tmp_path, schema="raw")
        assert found == {"openai_costs": "complete", "cursor_spend": "empty"}
        rows = database.rows("select day, extracted_at from usage_answers.stg_unified_usage__records order by day")
        assert rows == [(date(2026, 9, day), NOW.replace(tzinfo=None)) for day in (1, 2)]
