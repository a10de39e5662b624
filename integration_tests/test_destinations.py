"""Into real databases through PyAirbyte: all vendors, again after the vendors corrected figures, and with one failing.

Whatever happens, what a table holds is what the sandbox knows: every row once, its id, its time and its charges.
Streams without charges are left to the tests of the vendors. By default the tables are those of the bills; the slow
tests also read all streams with money, and into a second database.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests import postgres
from integration_tests.harness import NOW, ROOT, expected_id, sandbox_config, sums
from sandbox import Fault, Sandbox
from source_unified_usage.streams import all_streams, bills

pytest.importorskip("airbyte", reason="PyAirbyte needs Python 3.10 to 3.12")
sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="comes with PyAirbyte")

START = date(2026, 9, 17)
SCHEMA = "usage"
# Datadog's bill is by the month: no row of it is new two days later
BILLS = (*(bill.name for bill in bills(all_streams())), "datadog_daily_cost")
FAILING = ("confluent_costs",)
HEALTHY = ("claude_cost", "cursor_usage_events", "github_billing_usage")

# PyAirbyte in a process of its own: it reads its settings when it is imported and redirects the output
_JOB = """
import json, sys
from pathlib import Path
import airbyte as ab
from airbyte import caches
from airbyte.exceptions import PyAirbyteError
command, config, cache, together, outcomes_file = map(json.loads, sys.argv[1:])
source = ab.get_source("source-unified-usage", local_executable=Path(command), config=config)
outcomes = []
for streams in together:
    try:
        source.read(cache=getattr(caches, cache["class"])(**cache["options"]), streams=streams)
        outcomes.append("")
    except PyAirbyteError as error:
        outcomes.append(str(error))
Path(outcomes_file).write_text(json.dumps(outcomes))
"""


class Row(NamedTuple):
    """What is compared of a record."""

    start: datetime
    charges: dict[tuple[str, str], Decimal]


Table = dict[str, Row]


@dataclass
class Lake:
    """A database: its cache for PyAirbyte and its URL for SQLAlchemy."""

    folder: Path
    cache: dict[str, Any]
    url: str
    digits: int  # significant ones that PyAirbyte keeps of a number
    said: str = field(default="", init=False)  # by the last sync

    def sync(self, sandbox: Sandbox, config: Mapping[str, Any], *together: Iterable[str]) -> list[str]:
        """Read streams at the sandbox's time, each group in one read; why each failed, or nothing."""
        command = self.folder / "bin" / "source-unified-usage"
        command.parent.mkdir(exist_ok=True)
        now, url = sandbox.clock.now().isoformat(), f"http://localhost:{sandbox.port}"
        command.write_text(
            f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m integration_tests.frozen_source {now} {url} "$@"\n'
        )
        command.chmod(0o755)
        outcomes_file = self.folder / "outcomes.json"
        arguments = [str(command), config, self.cache, [list(streams) for streams in together], str(outcomes_file)]
        places = ("AIRBYTE_PROJECT_DIR", "AIRBYTE_CACHE_ROOT", "AIRBYTE_LOGGING_ROOT", "AIRBYTE_TEMP_DIR")
        quiet = {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "NO_LIVE_PROGRESS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", _JOB, *map(json.dumps, arguments)],
            cwd=self.folder,
            env={**os.environ, **dict.fromkeys(places, str(self.folder)), **quiet},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.said = done.stdout + done.stderr
        assert done.returncode == 0, self.said[-3000:]
        outcomes: list[str] = json.loads(outcomes_file.read_text())
        return outcomes

    def tables(self) -> dict[str, Table]:
        """Every stream's table by id. No id is twice in a table."""
        engine = sqlalchemy.create_engine(self.url)
        found: dict[str, Table] = {}
        with engine.connect() as connection:
            for name in sqlalchemy.inspect(engine).get_table_names(schema=SCHEMA):
                if name.startswith("_"):  # PyAirbyte's own
                    continue
                query = f"select id, start_date, cast(charges as text) from {SCHEMA}.{name}"
                rows = connection.execute(sqlalchemy.text(query)).fetchall()
                found[name] = {id: Row(start.replace(tzinfo=None), self._sums(charges)) for id, start, charges in rows}
                assert len(found[name]) == len(rows), f"{name}: an id is there twice"
        engine.dispose()
        return found

    def _sums(self, charges: str | None) -> dict[tuple[str, str], Decimal]:
        """What is absent is NULL in DuckDB and a JSON null in PostgreSQL."""
        lines = json.loads(charges or "null", parse_float=lambda text: float(f"{float(text):.{self.digits}g}"))
        return sums([{"charges": lines or []}])


