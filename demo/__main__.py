"""`python -m demo`: sync the sandbox's vendors into a local DuckDB file as of two days ago, sync again as of now.

    python -m demo [VENDOR ...]

If vendors are named, it reads only these. Between the two, days have come and the vendors have corrected recent ones.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from rich.console import Console

from demo import finance
from demo.changes import show, snapshot
from sandbox import Sandbox
from source_unified_usage.streams import all_streams, bills
from source_unified_usage.vendors import VENDORS

EXAMPLE = Path("secrets.example") / "sandbox.json"
FOLDER = Path(".demo")
LAKE, PAGE, CONFIG, FINANCE = (FOLDER / name for name in ("lake.duckdb", "report.html", "config.json", "finance"))
SCHEMA = "usage"
DAYS = 7
LATER = 2  # days between the syncs
console = Console(width=None if sys.stdout.isatty() else 110)


def main(only: Sequence[str]) -> int:
    """The exit code: 1 when a sync failed. What it read is kept."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with Sandbox(now=datetime.now(timezone.utc) - timedelta(days=LATER), ticking=True) as sandbox:
        vendors = only or [*sandbox.vendors]
        start = sandbox.clock.today() - timedelta(days=DAYS)
        console.rule("[bold]source-unified-usage demo")
        console.print(f"A sandbox simulates {', '.join(sandbox.vendors)} on http://localhost:{sandbox.port}.")
        console.print(f"The first sync is as of two days ago: it begins on {sandbox.clock.today()}.\n", highlight=False)
        _write_config(sandbox, vendors, start)
        finance.write(FINANCE, sandbox, vendors, start)
        first = _sync("demo.earlier", str(LATER))
        before = snapshot(LAKE, SCHEMA)
        if not before:
            return first
        sandbox.clock.advance(days=LATER)
        console.rule("[bold]two days later")
        console.print("There are two more days. The vendors have corrected recent ones and delivered late rows.")
        console.print(f"{FINANCE} has teams and budgets, and what the vendors would invoice now.\n", highlight=False)
        finance.write(FINANCE, sandbox, vendors, start)
        second = _sync("lake")
    show(console, before, snapshot(LAKE, SCHEMA))
    _suggest(before)
    return first or second


def _arguments() -> Sequence[str]:
    """The vendors that are named."""
    parser = argparse.ArgumentParser("python -m demo", description="Sync the sandbox twice and show what changed.")
    parser.add_argument("vendors", nargs="*", metavar="VENDOR", type=_vendor, help="read only these")
    vendors: list[str] = parser.parse_args().vendors
    return vendors


def _vendor(name: str) -> str:
    names = [vendor.name for vendor in VENDORS]
    if name not in names:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
    return name


def _write_config(sandbox: Sandbox, vendors: Sequence[str], start: date) -> None:
    """The example for these vendors at this sandbox's port, starting some days ago."""
    example = json.loads(EXAMPLE.read_text(encoding="utf-8").replace(":8800/", f":{sandbox.port}/"))
    config = {name: example[name] for name in vendors}
    config["start_date"] = f"{start}"
    CONFIG.write_text(json.dumps(config, indent=2), encoding="utf-8")


def _sync(*module: str) -> int:
    """What `make sync` runs, or that as of some days ago. Its exit code."""
    command = [sys.executable, "-m", *module, "sync", "--config", str(CONFIG), "--into", str(LAKE)]
    command += ["--finance", str(FINANCE), "--page", str(PAGE)]
    # the sandbox is on this machine, past any proxy
    direct = {
        name: ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"])) for name in ("no_proxy", "NO_PROXY")
    }
    return subprocess.run(command, env={**os.environ, **direct}, check=False).returncode


def _suggest(held: Collection[str]) -> None:
    """Print the path of the page and a command that queries the file."""
    console.print(f"\nOpen [bold]{PAGE}[/] in a browser, or try a command:", highlight=False)
    stream = next(stream.name for stream in bills(all_streams()) if stream.name in held)
    line = (
        f"import duckdb; connection = duckdb.connect('{LAKE}', read_only=True); "
        f"print(connection.sql('select start_date, product, charges from {SCHEMA}.{stream} limit 5'))"
    )
    console.print(f'  .venv/bin/python -c "{line}"', soft_wrap=True, markup=False, highlight=False)


if __name__ == "__main__":
    try:
        sys.exit(main(_arguments()))
    except KeyboardInterrupt:
        sys.exit(130)
