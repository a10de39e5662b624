"""The command as a person uses it: help, files, states, names of streams."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from integration_tests.harness import Source, merged, parse, sandbox_config
from sandbox import Fault, Sandbox
from source_unified_usage import __version__

START = date(2026, 8, 20)
EVENTS = "cursor_usage_events"
COMMAND = str(Path(sys.executable).parent / "source-unified-usage")


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    """Cursor's first six days."""
    return {"end_date": "2026-08-25", **sandbox_config(sandbox, ["cursor"], start_date=START.isoformat())}


def called(*command: str, limit: Callable[[], None] | None = None, out: Any = subprocess.PIPE) -> Any:
    """The installed command at the real time, with its imports to do."""
    return subprocess.run(command, stdout=out, stderr=subprocess.PIPE, preexec_fn=limit, timeout=120, check=False)


# --- help and mistakes


@pytest.mark.parametrize("command", [(COMMAND,), (sys.executable, "-m", "source_unified_usage")])
def test_help_and_version_are_plain_text(command: tuple[str, ...]) -> None:
    help_ = called(*command, "--help")
    assert (help_.returncode, help_.stderr) == (0, b"")
    assert help_.stdout.startswith(b"usage: source-unified-usage [-h] [--version] {spec,check,discover,read} ...\n")
    version = called(*command, "--version")
    assert (version.returncode, version.stdout, version.stderr) == (
        0,
        f"source-unified-usage {__version__}\n".encode(),
        b"",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "commands:"),
        (("--debug",), "error: unrecognized arguments: --debug"),
        (("raed",), "invalid choice: 'raed'"),
        (("check",), "error: the following arguments are required: --config"),
        (("read", "--config", "c.json"), "error: the following arguments are required: --catalog"),
    ],
)
def test_mistakes_in_its_use(arguments: tuple[str, ...], said: str) -> None:
    done = called(COMMAND, *arguments)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert text.startswith("usage: source-unified-usage")
    assert said in text
    assert "Traceback" not in text


def test_what_needs_no_cdk_does_not_import_it() -> None:
    program = (
        "import sys; from source_unified_usage.run import run\n"
        "try: run()\n"
        "finally: print('airbyte_cdk' in sys.modules, file=sys.stderr)"
    )
    for argument in ("--version", "--help", "raed"):
        assert called(sys.executable, "-c", program, argument).stderr.endswith(b"False\n")


def test_spec_is_one_message_and_nothing_else() -> None:
    done = called(COMMAND, "spec")
    (message,) = parse(done.returncode, done.stdout).messages
    assert (done.returncode, message["type"], done.stderr) == (0, "SPEC", b"")


# --- files and states


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "config",
            '{"start_date": "2026-08-20"}'.encode("utf-16"),
            "is encoded in UTF-16 or UTF-32. Save it as UTF-8.",
        ),
        ("config", b"[]", "is no JSON object."),
        ("catalog", b"", "is empty."),
        ("catalog", b"[]", "is no configured catalog."),
        ("state", b'{"start_date": "2026-08-22"}', "is no state of this source."),
    ],
)
def test_files_that_are_wrong(source: Source, config: dict[str, Any], name: str, content: bytes, sentence: str) -> None:
    arguments = source.reading(config, [EVENTS], [])
    (source.folder / f"{name}.json").write_bytes(content)
    output = source.run(*arguments)
    (trace,) = output.traces
    assert (output.code, trace["failure_type"]) == (1, "config_error")
    assert sentence in trace["message"]
    assert "Traceback" not in output.text


def test_a_file_that_is_missing(source: Source) -> None:
    output = source.run("read", "--config", "no.json", "--catalog", "no.json")
    (trace,) = output.traces
    assert (output.code, trace["message"]) == (
        1,
        "The configuration file no.json cannot be read: No such file or directory.",
    )


def test_a_config_with_a_bom_is_read(source: Source, config: dict[str, Any]) -> None:
    path = source.folder / "bom.json"
    path.write_bytes(json.dumps(config).encode("utf-8-sig"))
    output = source.run("check", "--config", str(path))
    (status,) = output.of("CONNECTION_STATUS")
    assert (output.code, status["connectionStatus"]) == (0, {"status": "SUCCEEDED"})


def a_state(name: str, state: Any) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}


def test_the_state_messages_of_a_read_are_a_state(source: Source, config: dict[str, Any]) -> None:
    first = source.read(config, [EVENTS])
    arguments = source.reading(merged(config, {"cursor": {"lookback_days": 0}}), [EVENTS], [])
    lines = [line for line in first.text.splitlines(keepends=True) if '"type":"STATE"' in line]
    assert len(lines) > 1
    (source.folder / "state.json").write_text("".join(lines))
    second = source.run(*arguments)
    assert (second.code, second.records[EVENTS]) == (0, [])
    assert second.slices(EVENTS) == first.slices(EVENTS)


