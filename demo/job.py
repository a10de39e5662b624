"""The job itself: one PyAirbyte read per vendor, because a read that fails commits none of its streams."""

import contextlib
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import airbyte as ab
import duckdb
from airbyte.caches import DuckDBCache
from airbyte.exceptions import PyAirbyteError
from rich.console import Console
from rich.markup import escape

from demo import report
from sandbox import Sandbox
from source_unified_usage.streams import all_streams, bills
from source_unified_usage.vendors import VENDORS

SCHEMA = "usage"
DAYS = 7
console = Console(width=None if sys.stdout.isatty() else 110)


def run(folder: Path, only: Iterable[str] = ()) -> int:
    """Two syncs of every vendor of the sandbox, or of those named, two days apart, and a report."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    path = folder / "lake.duckdb"
    path.unlink(missing_ok=True)
    with Sandbox() as sandbox:
        vendors = [name for name in sandbox.vendors if not only or name in only]
        console.rule("[bold]source-unified-usage demo")
        console.print(f"A sandbox simulates {', '.join(vendors)} on http://localhost:{sandbox.port}.")
        configs = {name: _config(sandbox, name) for name in vendors}
        failed = _all(configs, "check", lambda source: source.check())
        if failed.keys() == configs.keys():
            return _finish(failed)
        first = _sync(configs, path, failed, "first sync")
        if not path.exists():
            return _finish(failed | first)
        before = report.snapshot(path, SCHEMA)
        sandbox.clock.advance(days=2)
        console.print("\nTwo days later the vendors have corrected recent days and delivered late rows.")
        second = _sync(configs, path, failed, "second sync")
    report.show(console, path, SCHEMA, before)
    short = os.path.relpath(path)
    console.print(f"\nAll of it is in [bold]{short}[/]. A command to try:")
    stream = next(stream.name for stream in bills(all_streams()) if stream.vendor.name in vendors)
    line = (
        f"import duckdb; connection = duckdb.connect('{short}', read_only=True); "
        f"print(connection.sql('select start_date, product, charges from {SCHEMA}.{stream} limit 5'))"
    )
    console.print(f'  .venv/bin/python -c "{line}"', soft_wrap=True, markup=False, highlight=False)
    return _finish({**failed, **first, **second})


def _finish(failed: Mapping[str, str]) -> int:
    """Print why vendors failed. Returns the exit code."""
    for name, reason in failed.items():
        console.print(f"[red]{name} failed:[/]", escape(reason), "Its earlier rows are kept.")
    return 1 if failed else 0


def _config(sandbox: Sandbox, vendor: str) -> dict[str, Any]:
    """The configuration of one vendor from the example, starting some days ago."""
    text = Path("secrets.example/sandbox.json").read_text(encoding="utf-8").replace(":8800/", f":{sandbox.port}/")
    start = sandbox.clock.now() - timedelta(days=DAYS)
    return {"start_date": f"{start:%Y-%m-%d}", vendor: json.loads(text)[vendor]}


def _source(config: Mapping[str, Any]) -> ab.Source:
    executable = Path(sys.executable).parent / "source-unified-usage"
    return ab.get_source(
        "source-unified-usage", local_executable=executable, config=dict(config), streams="*", install_if_missing=False
    )


def _sync(configs: Mapping[str, Any], path: Path, failed: Mapping[str, str], title: str) -> dict[str, str]:
    healthy = {name: config for name, config in configs.items() if name not in failed}

    def read(source: ab.Source) -> None:
        cache = DuckDBCache(db_path=path, schema_name=SCHEMA)
        source.read(cache=cache)
        cache.get_sql_engine().dispose()  # or the report could not open the file

    return _all(healthy, title, read)


def _all(configs: Mapping[str, Any], title: str, work: Callable[[ab.Source], None]) -> dict[str, str]:
    """Do the work for each vendor. Returns why it failed, by vendor."""
    failed = {}
    for vendor, config in configs.items():
        began = time.monotonic()
        outcome = "[green]ok"
        with console.status(f"{title}: {vendor} ..."), _quiet() as said:
            try:
                work(_source(config))
            except PyAirbyteError as error:
                failed[vendor] = _reason(error, said)
                outcome = "[red]failed"
        console.print(f"{title}: {vendor:<10} {outcome}[/] in {time.monotonic() - began:.1f} s")
    return failed


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Capture what PyAirbyte prints for every record; the demo prints its own progress."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said


def _reason(error: PyAirbyteError, said: io.StringIO) -> str:
    """The source's own sentence, if PyAirbyte passed it on; otherwise PyAirbyte's."""
    refusal = (error.context or {}).get("failure_reason", "")
    text = f"{refusal}\n{error.get_message()} {error.log_text or ''} {said.getvalue()}"
    titles = [vendor.title for vendor in VENDORS]
    sentences = [line for line in text.splitlines() if any(f"{title}, " in line for title in titles)]
    return sentences[0].strip() if sentences else error.get_message()


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(path), read_only=True)
