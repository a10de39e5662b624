"""The log of a sync: how many requests there are to make, and the reason of every wait."""

import re

import pytest

from integration_tests.harness import Source, sandbox_config
from sandbox import Fault, Sandbox
from source_unified_usage.vendors import VENDORS

EVENTS = "cursor_usage_events"


@pytest.mark.parametrize("vendor", [vendor.name for vendor in VENDORS])
def test_a_sync_logs_once_how_many_requests_each_vendor_gets(source: Source, sandbox: Sandbox, vendor: str) -> None:
    output = source.read(sandbox_config(sandbox, [vendor], start_date="2026-09-08"))
    lines = [
        found for line in output.logs if (found := re.match(r"INFO (\w+): (?:about|at least) (\d+) requests", line))
    ]
    (expected,) = [int(found[2]) for found in lines if found[1].lower() == vendor]
    assert len(lines) == 1
    # pages and names come on top
    assert 0 < expected <= sum(sandbox.requests.values())
    first_request = next(n for n, message in enumerate(output.messages) if message["type"] in ("RECORD", "STATE"))
    assert lines[0].string[5:] in [message.get("log", {}).get("message") for message in output.messages[:first_request]]


def test_a_wait_is_logged_with_its_length_and_the_vendors_reason(source: Source, sandbox: Sandbox) -> None:
    config = sandbox_config(sandbox, ["cursor"], start_date="2026-09-20")
    headers = {"Retry-After": "3000"}
    sandbox.fault("cursor", Fault("filtered-usage-events", status=429, headers=headers, body={"error": "Too Many"}))
    output = source.read(config, [EVENTS])
    assert (output.code, output.traces) == (0, [])
    assert f"INFO {EVENTS}: waiting 3000 s, then asking Cursor again after: 429 Too Many" in output.logs
