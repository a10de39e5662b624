"""Counts the requests of every stream against the sandbox: `make requests`.

It writes the tables of `docs/unified-usage.md`, and those that compare with before into `benchmarks/RESULTS.md`.

A backfill of 90 days of all streams, then a sync one day later. Every vendor is read separately, so that the figures do
not depend on the others; its published limits are on, and waiting moves the clocks forward instead of taking time.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import round_trips
from benchmarks.round_trips import Trips
from integration_tests.bills import block_of, credentials, lines_of
from integration_tests.harness import NOW, ROOT, Output, Source, State, parse, sandbox_config
from sandbox import Sandbox
from scripts import bill_table, comparison
from scripts.bill_table import Bill
from scripts.marked import insert
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.vendors import VENDORS

PAGE = ROOT / "docs" / "unified-usage.md"
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
BEGIN, END = "<!-- requests: begin, written by `make requests` -->", "<!-- requests: end -->"
NAMES = "names, for all streams"  # look-ups that no stream asks for alone
SANDBOX_DAYS, BACKFILL_DAYS = 120, 90

_FINISHED = re.compile(r"INFO (\w+): (\d+) rows, (\d+) requests, ")


class Count(NamedTuple):
    """The rows and requests of one stream in one sync."""

    rows: int
    requests: int


class Line(NamedTuple):
    """One line of the table: a stream in back quotes, or NAMES."""

    vendor: str
    name: str
    backfill: Count
    daily: Count


def measure(vendor: str, folder: Path) -> list[Line]:
    """Both syncs of one vendor. Raises AssertionError when a stream failed or an answer was 429."""
    with _customer(vendor, folder) as (source, config):
        sandbox = source.sandbox
        output, backfill = _sync(source, config)
        tomorrow = NOW + timedelta(days=1)
        assert sandbox.clock.now() < tomorrow, f"{vendor}: the backfill took until {sandbox.clock.now()}"
        sandbox.clock.advance(seconds=(tomorrow - sandbox.clock.now()).total_seconds())
        _, daily = _sync(source, config, state=output.states)
    return [Line(vendor, name, count, daily[name]) for name, count in backfill.items()]


def bills(vendor: type[Vendor], requests: int, folder: Path) -> Iterator[Bill]:
    """What the bills of each credential need in the same backfill, of so many requests of the vendor."""
    for credential in credentials(vendor, block_of(vendor), BACKFILL_DAYS):
        with _customer(vendor.name, folder) as (source, config):
            _, counted = _sync(source, config, sorted(credential.sharing))
        yield Bill(vendor.title, tuple(credential.bills), sum(count.requests for count in counted.values()), requests)


@contextmanager
def _customer(vendor: str, folder: Path) -> Iterator[tuple[Source, Mapping[str, Any]]]:
    """The source before a sandbox, and its configuration for the backfill."""
    # ticking like the source's own time: limits by the minute would not fit a clock that lags behind
    with Sandbox(days=SANDBOX_DAYS, now=NOW, ticking=True) as sandbox:
        # the default of three rows a page is for tests; the real Datadog has large pages
        sandbox.datadog.monthly_page_size = sandbox.datadog.hourly_attribution_page_size
        start = NOW.date() - timedelta(days=BACKFILL_DAYS)
        yield Source(sandbox, folder), sandbox_config(sandbox, [vendor], start_date=start.isoformat())


def _sync(
    source: Source, config: Mapping[str, Any], streams: Sequence[str] = (), state: State | None = None
) -> tuple[Output, dict[str, Count]]:
    """What the source said apart from records, and its counts by stream, as the catalog has them, then of names."""
    sandbox = source.sandbox
    sandbox.requests.clear()
    with source.start(*source.reading(config, streams, state)) as process:
        said = b"".join(line for line in lines_of(process) if not line.startswith(b'{"type":"RECORD"'))
        output = parse(process.code, said)
    assert (output.code, output.traces) == (0, []), output.traces[:2]
    refused = {path: count for (path, status), count in sandbox.answers.items() if status == 429}
    assert not refused, f"refused with 429: {refused}"
    counted = {m[1]: Count(int(m[2]), int(m[3])) for log in output.logs if (m := _FINISHED.match(log))}
    names = [stream["stream"]["name"] for stream in source.catalog(config, streams)["streams"]]
    counts = {f"`{name}`": counted[name] for name in names}
    for_names = sum(sandbox.requests.values()) - sum(count.requests for count in counts.values())
    assert for_names >= 0, "the streams tell more requests than the sandbox has seen"
    return output, {**counts, NAMES: Count(0, for_names)}


def table(lines: Iterable[Line]) -> str:
    """The lines in Markdown."""
    head = (
        "| Vendor | Stream | Rows, backfill | Requests, backfill | Rows, daily | Requests, daily |\n"
        "|---|---|---:|---:|---:|---:|\n"
    )
    return head + "".join(
        f"| {title} | {name} | {first.rows} | {first.requests} | {second.rows} | {second.requests} |\n"
        for title, name, first, second in lines
    )


def counts(lines: Iterable[Line]) -> dict[str, dict[str, tuple[int, int]]]:
    """The requests of both syncs by vendor and stream."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for line in lines:
        found.setdefault(line.vendor, {})[line.name.strip("`")] = line.backfill.requests, line.daily.requests
    return found


def main() -> None:
    lines: list[Line] = []
    first: list[Bill] = []
    trips: dict[str, list[Trips]] = {}
    for vendor in VENDORS:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(vendor.name, Path(folder))
            backfill, daily = sum(line.backfill.requests for line in found), sum(line.daily.requests for line in found)
            first += bills(vendor, backfill, Path(folder))
        trips[vendor.title] = round_trips.measure(vendor)
        print(f"{vendor.name}: {backfill} requests, then {daily};", *trips[vendor.title], flush=True)
        lines += [line._replace(vendor=vendor.title) for line in found]
    write(lines, first, trips)


def write(lines: Sequence[Line], first: Sequence[Bill], trips: Mapping[str, Sequence[Trips]]) -> None:
    """Into the docs and the results."""
    page = insert(PAGE.read_text(encoding="utf-8"), BEGIN, END, f"\n\n{table(lines)}\n")
    page = insert(page, bill_table.BEGIN, bill_table.END, f"\n\n{bill_table.table(first)}\n")
    PAGE.write_text(page, encoding="utf-8")
    section = comparison.section(counts(lines), trips)
    results = insert(RESULTS.read_text(encoding="utf-8"), comparison.BEGIN, comparison.END, section)
    RESULTS.write_text(results, encoding="utf-8")


if __name__ == "__main__":
    main()
