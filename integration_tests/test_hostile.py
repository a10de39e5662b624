"""Hostile answers: errors as 200, bodies without end, text that is almost JSON."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, sandbox_config
from integration_tests.test_vendor_down import STREAMS
from sandbox import Fault, Sandbox

START, UNTIL, END = date(2026, 9, 16), date(2026, 9, 17), date(2026, 9, 18)
COSTS = "confluent_costs"


def days(sandbox: Sandbox, vendor: str) -> dict[str, Any]:
    return sandbox_config(sandbox, [vendor], start_date=START.isoformat(), end_date=UNTIL.isoformat())


@pytest.mark.parametrize("body", [{"error": {"code": 503}}, {}], ids=["error", "nothing"])
@pytest.mark.parametrize("vendor", STREAMS)
def test_an_error_sent_as_200_is_no_empty_month(source: Source, sandbox: Sandbox, vendor: str, body: Any) -> None:
    sandbox.fault(vendor, Fault(status=200, body=body, times=None))
    output = source.read(days(sandbox, vendor), STREAMS[vendor])
    assert output.code == 1
    assert set(output.statuses.values()) == {"INCOMPLETE"}
    messages = [trace["message"] for trace in output.traces if "stream_descriptor" in trace]
    assert len(messages) == len(STREAMS[vendor])
    assert all("breaks its own documentation" in message for message in messages)
    assert {stream: output.slices(stream) for stream in STREAMS[vendor]} == {stream: [] for stream in STREAMS[vendor]}


@pytest.mark.parametrize("body", [{"error": {"code": 503}}, {}, {"data": None, "errors": [{"detail": "upstream"}]}])
def test_an_error_sent_as_200_on_page_two_is_no_end(source: Source, sandbox: Sandbox, body: Any) -> None:
    sandbox.vendors["confluent"].page_cap = 10  # type: ignore[attr-defined]
    fault = sandbox.fault("confluent", Fault("/billing/v1/costs", status=200, body=body, times=None, after=1))
    output = source.read(days(sandbox, "confluent"), [COSTS])
    assert fault.hits > 1
    assert output.code == 1
    assert output.slices(COSTS) == []


def test_a_documented_emptiness_stays_empty(source: Source, sandbox: Sandbox) -> None:
    sandbox.fault("confluent", Fault("/billing/v1/costs", status=200, body={"data": None}, times=None))
    output = source.read(days(sandbox, "confluent"), [COSTS])
    assert (output.code, output.records[COSTS], output.slices(COSTS)) == (0, [], [(START.isoformat(), END.isoformat())])


def test_a_list_that_rows_depend_on_is_not_empty_either(source: Source, sandbox: Sandbox) -> None:
    sandbox.fault("confluent", Fault("/cmk/v2/clusters", status=200, body={"error": {"code": 503}}, times=None))
    output = source.read(sandbox_config(sandbox, ["confluent"], start_date="2026-09-16"), ["confluent_metrics_usage"])
    assert output.code == 1
    assert "no list of objects under 'data' but an error" in output.traces[0]["message"]


def spoiled(edit: Callable[[bytes], bytes]) -> Fault:
    return Fault("/billing/v1/costs", effect="spoil", spoil=edit, times=None)


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b'"display_name":"', rb'"display_name":"\ud83d'),
        lambda body: body.replace(b'"display_name":"', b'"display_name":"\xff'),
        lambda body: body.replace(b'{"product"', b'{"unknown":1e400,"product"').replace(b'{"id"', b'{"x":1e400,"id"'),
    ],
    ids=["byte order mark", "half a pair", "no UTF-8", "a figure too large"],
)
def test_what_strict_json_refuses_costs_no_row(
    source: Source, sandbox: Sandbox, edit: Callable[[bytes], bytes]
) -> None:
    sandbox.fault("confluent", spoiled(edit))
    output = source.read(days(sandbox, "confluent"), [COSTS])
    assert output.code == 0
    assert_conserved(output, sandbox.vendors["confluent"].ledger(START, END), [COSTS])
    assert len([line for line in output.logs if "not valid JSON" in line]) == 1


def test_a_figure_that_is_needed_and_impossible_names_its_row(source: Source, sandbox: Sandbox) -> None:
    sandbox.fault("confluent", spoiled(lambda body: body.replace(b'"amount":', b'"amount":1e400,"was":', 1)))
    output = source.read(days(sandbox, "confluent"), [COSTS])
    assert output.code == 1
    (message,) = (trace["message"] for trace in output.traces if "stream_descriptor" in trace)
    assert "a row that cannot be mapped" in message
    assert '"amount":"1e400"' in message


def test_a_row_that_is_nested_a_thousand_deep_costs_its_stream_only(source: Source, sandbox: Sandbox) -> None:
    deep = b'"deep":' + b'{"a":' * 900 + b"1" + b"}" * 900
    sandbox.fault("confluent", spoiled(lambda body: body.replace(b'"amount":', deep + b',"amount":', 1)))
    config = sandbox_config(sandbox, ["confluent", "cursor"], start_date=START.isoformat(), end_date=UNTIL.isoformat())
    output = source.read(config, [COSTS, "cursor_daily_usage"])
    assert output.statuses == {COSTS: "INCOMPLETE", "cursor_daily_usage": "COMPLETE"}
    (message,) = (trace["message"] for trace in output.traces if "stream_descriptor" in trace)
    assert "nested" in message
    assert output.slices(COSTS) == []
    assert_conserved(output, sandbox.vendors["cursor"].ledger(START, END), ["cursor_daily_usage"])
