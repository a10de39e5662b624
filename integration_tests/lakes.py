"""A database that `python -m lake sync` fills, and what it must hold then: what the sandbox knows."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests import fork_server, frozen_source, postgres
from integration_tests.harness import expected_id, sums
from sandbox import Sandbox

SCHEMA = "usage"


class Row(NamedTuple):
    """What is compared of a record."""

    start: datetime
    charges: dict[tuple[str, str], Decimal]


Table = dict[str, Row]


@dataclass
class Lake:
    """`into`: the database as the command line names it. `url`: as SQLAlchemy does."""

    folder: Path
    into: str
    url: str
    digits: int  # significant ones that PyAirbyte keeps of a number
    variables: dict[str, str] = field(default_factory=dict)

    def started(
        self, sandbox: Sandbox, config: Mapping[str, Any], *options: str, until: str = "rows"
    ) -> "subprocess.Popen[str]":
        """A sync at the sandbox's time, up to the rows or up to the models."""
        place = self.folder / "config.json"
        place.write_text(json.dumps(config))
        now, url = sandbox.clock.now().isoformat(), f"http://localhost:{sandbox.port}"
        source = [*fork_server.command(frozen_source.__name__, self.folder), now, url]
        lake = fork_server.command("integration_tests.frozen_lake", self.folder)
        return subprocess.Popen(
            [*lake, json.dumps(source), until, "sync", "--config", str(place), "--into", self.into, *options],
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.folder), **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sync(self, sandbox: Sandbox, config: Mapping[str, Any], *options: str, until: str = "rows") -> tuple[int, str]:
        """The exit code and stdout. Nothing is on stderr, and no key anywhere."""
        process = self.started(sandbox, config, *options, until=until)
        said, errors = process.communicate(timeout=900)
        assert errors == "", errors[-3000:]
        assert "Traceback" not in said
        assert not [key for key in keys(config) if key in said]
        return process.returncode, said

    def tables(self) -> dict[str, Table]:
        """Every stream's table by id. No id is twice in a table."""
        with self.connected() as (connection, inspector):
            names = [name for name in inspector.get_table_names(schema=SCHEMA) if not name.startswith("_")]
            return {name: self._table(connection, name) for name in names}

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """What `_lake_streams` says of each stream: the outcome and why."""
        with self.connected() as (connection, _):
            rows = connection.exec_driver_sql(f"select stream, outcome, reason from {SCHEMA}._lake_streams").fetchall()
        assert len({stream for stream, _, _ in rows}) == len(rows)
        return {stream: (outcome, reason or "") for stream, outcome, reason in rows}

    @contextmanager
    def connected(self) -> Iterator[tuple[Any, Any]]:
        """A connection and an inspector of SQLAlchemy."""
        sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="comes with PyAirbyte")
        engine = sqlalchemy.create_engine(self.url)
        with engine.connect() as connection:
            yield connection, sqlalchemy.inspect(engine)
        engine.dispose()

    def _table(self, connection: Any, name: str) -> Table:
        query = f"select id, start_date, cast(charges as text) from {SCHEMA}.{name}"
        rows = connection.exec_driver_sql(query).fetchall()
        found = {id: Row(start.replace(tzinfo=None), self._sums(charges)) for id, start, charges in rows}
        assert len(found) == len(rows), f"{name}: an id is there twice"
        return found

    def _sums(self, charges: str | None) -> dict[tuple[str, str], Decimal]:
        """What is absent is NULL in DuckDB and a JSON null in PostgreSQL."""
        lines = json.loads(charges or "null", parse_float=lambda text: float(f"{float(text):.{self.digits}g}"))
        return sums([{"charges": lines or []}])


@contextmanager
def a_lake(kind: str, folder: Path) -> Iterator[Lake]:
    """`duckdb` or `postgres`: an empty database in a folder, or of a server of its own with a password."""
    if kind == "duckdb":
        path = folder / "lake.duckdb"
        yield Lake(folder, str(path), f"duckdb:///{path}", 17)
        return
    password = "p@ss/word:1"
    with postgres.server(password) as port:
        place = f"localhost:{port}/{postgres.DATABASE}"
        # on this way PyAirbyte reads its files with pandas, which errs in the last bit of a number
        yield Lake(
            folder,
            f"postgresql://{postgres.USER}@{place}",
            f"postgresql://{postgres.USER}:p%40ss%2Fword%3A1@{place}",
            15,
            {"PGPASSWORD": password},
        )


def keys(config: Mapping[str, Any]) -> list[str]:
    """The credentials of a configuration."""
    return re.findall(r'"\w*(?:key|secret|token)": "(\w[^"]+)"', json.dumps(config))


def truth(sandbox: Sandbox, start: date, streams: Iterable[str] = ()) -> dict[str, Table]:
    """What a faultless reader has now of these streams, or of every stream with money."""
    ledgers = [vendor.ledger(start, sandbox.clock.today()) for vendor in sandbox.vendors.values()]
    wanted = set(streams)
    return {
        stream: {
            expected_id(stream, entry.key): Row(datetime.fromisoformat(entry.start.rstrip("Z")), entry.charges)
            for entry in entries
        }
        for ledger in ledgers
        for stream, entries in ledger.items()
        if (stream in wanted if wanted else any(entry.charges for entry in entries))
    }


def assert_whole(tables: Mapping[str, Table], expected: Mapping[str, Table]) -> None:
    """The tables hold these rows, once, and no others."""
    assert tables.keys() == expected.keys()
    for stream, rows in expected.items():
        held = tables[stream]
        assert sorted(rows.keys() - held.keys())[:5] == [], f"{stream}: missing"
        assert sorted(held.keys() - rows.keys())[:5] == [], f"{stream}: invented"
        assert [(id, row, rows[id]) for id, row in held.items() if row != rows[id]][:5] == [], stream
