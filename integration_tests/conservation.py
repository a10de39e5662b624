"""What must hold for every made-up customer: no row is lost and no row is counted twice, whatever the page sizes.

`python -m integration_tests.conservation --seeds 300` does the same as the tests, for many customers.
"""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from integration_tests.harness import NOW, Source, expected_id, sandbox_config, sums
from sandbox import Sandbox
from sandbox.ledger import Entry, Ledger

Record = dict[str, Any]

DAYS = 1  # read per customer
LATER = 3  # days until the second sync
EARLIER = 2  # days that the third sync begins before the others: its windows have other bounds, and other lengths too


def hold(seed: int, folder: Path) -> int:
    """Three syncs of a customer made from the seed, each compared with the ledger: first, later, and in other windows.

    The rows of all. Raises AssertionError.
    """
    draw = random.Random(seed)
    with Sandbox(seed=seed, days=DAYS + LATER + 3, now=NOW, people=draw.randint(6, 9)) as sandbox:
        first = NOW.date() - timedelta(days=DAYS)
        for vendor in sandbox.vendors.values():
            vendor.characterize(draw)
        source = Source(sandbox, folder)
        held: dict[str, dict[str, Record]] = {}
        rows, state = 0, None
        for start in (first, first, first - timedelta(days=EARLIER)):
            if start != first:
                held, state = {}, None
                source.longest_step = draw.choice([1, 2, 4])
            config = sandbox_config(sandbox, start_date=start.isoformat())
            _repage(sandbox, draw)
            before = _ledger(sandbox, start)
            output = source.read(config, state=state)
            assert (output.code, output.traces) == (0, []), output.traces[:2]
            after = _ledger(sandbox, start)
            for stream in output.statuses.keys() & before.keys():
                records = output.records.get(stream, [])
                rows += len(records)
                read = {record["id"]: record for record in records}
                assert len(read) == len(records), f"{stream}: emitted twice"
                held[stream] = {**held.get(stream, {}), **read}
                _assert_known(stream, read, held[stream], before[stream], after[stream])
            state = output.states
            sandbox.clock.advance(days=LATER)
        return rows


def _assert_known(
    stream: str,
    read: Mapping[str, Record],
    held: Mapping[str, Record],
    before: Sequence[Entry],
    after: Sequence[Entry],
) -> None:
    """A sync takes time, in which rows appear and change: each is as the vendor knew it before it or after it.

    `read`: what the sync brought; `held`: what a destination has, which keeps rows that a vendor removed.
    """
    old, new = ({expected_id(stream, entry.key): entry.charges for entry in entries} for entries in (before, after))
    assert sorted((old.keys() & new.keys()) - held.keys())[:5] == [], f"{stream}: missing"
    assert sorted(read.keys() - old.keys() - new.keys())[:5] == [], f"{stream}: invented"
    for id, record in read.items():
        assert sums([record]) in (old.get(id), new.get(id)), id


def _ledger(sandbox: Sandbox, start: date) -> Ledger:
    today = sandbox.clock.today()
    return {name: rows for vendor in sandbox.vendors.values() for name, rows in vendor.ledger(start, today).items()}


def _repage(sandbox: Sandbox, draw: random.Random) -> None:
    """Other page sizes than before, and other orders, as far as each vendor has them."""
    sandbox.heal()
    for name, vendor in sandbox.vendors.items():
        for fault in vendor.repage(draw):
            sandbox.fault(name, fault)


def soak(seeds: Iterable[int], workers: int) -> int:
    """Print the result of each seed; returns how many failed."""
    failed = rows = 0
    with ProcessPoolExecutor(workers) as pool:
        for done, (seed, count, error) in enumerate(pool.map(_soaked, seeds), 1):
            rows += count
            failed += bool(error)
            if error or done % 10 == 0:
                failure = f"; seed {seed}: {error}" if error else ""
                print(f"{done} customers, {rows} rows, {failed} failed{failure}", flush=True)
    return failed


def _soaked(seed: int) -> tuple[int, int, str]:
    """The seed, its rows, and what failed."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return seed, hold(seed, Path(folder)), ""
        except AssertionError as error:
            return seed, 0, str(error).splitlines()[0] if str(error) else "failed"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    sys.exit(1 if soak(range(chosen.first, chosen.first + chosen.seeds), chosen.workers) else 0)
