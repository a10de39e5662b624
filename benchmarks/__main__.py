"""`python -m benchmarks`: run every contender on the same server and pages, print the table, write RESULTS.md."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import memory as sizes
from benchmarks import one_slow

HERE = Path(__file__).parent
WORK = Path(".benchmarks").absolute()
PEERS = {"singer-sdk": "0.54.9", "dlt": "1.31.0"}
FIRST_DAY = "2026-06-01"
PER_DAY = 20_000
ROUNDS = 5


@dataclass(frozen=True)
class Measure:
    """One whole process: seconds of wall and CPU time, peak resident memory in MB."""

    wall: float
    cpu: float
    memory: float


def measure(command: Sequence[str | Path], out: Path) -> Measure:
    """Run it, its output into a file. Raises when it fails."""
    with out.open("wb") as sink, (WORK / "stderr.txt").open("wb") as errors:
        began = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=sink, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{command[0]} failed: {(WORK / 'stderr.txt').read_text()[-2000:]}")
    return Measure(wall, used.ru_utime + used.ru_stime, sizes.peak(used))


def typical(commands: Mapping[str, Callable[[], Sequence[str | Path]]]) -> dict[str, Measure]:
    """By name, the median of some rounds, figure by figure. All take turns, as a machine's speed changes in minutes."""
    found: dict[str, list[Measure]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            found[name].append(measure(command(), WORK / "out.jsonl"))
            print(f"  {name}: {found[name][-1].wall:.2f} s", flush=True)
    return {
        name: Measure(*(median(getattr(r, figure) for r in rounds) for figure in ("wall", "cpu", "memory")))
        for name, rounds in found.items()
    }


def environment(package: str) -> Path:
    """The Python of a venv with one peer in it, made at its first use."""
    place = WORK / package
    python = place / "bin" / "python"
    if not python.exists():
        print(f"installing {package} {PEERS[package]} ...", flush=True)
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", f"{package}=={PEERS[package]}"], check=True)
    return python


class Job:
    """Reading `days` days of events from one address, in every contender's way."""

    def __init__(self, url: str, days: int) -> None:
        self.url, self.days = url, days
        self._files = Path(tempfile.mkdtemp(dir=WORK))

    def bare(self) -> list[str | Path]:
        return [sys.executable, HERE / "contenders/bare.py", self.url, FIRST_DAY, str(self.days)]

    def ours(self, *vendors_at: str) -> list[str | Path]:
        """This source; `vendors_at` replaces the address."""
        url = vendors_at[0] if vendors_at else self.url
        cursor = {"api_key": "crsr_benchmark_key", "base_url": url}
        config = {"start_date": FIRST_DAY, "end_date": self._last_day(), "cursor": cursor}
        streams = [self._stream("cursor_usage_events")]
        catalog = self._file("catalog", {"streams": streams})
        files: list[str | Path] = ["--config", self._file("ours", config), "--catalog", catalog]
        return [sys.executable, "-m", "benchmarks.unlimited_source", "read", *files]

    def declarative(self) -> list[str | Path]:
        config = {"start_date": FIRST_DAY, "end_date": self._end_day(), "base_url": self.url}
        stream = self._stream("usage_events", cursor="timestamp", key="timestamp")
        arguments: list[str | Path] = [
            "--config",
            self._file("declarative", config),
            "--manifest-path",
            HERE / "contenders/manifest.yaml",
        ]
        catalog = self._file("declarative_catalog", {"streams": [stream]})
        command = Path(sys.executable).parent / "source-declarative-manifest"
        return [command, "read", *arguments, "--catalog", catalog]

    def singer(self) -> list[str | Path]:
        python = environment("singer-sdk")
        return [python, HERE / "contenders/singer_tap.py", self.url, FIRST_DAY, str(self.days)]

    def dlt(self) -> list[str | Path]:
        folder = self._files / "dlt"
        return [environment("dlt"), HERE / "contenders/dlt_source.py", self.url, FIRST_DAY, str(self.days), folder]

    def _last_day(self) -> str:
        return self._day(self.days - 1)

    def _end_day(self) -> str:
        return self._day(self.days)

    def _day(self, offset: int) -> str:
        return str(date.fromisoformat(FIRST_DAY) + timedelta(days=offset))

    def _file(self, name: str, content: Any) -> Path:
        path = self._files / f"{name}.json"
        path.write_text(json.dumps(content))
        return path

    def _stream(self, name: str, cursor: str = "start_date", key: str = "id") -> dict[str, Any]:
        stream = {
            "name": name,
            "json_schema": {},
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_cursor": True,
            "default_cursor_field": [cursor],
            "source_defined_primary_key": [[key]],
        }
        return {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}


def events(url: str) -> str:
    """200,000 events by every contender."""
    job = Job(url, 200_000 // PER_DAY)
    measure(job.bare(), WORK / "out.jsonl")  # the server has made every page before anything is measured
    contenders: dict[str, Callable[[], Sequence[str | Path]]] = {
        "bare requests + orjson loop, no mapping (the floor)": job.bare,
        "**source-unified-usage**, mapped, with remote_data": job.ours,
        "declarative manifest (source-declarative-manifest), no mapping": job.declarative,
        "singer-sdk tap, no mapping": job.singer,
        "dlt rest_api source, extract alone, no mapping": job.dlt,
    }
    found = typical(contenders)
    floor = found[next(iter(found))]
    lines = [
        "| contender | wall s | CPU s | events/s | times the floor | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, m in found.items():
        rate = 200_000 / m.wall
        lines.append(
            f"| {name} | {m.wall:.2f} | {m.cpu:.2f} | {rate:,.0f} | {m.wall / floor.wall:.1f} | {m.memory:.0f} |"
        )
    return "\n".join(lines)


def memory(url: str) -> str:
    """This source on 100,000 and 1,000,000 events."""
    lines = ["| events | wall s | peak MB |", "|---:|---:|---:|"]
    for count in (100_000, 1_000_000):
        m = measure(Job(url, count // PER_DAY).ours(), WORK / "out.jsonl")
        lines.append(f"| {count:,} | {m.wall:.2f} | {m.memory:.0f} |")
        print(f"  {count:,} events: {m.memory:.0f} MB", flush=True)
    return "\n".join(lines)


def startup() -> str:
    """spec and discover, compared with only importing the CDK's source classes."""
    config = Job("http://localhost:1", 1)
    imports = (
        "import airbyte_cdk.sources, airbyte_cdk.entrypoint, airbyte_cdk.sources.concurrent_source.concurrent_source"
    )
    source = Path(sys.executable).parent / "source-unified-usage"
    file = config.ours()[5]
    commands: dict[str, Callable[[], Sequence[str | Path]]] = {
        "import of the CDK's source classes": lambda: [sys.executable, "-c", imports],
        "`spec`": lambda: [source, "spec"],
        "`discover`": lambda: [source, "discover", "--config", file],
    }
    lines = ["| process | wall s |", "|---|---:|"]
    lines += [f"| {name} | {found.wall:.2f} |" for name, found in typical(commands).items()]
    return "\n".join(lines)


def main() -> None:
    WORK.mkdir(exist_ok=True)
    with sizes.serving("benchmarks.server", str(PER_DAY)) as url:
        print("200,000 events", flush=True)
        speed = events(url)
        print("memory", flush=True)
        peaks = memory(url)
    print("memory against the size of the window", flush=True)
    windows = sizes.table()
    print("one slowed vendor", flush=True)
    slowed = one_slow.table(lambda command: measure(command, WORK / "out.jsonl").wall)
    start = startup()
    text = "\n\n".join(
        [
            "# Benchmark results",
            "Made by `make bench`: one loopback server that answers with ready pages of 1,000 Cursor usage events, "
            f"every contender as a process of its own, all taking turns, median of {ROUNDS} rounds, in one session.",
            f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; airbyte-cdk "
            f"{version('airbyte-cdk')}, " + ", ".join(f"{name} {number}" for name, number in PEERS.items()) + ".",
            "## 200,000 events",
            speed,
            "## Memory",
            peaks,
            "## Memory against the size of the window",
            sizes.ABOUT,
            windows,
            "## Six vendors, one of them slowed",
            f"{one_slow.DAYS} days of all streams from the sandbox, which sends every answer of {one_slow.SLOW} in "
            "pieces. The sandbox and the source share the machine.",
            slowed,
            "## Start-up",
            start,
        ]
    )
    (HERE / "RESULTS.md").write_text(text + "\n")
    print("\n" + text)


if __name__ == "__main__":
    main()
