"""The four commands of the protocol against the sandbox, as a person or a platform runs them."""

import base64
import json
import subprocess
import sys
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.harness import ROOT, Source, assert_conserved, merged, parse, sandbox_config, sums
from sandbox import Fault, Sandbox
from source_unified_usage.vendors import VENDORS

START, TODAY = date(2026, 8, 20), date(2026, 9, 22)
MONTHS = date(2026, 8, 30)  # two months, one of them open, and as few days as that takes
SCHEMA = json.loads((ROOT / "source_unified_usage/schemas/usage.json").read_text())
EVENTS = "cursor_usage_events"


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, start_date=START.isoformat())


def first_days(config: dict[str, Any], vendor: str = "cursor") -> dict[str, Any]:
    """The config of one vendor for the first six days."""
    return {"start_date": START.isoformat(), "end_date": "2026-08-25", vendor: config[vendor]}


def test_check_succeeds(source: Source, config: dict[str, Any]) -> None:
    assert source.check(config)["status"] == "SUCCEEDED"


def test_check_names_every_credential_that_fails(source: Source, config: dict[str, Any]) -> None:
    broken = {"cursor": {"api_key": "crsr_mistyped_key_000"}, "confluent": {"base_url": "http://localhost:9"}}
    status = source.check(merged(config, broken))
    assert status["status"] == "FAILED"
    assert (
        "Confluent, check, /billing/v1/costs: no usable answer at http://localhost:9, connection" in status["message"]
    )
    assert 'Cursor, check, /teams/filtered-usage-events: 401 "Invalid Team API Key"' in status["message"]


