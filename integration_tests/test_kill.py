"""Kill -9 at checkpoints and between them: the union of all runs is one clean run, and little is read again."""

import json
from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from integration_tests.harness import Source, State, expected_id, sandbox_config
from sandbox import Sandbox
from source_unified_usage.core.window import days
from source_unified_usage.vendors import VENDORS

START, END, UNTIL = date(2026, 9, 15), date(2026, 9, 18), date(2026, 9, 17)
_BETWEEN = 3  # records after a checkpoint
SNAPSHOTS = {"cursor_spend", "github_copilot_seats"}  # as it is at the moment of each run


class Killed:
    """What a reader got from one run before the run was killed or ended."""

    def __init__(self, ended: bool) -> None:
        self.ended = ended
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.starts: dict[str, str] = {}
        self.states: dict[str, dict[str, Any]] = {}


def run(source: Source, config: dict[str, Any], state: State, *, between: bool) -> Killed:
    """Read until a checkpoint brought something new (and a few records more, when `between`), then kill -9."""
    got = Killed(ended=False)
    given = [message["stream"] for message in state]
    records = 0
    seen = False
    with source.start(*source.reading(config, state=state)) as process:
        for line in process.stdout:  # unbuffered: the source is never far ahead of this loop
            message = json.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]["data"]
                got.ids[message["record"]["stream"]].append(record["id"])
                got.starts[record["id"]] = record["start_date"]
                records += seen
            elif message["type"] == "STATE":
                stream = message["state"]["stream"]["stream_descriptor"]["name"]
                seen = seen or message["state"]["stream"] not in given
                got.states[stream] = message["state"]
            if seen and (not between or records >= _BETWEEN):
                process.kill()
                break
        else:
            assert process.code == 0
            got.ended = True
    return got


@pytest.mark.parametrize("vendor", [vendor.name for vendor in VENDORS])
def test_killed_again_and_again(source: Source, sandbox: Sandbox, vendor: str) -> None:
    block = {**sandbox_config(sandbox, [vendor])[vendor], "lookback_days": 0}
    config = {"start_date": START.isoformat(), "end_date": UNTIL.isoformat(), vendor: block}
    ledger = sandbox.vendors[vendor].ledger(START, END)
    before = {stream: [expected_id(stream, entry.key) for entry in entries] for stream, entries in ledger.items()}
    states: dict[str, dict[str, Any]] = {}
    runs: list[Killed] = []
    while not (runs and runs[-1].ended):
        assert len(runs) < 300, "no progress"
        got = run(source, config, list(states.values()), between=len(runs) % 2 == 1)
        states.update(got.states)
        runs.append(got)
    assert len(runs) > 1
    union: dict[str, set[str]] = defaultdict(set)
    for got in runs:
        for stream, ids in got.ids.items():
            assert len(set(ids)) == len(ids), f"{stream}: twice in one run"
            union[stream].update(ids)
    for stream, ids in before.items():
        if stream in runs[-1].states and stream not in SNAPSHOTS:
            assert union[stream] == set(ids), stream
    streams = {stream.name: stream for cls in VENDORS if cls.name == vendor for stream in cls(block).streams()}
    for one, other in pairwise(runs):
        for stream in one.ids.keys() - SNAPSHOTS:
            again = {id: one.starts[id][:19] for id in set(one.ids[stream]) & set(other.ids[stream])}
            slices = one.states.get(stream, {}).get("stream", {}).get("stream_state", {}).get("slices", [])
            covered = [
                start for start in again.values() if any(s["start"][:19] <= start < s["end"][:19] for s in slices)
            ]
            assert not covered, f"{stream}: read again although it counted as read"
            if streams[stream].step == days(1):
                windows = len({start[:10] for start in again.values()})
                assert windows <= streams[stream].windows_at_once, f"{stream}: more read again than was being read"
