"""Each vendor in turn is down in every way; the others deliver everything, and one sentence says so."""

import io
import json
from datetime import date

import pytest

from integration_tests.harness import Source, assert_conserved, merged, sandbox_config
from sandbox import Fault, Sandbox
from source_unified_usage.streams import all_streams, bills
from source_unified_usage.vendors import VENDORS

START, END, UNTIL = date(2026, 9, 16), date(2026, 9, 17), date(2026, 9, 16)
# few streams of each vendor, so that a read stays short
STREAMS = {
    vendor.name: [stream.name for stream in bills(all_streams()) if stream.vendor is vendor] for vendor in VENDORS
}
TITLES = {vendor.name: vendor.title for vendor in VENDORS}
WAYS: dict[str, tuple[Fault | None, str]] = {
    "refused key": (Fault(status=401, body={"message": "Invalid API key"}, times=None), "config_error"),
    "missing scope": (Fault(status=403, body={"message": "Missing scope usage.read"}, times=None), "config_error"),
    "endless 429": (Fault(status=429, body={"message": "Too many requests"}, times=None), "transient_error"),
    "5xx for ever": (Fault(status=503, body={"message": "Unavailable"}, times=None), "transient_error"),
    "connection refused": (None, "transient_error"),
    "hanging socket": (Fault(effect="hang", times=None), "transient_error"),
    "garbage body": (Fault(status=200, body="<html>Bad gateway</html>", times=None), "transient_error"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("vendor", STREAMS)
def test_one_vendor_down(source: Source, sandbox: Sandbox, vendor: str, way: str) -> None:
    if way == "hanging socket":
        source.read_timeout = 0.5  # instead of half a minute a try
    fault, failure = WAYS[way]
    config = sandbox_config(sandbox, start_date=START.isoformat(), end_date=UNTIL.isoformat())
    if fault:
        sandbox.fault(vendor, Fault(**{**vars(fault), "hits": 0}))
    else:
        addresses = {name: "http://localhost:9" for name in config[vendor] if name.endswith("base_url")}
        inner = {"codex": {"base_url": "http://localhost:9"}} if "codex" in config[vendor] else {}
        config = merged(config, {vendor: {**addresses, **inner}})
    names = [*STREAMS]
    # the next three, so that each vendor stands beside three others in each way
    others = [names[(names.index(vendor) + step) % len(names)] for step in (1, 2, 3)]
    output = source.read(config, [stream for name in (vendor, *others) for stream in STREAMS[name]])
    assert output.code == 1
    assert sorted(output.failed) == sorted(STREAMS[vendor])
    for stream, trace in output.failed.items():
        assert trace["failure_type"] == failure
        assert trace["message"].startswith(f"{TITLES[vendor]}, stream {stream}, ")
        assert "Traceback" not in trace["message"]
        assert trace.get("stack_trace") is None
    for other in others:
        assert_conserved(output, sandbox.vendors[other].ledger(START, END), STREAMS[other])
        assert {output.statuses[stream] for stream in STREAMS[other]} == {"COMPLETE"}


def test_a_vendor_that_never_answers_does_not_hold_back_the_others(source: Source, sandbox: Sandbox) -> None:
    """GitHub's bill begins with a list of cost centers: the others must not wait for it, not even for one try."""
    fault = sandbox.fault("github", Fault(effect="hang", times=None))
    config = sandbox_config(sandbox, ["github", "cursor"], start_date=START.isoformat(), end_date=UNTIL.isoformat())
    with source.start(*source.reading(config, STREAMS["github"] + STREAMS["cursor"])) as running:
        messages = map(json.loads, io.BufferedReader(running.stdout))
        first = next(message["record"] for message in messages if message["type"] == "RECORD")
        tries = fault.hits
    assert first["stream"] in STREAMS["cursor"]
    assert tries <= 1