def test_check_distinguishes_a_rate_limit_from_a_refusal(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    sandbox.fault("cursor", Fault(status=429, body={"message": "Slow down"}, times=None))
    message = source.check(config)["message"]
    assert "the vendor limits the rate (429 Slow down); it did not refuse the key" in message


def test_check_asks_each_credential_once(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    source.check(config)
    probes = [probe for vendor in VENDORS for probe in vendor(config[vendor.name]).probes()]
    assert sum(sandbox.requests.values()) == len(probes)


@pytest.mark.parametrize("vendor", [vendor.name for vendor in VENDORS])
def test_a_whole_sync_conserves_every_row_and_cent(
    source: Source, sandbox: Sandbox, config: dict[str, Any], vendor: str
) -> None:
    output = source.read({"start_date": MONTHS.isoformat(), vendor: config[vendor]})
    assert (output.code, output.traces) == (0, [])
    assert set(output.statuses.values()) == {"COMPLETE"}
    assert_conserved(output, sandbox.vendors[vendor].ledger(MONTHS, TODAY), output.statuses)
    # whether a record is valid follows from its shape
    shapes = {shape(record): record for records in output.records.values() for record in records}
    validator = Draft7Validator(SCHEMA)
    for record in shapes.values():
        assert not list(validator.iter_errors(record)), record
    assert sandbox.refused() == 0


def shape(value: Any, name: str = "") -> Hashable:
    """All that the schema looks at: names, types of values, and the texts of the one enumeration."""
    if isinstance(value, dict):
        return tuple((key, "object" if key == "remote_data" else shape(part, key)) for key, part in value.items())
    if isinstance(value, list):
        return tuple(map(shape, value))
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return value if name == "type" else type(value).__name__


def test_the_schema_looks_at_nothing_but_shapes() -> None:
    def keywords(schema: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str]]:
        for keyword, value in schema.items():
            yield name, keyword
            for each, part in {"properties": value, "items": {name: value}}.get(keyword, {}).items():
                yield from keywords(part, each)

    found = set(keywords(SCHEMA))
    annotations = {"$schema", "title", "description", "airbyte_type", "format"}
    checked = {keyword for _, keyword in found} - annotations
    assert checked == {"type", "properties", "required", "additionalProperties", "items", "enum"}
    assert {name for name, keyword in found if keyword == "enum"} == {"type"}


def test_a_second_sync_reads_the_lookback_and_the_new_days(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config = {"start_date": START.isoformat(), "cursor": config["cursor"]}
    first = source.read(config, [EVENTS])
    sandbox.clock.advance(days=1)
    sandbox.requests.clear()
    second = source.read(config, [EVENTS], first.states)
    days = sorted({record["start_date"][:10] for record in second.records[EVENTS]})
    assert days[0] >= "2026-09-20"
    assert days[-1] == "2026-09-22"
    assert sandbox.requests["POST /cursor/teams/filtered-usage-events"] == 1  # few events: three days are a page
    assert second.slices(EVENTS) == [("2026-08-20", "2026-09-23")]


def test_restated_figures_keep_their_ids(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    config = {"start_date": START.isoformat(), "confluent": config["confluent"]}
    first = source.read(config)
    sandbox.clock.advance(days=2)
    second = source.read(config, state=first.states)
    table = {record["id"]: record for record in [*first.records["confluent_costs"], *second.records["confluent_costs"]]}
    restated = [r for r in first.records["confluent_costs"] if table[r["id"]].get("charges") != r.get("charges")]
    assert restated
    truth = sandbox.confluent.ledger(START, date(2026, 9, 24))["confluent_costs"]
    assert len(table) == len(truth)
    assert sums(table.values()) == sums([{"charges": _lines(entry)} for entry in truth])


def _lines(entry: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "currency": currency, "amount": float(v)} for (kind, currency), v in entry.charges.items()]


def test_a_failed_window_is_read_next_time_and_nothing_else(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config = first_days(config)

    def third(_: Any, body: bytes) -> bool:
        """Whether the day is among those that are asked for, alone or with others."""
        asked = json.loads(body)
        return bool(asked["startDate"] <= 1787443200000 <= asked["endDate"])  # 2026-08-23

    sandbox.fault("cursor", Fault("filtered-usage-events", status=503, times=None, when=third))
    failed = source.read(config, [EVENTS])
    assert failed.code == 1
    assert failed.slices(EVENTS) == [("2026-08-20", "2026-08-23"), ("2026-08-24", "2026-08-26")]
    assert failed.statuses[EVENTS] == "INCOMPLETE"
    assert [trace["failure_type"] for trace in failed.traces] == ["transient_error", "transient_error"]
    assert "Not read: 2026-08-23 to 2026-08-23; the next sync reads it." in failed.traces[0]["message"]
    sandbox.heal()
    sandbox.requests.clear()
    resumed = source.read({**config, "cursor": {**config["cursor"], "lookback_days": 0}}, [EVENTS], failed.states)
    assert {record["start_date"][:10] for record in resumed.records[EVENTS]} == {"2026-08-23"}
    assert sandbox.requests["POST /cursor/teams/filtered-usage-events"] == 1
    assert resumed.slices(EVENTS) == [("2026-08-20", "2026-08-26")]


def test_an_earlier_start_date_backfills_only_the_new_days(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config = first_days(config)
    first = source.read(config, [EVENTS])
    sandbox.requests.clear()
    earlier = merged(config, {"start_date": "2026-08-18", "cursor": {"lookback_days": 0}})
    second = source.read(earlier, [EVENTS], first.states)
    assert sorted({record["start_date"][:10] for record in second.records[EVENTS]}) == ["2026-08-18", "2026-08-19"]
    assert second.slices(EVENTS) == [("2026-08-18", "2026-08-26")]


def test_empty_windows_advance_the_state(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    config = {**first_days(config), "start_date": "2026-07-01", "end_date": "2026-07-05"}
    output = source.read(config, [EVENTS])
    assert (output.code, output.records[EVENTS]) == (0, [])
    assert output.slices(EVENTS) == [("2026-07-01", "2026-07-06")]


def test_the_current_day_is_read_up_to_the_last_full_hour_and_never_counts_as_read(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config = {"start_date": "2026-09-20", "include_current_day": True, "cursor": config["cursor"]}
    output = source.read(config, [EVENTS])
    assert max(record["start_date"] for record in output.records[EVENTS]) < "2026-09-22T09:00:00"
    assert output.slices(EVENTS) == [("2026-09-20", "2026-09-22")]


def test_fields_can_be_left_out(source: Source, config: dict[str, Any]) -> None:
    config = {**first_days(config), "include_remote_data": False, "exclude_fields": ["user", "surface"]}
    records = source.read(config, [EVENTS]).records[EVENTS]
    assert records
    assert not any({"remote_data", "user", "surface"} & record.keys() for record in records)


def test_state_never_overtakes_its_records(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    """A slow reader: whatever was read when a state arrives must hold every row that the state covers."""
    truth = sandbox.cursor.ledger(START, date(2026, 8, 26))[EVENTS]
    seen: set[str] = set()
    states = 0
    with source.start(*source.reading(first_days(config), [EVENTS])) as process:
        for line in process.stdout:  # unbuffered: the source waits for this loop
            message = json.loads(line)
            if message["type"] == "RECORD":
                seen.add(message["record"]["data"]["id"])
            elif message["type"] == "STATE":
                states += 1
                slices = message["state"]["stream"]["stream_state"]["slices"]
                covered = [e for e in truth if any(s["start"] <= e.start < s["end"] for s in slices)]
                assert len(seen) >= len(covered)
    assert states >= 6


def test_counts_of_the_state_messages_are_those_of_the_records(source: Source, config: dict[str, Any]) -> None:
    output = source.read(first_days(config))
    for stream, records in output.records.items():
        counted = sum(
            message["state"]["sourceStats"]["recordCount"]
            for message in output.of("STATE")
            if message["state"]["stream"]["stream_descriptor"]["name"] == stream
        )
        assert counted == len(records), stream


def test_no_secret_reaches_the_output(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    secrets = [config["cursor"]["api_key"], config["confluent"]["api_secret"]]
    pairs = [f"{secrets[0]}:", f"{config['confluent']['api_key']}:{secrets[1]}"]
    secrets += [base64.b64encode(pair.encode()).decode() for pair in pairs]
    echo = {"error": {"message": f"what is {' and '.join(secrets)}?"}}
    sandbox.fault("cursor", Fault("spend", status=400, body=echo, times=None))
    sandbox.fault("confluent", Fault("costs", status=400, body={"errors": [{"detail": str(echo)}]}, times=None))
    config["start_date"] = "2026-09-20"
    files = ["--config", source.file("config", config), "--catalog", source.file("catalog", source.catalog(config))]
    for arguments in (["read", *files, "--debug"], ["check", *files[:2], "--debug"]):
        text = source.run(*arguments).text
        assert "****" in text
        assert [secret for secret in secrets if secret in text] == []


def test_one_vendor_down_does_not_affect_the_other(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.fault("confluent", Fault(effect="reset", times=None))
    output = source.read({**first_days(config), "confluent": config["confluent"]})
    assert output.code == 1
    assert output.statuses.pop("confluent_costs") == "INCOMPLETE"
    assert "confluent_costs" not in output.records
    assert all(status == "COMPLETE" for name, status in output.statuses.items() if name.startswith("cursor"))
    truth = sandbox.cursor.ledger(START, date(2026, 8, 26))
    assert_conserved(output, truth, [EVENTS, "cursor_daily_usage"])
    own = [t for t in output.traces if t.get("stream_descriptor", {}).get("name", "").startswith("confluent")]
    assert [trace["failure_type"] for trace in own] == ["transient_error"] * len(own)


def test_a_refused_key_is_one_error_per_stream_and_fast(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config = merged(first_days(config), {"cursor": {"api_key": "crsr_mistyped_key_000", "enterprise": False}})
    output = source.read(config)
    assert output.code == 1
    assert [trace["failure_type"] for trace in output.traces] == ["config_error"] * 4
    assert '401 "Invalid Team API Key"' in output.traces[0]["message"]
    assert sum(count for path, count in sandbox.requests.items()) <= 3
    assert "Traceback" not in output.text


def test_the_installed_command_writes_the_same(sandbox: Sandbox) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "source-unified-usage", "spec"], capture_output=True, check=True
    )
    (spec,) = parse(0, done.stdout).of("SPEC")
    assert set(sandbox.vendors) <= spec["spec"]["connectionSpecification"]["properties"].keys()