def test_a_stream_state_that_is_only_a_date_is_refused(source: Source, config: dict[str, Any]) -> None:
    """It would count everything before the date as read."""
    output = source.read(config, [EVENTS], [a_state(EVENTS, {"start_date": "2026-08-24"})])
    (trace,) = output.traces
    assert (output.code, trace["failure_type"], output.records[EVENTS]) == (1, "config_error", [])
    assert trace["message"] == (
        f"The state of stream {EVENTS} cannot be read (it has no slices but start_date); it needs slices, as this "
        f"source writes them. Reset the stream or take it out of the state: it is then read from the start."
    )


@pytest.mark.parametrize(
    ("stream", "last", "over"),
    [
        (EVENTS, "2026-09-21", "2026-09-22"),
        ("cursor_daily_usage", "2026-09-21", "2026-09-22"),
        ("datadog_cost", "2026-09-01", "2026-09-01"),
    ],
    ids=["event", "day", "month"],
)
def test_a_state_that_ends_in_the_future_ends_with_what_is_over(
    source: Source, sandbox: Sandbox, stream: str, last: str, over: str
) -> None:
    """The lookback counts from there too, and an open month is never over."""
    slices = [{"start": "2026-01-01T00:00:00Z", "end": "2999-01-01T00:00:00Z"}]
    config = sandbox_config(sandbox, [stream.partition("_")[0]], start_date=START.isoformat())
    output = source.read(config, [stream], [a_state(stream, {"state_type": "date-range", "slices": slices})])
    assert output.code == 0
    warnings = [line for line in output.logs if "the state ends on 2999-01-01, after today, 2026-09-22." in line]
    assert [warning.startswith(f"WARN {stream}: ") for warning in warnings] == [True]
    assert max(record["start_date"][:10] for record in output.records[stream]) == last
    assert output.slices(stream)[-1][1] == over


def test_the_next_day_is_read_after_a_state_from_the_future(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    slices = [
        {"start": "2026-01-01T00:00:00Z", "end": "2026-09-22T00:00:00Z"},
        {"start": "2999-01-01T00:00:00Z", "end": "2999-01-01T00:00:00Z"},
    ]
    config = {"start_date": config["start_date"], "cursor": {**config["cursor"], "lookback_days": 0}}
    first = source.read(config, [EVENTS], [a_state(EVENTS, {"state_type": "date-range", "slices": slices})])
    assert (first.records[EVENTS], first.slices(EVENTS)) == ([], [("2026-01-01", "2026-09-22")])
    sandbox.clock.advance(days=1)
    second = source.read(config, [EVENTS], first.states)
    assert {record["start_date"][:10] for record in second.records[EVENTS]} == {"2026-09-22"}


def test_a_state_of_another_source_is_a_warning(source: Source, config: dict[str, Any]) -> None:
    states = [a_state("customers", {"cursor": 1}), a_state("datadog_cost", {"slices": []})]
    output = source.read(config, [EVENTS], states)
    assert output.code == 0
    warning = "The state names streams that this source does not have, they are ignored: customers"
    assert [line for line in output.logs if line.startswith("WARN")] == [f"WARN {warning}"]


# --- keys in the output


@pytest.mark.parametrize("command", ["check", "read"])
def test_a_key_is_masked_in_other_forms_too(
    source: Source, sandbox: Sandbox, config: dict[str, Any], command: str
) -> None:
    key = config["cursor"]["api_key"].upper()
    echo = {"message": f"what is {key}?"}
    sandbox.fault("cursor", Fault("filtered-usage-events", status=400, body=echo, times=None))
    files = source.reading(config, [EVENTS])
    output = source.run(command, *(files[1:3] if command == "check" else files[1:]))
    assert "what is ****?" in output.text
    assert key not in output.text


# --- streams that are not offered


def test_a_stream_that_is_not_offered_is_an_error(source: Source, config: dict[str, Any]) -> None:
    catalog = source.catalog(config, ["cursor_bugbot", "cursor_spend"])
    catalog["streams"].append(json.loads(json.dumps(catalog["streams"][0]).replace('"cursor_spend"', '"cursor_spent"')))
    plain = merged(config, {"cursor": {"enterprise": False}})
    output = source.run("read", "--config", source.file("config", plain), "--catalog", source.file("catalog", catalog))
    assert output.code == 1
    assert output.statuses == {
        "cursor_spend": "COMPLETE",
        "cursor_bugbot": "INCOMPLETE",
        "cursor_spent": "INCOMPLETE",
    }
    assert output.records["cursor_spend"]
    messages = {trace["stream_descriptor"]["name"]: trace["message"] for trace in output.traces[:-1]}
    assert "it needs cursor.enterprise: true." in messages["cursor_bugbot"]
    near = "Did you mean cursor_spend or cursor_group_spend (which needs cursor.enterprise: true) or"
    assert near in messages["cursor_spent"]