@pytest.fixture(params=["DuckDBCache", pytest.param("PostgresCache", marks=pytest.mark.slow)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    cache = {"class": request.param, "options": {"schema_name": SCHEMA}}
    if request.param == "DuckDBCache":
        path = str(tmp_path / "lake.duckdb")
        cache["options"]["db_path"] = path
        yield Lake(tmp_path, cache, f"duckdb:///{path}", 17)
        return
    with postgres.server() as port:
        user, database = postgres.USER, postgres.DATABASE
        place = {"host": "localhost", "port": port, "username": user, "password": "any", "database": database}
        cache["options"].update(place)
        # on this way PyAirbyte reads its files with pandas, which errs in the last bit of a number
        yield Lake(tmp_path, cache, f"postgresql://{user}:any@localhost:{port}/{database}", 15)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(days=20, now=NOW, people=6) as running:
        yield running


def truth(sandbox: Sandbox, streams: Iterable[str] = ()) -> dict[str, Table]:
    """What a faultless reader of these streams has now; of every stream with money when none is named."""
    ledgers = [vendor.ledger(START, sandbox.clock.today()) for vendor in sandbox.vendors.values()]
    return {
        stream: {
            expected_id(stream, entry.key): Row(datetime.fromisoformat(entry.start.rstrip("Z")), entry.charges)
            for entry in entries
        }
        for ledger in ledgers
        for stream, entries in ledger.items()
        if (stream in streams if streams else any(entry.charges for entry in entries))
    }


def assert_whole(tables: Mapping[str, Table], expected: Mapping[str, Table]) -> None:
    """The tables hold these rows, once, and no others."""
    assert tables.keys() == expected.keys()
    for stream, rows in expected.items():
        held = tables[stream]
        assert sorted(rows.keys() - held.keys())[:5] == [], f"{stream}: missing"
        assert sorted(held.keys() - rows.keys())[:5] == [], f"{stream}: invented"
        assert [(id, row, rows[id]) for id, row in held.items() if row != rows[id]][:5] == [], stream


def of(vendor: str, tables: Mapping[str, Table]) -> Table:
    """All rows of one vendor."""
    return {id: row for name, rows in tables.items() if name.startswith(f"{vendor}_") for id, row in rows.items()}


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    """With every stream of the ledgers."""
    return sandbox_config(sandbox, start_date=START.isoformat(), scenario={"include_user_model_usage": True})


@pytest.mark.parametrize("streams", [BILLS, pytest.param((), marks=pytest.mark.slow)], ids=["bills", "all"])
def test_a_second_sync_leaves_the_present_figures_once(
    sandbox: Sandbox, lake: Lake, config: dict[str, Any], streams: tuple[str, ...]
) -> None:
    assert lake.sync(sandbox, config, truth(sandbox, streams)) == [""]
    before = lake.tables()
    assert_whole(before, truth(sandbox, streams))
    sandbox.clock.advance(days=2)
    sandbox.requests.clear()
    assert lake.sync(sandbox, config, truth(sandbox, streams)) == [""]
    after = lake.tables()
    assert_whole(after, truth(sandbox, streams))
    # one request for each day: two new ones and two to read again, not all seven
    assert sandbox.requests["POST /cursor/teams/filtered-usage-events"] == 4
    for vendor in sandbox.vendors:
        old, new = of(vendor, before), of(vendor, after)
        assert old.keys() < new.keys(), vendor
        assert any(row != new[id] for id, row in old.items()), f"{vendor}: no figure was corrected"


def test_a_failing_vendor_is_named_and_the_others_are_whole(
    sandbox: Sandbox, lake: Lake, config: dict[str, Any]
) -> None:
    bad = Fault("/billing", status=401, body={"errors": [{"detail": "Bad key"}]}, times=None)
    sandbox.fault("confluent", bad)
    failed, read = lake.sync(sandbox, config, FAILING, HEALTHY)
    assert (failed != "", read) == (True, "")
    assert re.search(r"Confluent, stream confluent_costs, .+ 401 .+Bad key", lake.said)
    assert_whole(lake.tables(), truth(sandbox, HEALTHY))
