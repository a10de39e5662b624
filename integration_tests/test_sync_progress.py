"""How far a sync is, as it reads that from the source's own messages."""

import json
from datetime import date

from integration_tests.harness import Source, sandbox_config
from lake.progress import Progress
from sandbox import Fault, Sandbox

START = date(2026, 9, 18)
STREAMS = ("scenario_consumption", "scenario_activity")


def heard(source: Source, sandbox: Sandbox) -> tuple[Progress, list[str], list[str]]:
    """The progress after a read, how it was shown after each line, and what was said of its own accord."""
    config = sandbox_config(sandbox, ["scenario"], start_date=START.isoformat())
    said: list[str] = []
    progress = Progress(STREAMS, said.append)
    shown = []
    for line in source.read(config, STREAMS).text.splitlines():
        progress.hear(f"{line}\n")
        shown.append(str(progress))
    return progress, shown, said


def test_streams_windows_rows_and_waits(source: Source, sandbox: Sandbox) -> None:
    limit = Fault("/v1/usages", status=429, headers={"Retry-After": "40"}, times=1, after=3)
    sandbox.fault("scenario", limit)
    progress, shown, said = heard(source, sandbox)
    rows = sum(len(sandbox.scenario.ledger(START, sandbox.clock.today())[stream]) for stream in STREAMS)
    # the moment of the wait is still shown, because the time of this process does not jump
    assert shown[-1].startswith(f"2 of 2 streams, 8 of 8 windows, {rows:,} rows")
    assert "0 of 2 streams, 0 of 8 windows, 0 rows" in shown
    assert any("rows; waiting " in text for text in shown)
    assert said == []
    assert [progress.failure_of(stream) for stream in STREAMS] == ["", ""]


def test_a_stream_that_fails_and_one_that_never_began(source: Source, sandbox: Sandbox) -> None:
    sandbox.fault("scenario", Fault("/v1/usages", status=401, body={"message": "Unauthorized"}, times=None))
    progress, shown, _ = heard(source, sandbox)
    assert shown[-1].startswith("0 of 2 streams, 2 failed, 0 of 8 windows, 0 rows")
    for stream in STREAMS:
        assert progress.failure_of(stream).startswith(f"Scenario, stream {stream}, ")
    assert progress.failure_of("scenario_model_usage") == "It was not read."


def test_no_stack_trace_is_shown() -> None:
    said: list[str] = []
    text = "Exception while syncing stream acme\nTraceback (most recent call last):\nKeyError: 'type'"
    Progress(STREAMS, said.append).hear(json.dumps({"type": "LOG", "log": {"level": "ERROR", "message": text}}))
    assert said == ["Exception while syncing stream acme"]


def test_rows_that_cannot_be_written() -> None:
    progress = Progress(STREAMS, print)
    assert progress.failure_of(STREAMS[0], "The disk is full.") == "The disk is full."
    progress.ended(1, "The source cannot start: out of memory.")
    assert progress.failure_of(STREAMS[0], "The disk is full.") == "The source cannot start: out of memory."


def test_a_process_that_dies() -> None:
    progress = Progress(STREAMS, print)
    progress.ended(-9, "")
    assert progress.failure_of(STREAMS[0]) == "The source ended with exit code -9 before it had read everything."
    progress = Progress(STREAMS, print)
    progress.ended(1, "The source cannot start: out of memory.")
    assert progress.failure_of(STREAMS[0]) == "The source cannot start: out of memory."
