"""`python -m benchmarks`: run every contender on the same server and pages, print the tables, write RESULTS.md."""

import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks import memory as sizes
from benchmarks import one_slow
from benchmarks.jobs import PEERS, Job
from benchmarks.measuring import ROUNDS, WORK, Command, Measure, measure, typical
from scripts import comparison
from scripts.marked import between
from source_unified_usage.vendors import VENDORS

EVENTS = 200_000
PER_DAY = 20_000
OURS = "**source-unified-usage**"
CLAIMS = """\
What the figures mean:

- The rate limits of this source are off. With them every sync of this stream would take as long as Cursor's limit of 60
  requests a minute wants, and so would every other contender that keeps it.
- This source maps every event to the unified record, checks it against the schema, and checks that no two records of a
  window share an id. In "mapped" the others run `contenders/unified.py` for every event, which writes the same records
  and checks nothing. In "as they come" they write the vendor's rows.
- The bare loop is a floor: no state, no retries, no log.
- dlt extracts only: it neither normalises nor loads. It compresses its files unless told otherwise."""


def contenders(job: Job, *options: str) -> dict[str, Callable[[], Command]]:
    """Every contender by its name."""
    return {
        "bare requests + orjson loop": partial(job.bare, *options),
        "declarative manifest (source-declarative-manifest)": partial(job.declarative, *options),
        "singer-sdk tap": partial(job.singer, *options),
        "singer-sdk tap, msgspec writer": partial(job.singer, "msgspec", *options),
        "dlt rest_api source": partial(job.dlt, *options),
        "dlt rest_api source, files not compressed": partial(job.dlt, "plain", *options),
        "dlt, own resource with requests + orjson, files not compressed": partial(job.dlt, "own", "plain", *options),
    }


def events(url: str) -> str:
    """All contenders, each with the rows as they come and mapped; this source always maps."""
    job = Job(url, EVENTS // PER_DAY)
    measure(job.bare())  # the server has made every page before anything is measured
    mapped = {f"{name}, mapped": command for name, command in contenders(job, "unified").items()}
    found = typical({**contenders(job), OURS: job.ours, **mapped})
    floor = next(iter(found.values()))
    raw = {name: m for name, m in found.items() if name not in mapped and name != OURS}
    same = {name: m for name, m in found.items() if name in mapped}
    ours = found[OURS]
    return "\n\n".join(
        [
            "### The same work: mapped to the unified record",
            _table({OURS: ours, **same}, floor),
            _ahead(same, ours),
            "### The rows as they come, and this source, which maps them",
            _table({OURS: ours, **raw}, floor),
            _ahead(raw, ours),
        ]
    )


def _table(found: dict[str, Measure], floor: Measure) -> str:
    lines = ["| contender | wall s | CPU s | events/s | times the floor | peak MB |", "|---|---:|---:|---:|---:|---:|"]
    for name, m in found.items():
        rate, times = EVENTS / m.wall, m.wall / floor.wall
        lines.append(f"| {name} | {m.wall:.2f} | {m.cpu:.2f} | {rate:,.0f} | {times:.1f} | {m.memory:.0f} |")
    return "\n".join(lines)


def _ahead(others: dict[str, Measure], ours: Measure) -> str:
    """Where another contender is better than this source."""
    lines = []
    for what, figure in (("faster", "wall"), ("with less CPU time", "cpu"), ("with less memory", "memory")):
        better = [name for name, m in others.items() if getattr(m, figure) < getattr(ours, figure)]
        lines.append(f"- {what} than this source: {'; '.join(better) or 'none'}")
    return "\n".join(lines)


def memory(url: str) -> str:
    """This source on 100,000 and 1,000,000 events."""
    lines = ["| events | wall s | peak MB |", "|---:|---:|---:|"]
    for count in (100_000, 1_000_000):
        m = measure(Job(url, count // PER_DAY).ours())
        lines.append(f"| {count:,} | {m.wall:.2f} | {m.memory:.0f} |")
        print(f"  {count:,} events: {m.memory:.0f} MB", flush=True)
    return "\n".join(lines)


def startup() -> str:
    """spec and discover, compared with only importing the CDK's source classes."""
    imports = (
        "import airbyte_cdk.sources, airbyte_cdk.entrypoint, airbyte_cdk.sources.concurrent_source.concurrent_source"
    )
    source = Path(sys.executable).parent / "source-unified-usage"
    config = Job("http://localhost:1", 1).ours()[5]
    commands: dict[str, Callable[[], Command]] = {
        "import of the CDK's source classes": lambda: [sys.executable, "-c", imports],
        "`spec`": lambda: [source, "spec"],
        "`discover`": lambda: [source, "discover", "--config", config],
    }
    lines = ["| process | wall s | peak MB |", "|---|---:|---:|"]
    lines += [f"| {name} | {m.wall:.2f} | {m.memory:.0f} |" for name, m in typical(commands).items()]
    return "\n".join(lines)


def main() -> None:
    WORK.mkdir(exist_ok=True)
    with sizes.serving("benchmarks.server", str(PER_DAY)) as url:
        print(f"{EVENTS:,} events", flush=True)
        speed = events(url)
        print("memory", flush=True)
        peaks = memory(url)
    print("memory against the size of the window", flush=True)
    windows = sizes.measured()
    print("one slowed vendor", flush=True)
    slowed = one_slow.table(lambda command: measure(command).wall)
    start = startup()
    peers = ", ".join(f"{name} {number}" for name, number in PEERS.items())
    page = sizes.RESULTS.read_text(encoding="utf-8")
    text = "\n\n".join(
        [
            "# Benchmark results",
            "Made by `make bench`: one loopback server that answers with ready pages of 1,000 Cursor usage events, "
            f"every contender as a process of its own, all taking turns, median of {ROUNDS} rounds, in one session.",
            f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; airbyte-cdk "
            f"{version('airbyte-cdk')}, {peers}.",
            CLAIMS,
            f"## {EVENTS:,} events",
            speed,
            "## Memory",
            peaks,
            "## Memory against the size of the window",
            sizes.ABOUT,
            sizes.table(windows, page),
            f"## {len(VENDORS)} vendors, one of them slowed",
            f"{one_slow.DAYS} days of all streams from the sandbox, which sends every answer of {one_slow.SLOW} in "
            "pieces. The sandbox and the source share the machine.",
            slowed,
            "## Start-up",
            start,
        ]
    )
    kept = between(page, comparison.BEGIN, comparison.END)  # `make requests` writes it
    sizes.RESULTS.write_text(f"{text}\n\n{kept}\n", encoding="utf-8")
    print("\n" + text)


if __name__ == "__main__":
    main()
