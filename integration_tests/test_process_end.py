"""How the process ends: signals, a full disk, a reader that goes away, limits of the machine."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from integration_tests.harness import Source, merged, parse, sandbox_config
from sandbox import Fault, Sandbox

START = date(2026, 8, 20)
EVENTS = "cursor_usage_events"
COMMAND = str(Path(sys.executable).parent / "source-unified-usage")
KEPT = "What was read up to the last STATE message is kept, the next sync goes on from there."


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    """Cursor's first six days."""
    return {"end_date": "2026-08-25", **sandbox_config(sandbox, ["cursor"], start_date=START.isoformat())}


def called(*command: str, limit: Callable[[], None] | None = None, out: Any = subprocess.PIPE) -> Any:
    """The installed command at the real time, with its imports to do."""
    return subprocess.run(command, stdout=out, stderr=subprocess.PIPE, preexec_fn=limit, timeout=120, check=False)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda value: str(value),
)
def test_a_signal_during_read(
    source: Source, sandbox: Sandbox, config: dict[str, Any], number: signal.Signals, code: int
) -> None:
    """The vendor does not answer any more: workers would wait for minutes."""
    sandbox.fault("cursor", Fault("filtered-usage-events", effect="hang", times=None, after=3))
    with source.start(*source.reading(config, [EVENTS])) as process:
        said = b""
        while b'"STATE"' not in said:
            said += process.stdout.readline()
        process.send(number)
        said += process.stdout.read()
        assert process.last_words == (code, f"Interrupted by {number.name}. {KEPT}\n")
    assert said.endswith(b"\n")
    output = parse(code, said)
    assert output.slices(EVENTS)
    assert output.traces == []


def test_a_second_signal_changes_nothing(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.fault("cursor", Fault("filtered-usage-events", effect="hang", times=None))
    with source.start(*source.reading(config, [EVENTS])) as process:
        process.stdout.readline()
        process.send(signal.SIGINT)
        with suppress(ProcessLookupError):  # it may have ended already
            process.send(signal.SIGINT)
        assert process.last_words == (130, f"Interrupted by SIGINT. {KEPT}\n")


@pytest.mark.parametrize(
    ("number", "wording"),
    [
        (signal.SIGINT, (130, "Interrupted by SIGINT.\n")),
        (signal.SIGTERM, (-signal.SIGTERM, "")),  # the signal itself, which is no failure for PyAirbyte
    ],
)
def test_a_signal_during_check(
    source: Source, sandbox: Sandbox, config: dict[str, Any], number: signal.Signals, wording: tuple[int, str]
) -> None:
    sandbox.fault("cursor", Fault("filtered-usage-events", effect="hang", times=None))
    config = merged(config, {"tean": 1})  # a warning names an unknown option before any request
    with source.start("check", "--config", source.file("config", config)) as process:
        process.stdout.readline()
        process.send(number)
        assert process.last_words == wording


def test_a_shell_sees_143_of_every_command() -> None:
    program = (
        "import os, signal; from source_unified_usage.stdout import Stdout\n"
        "Stdout(1).end_on_signal(''); os.kill(os.getpid(), signal.SIGTERM); signal.pause()"
    )
    done = called("sh", "-c", f'{sys.executable} -c "$0" 2>&1; echo $?', program)
    assert done.stdout.split()[-1] == b"143"


def test_a_signal_that_is_ignored_stays_ignored(config: dict[str, Any]) -> None:
    """As with nohup."""
    program = (
        "import os, signal; from source_unified_usage.stdout import Stdout\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); out = Stdout(1); out.end_on_signal('')\n"
        "os.kill(os.getpid(), signal.SIGHUP); out.write(b'here\\n')"
    )
    done = called(sys.executable, "-c", program)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"here\n", b"")


@pytest.mark.parametrize("retry_policy", [60, 0])
def test_a_signal_in_the_middle_of_a_line(retry_policy: int) -> None:
    """The line is finished, as long as somebody reads it."""
    program = (
        "from source_unified_usage import stdout\n"
        f"stdout._FINISH_LINE = {retry_policy}\n"
        "out = stdout.Stdout(1); out.end_on_signal('')\n"
        "for _ in range(9): out.write(b'x' * 999_999 + b'\\n')"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        pipe = process.stdout
        assert pipe and process.stderr
        begun = pipe.read(10)  # a pipe holds less than the line: the rest waits
        process.send_signal(signal.SIGTERM)
        if not retry_policy:
            process.wait(60)
        said = begun + b"".join(iter(lambda: pipe.read(1 << 16), b""))
        assert process.wait(60) == -signal.SIGTERM
        assert process.stderr.read() == b""
    assert (len(said) % 1_000_000 == 0) is bool(retry_policy)


def test_a_reader_that_goes_away_ends_the_process_at_once(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    """Even while the source waits for a vendor that does not answer."""
    sandbox.fault("cursor", Fault("filtered-usage-events", effect="hang", times=None, after=2))
    with source.start(*source.reading(config, [EVENTS])) as process:
        while b'"RECORD"' not in process.stdout.readline():
            pass
        process.stdout.close()
        assert process.last_words == (1, "Nobody reads the output any more; stopped.\n")


@pytest.mark.parametrize("arguments", [("--help",), ("spec",), ("check", "--config"), ("read", "--config")])
def test_a_full_disk(source: Source, sandbox: Sandbox, config: dict[str, Any], arguments: tuple[str, ...]) -> None:
    sandbox.fault("cursor", Fault(effect="hang", times=None, after=3))
    files = [source.file("config", config), "--catalog", source.file("catalog", source.catalog(config))]
    given = {"check": files[:1], "read": files}.get(arguments[0], [])
    with open("/dev/full", "wb") as full:
        done = called(COMMAND, *arguments, *given, out=full)
    sentence = "Stdout cannot be written: No space left on device. What was written before is whole.\n"
    assert (done.returncode, done.stderr.decode()) == (1, sentence)


def test_a_disk_that_gets_full_keeps_whole_lines(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.fault("cursor", Fault("filtered-usage-events", effect="hang", times=None, after=4))
    path = source.folder / "out.jsonl"
    with path.open("wb") as file:
        done = called(
            COMMAND,
            *source.reading(config),
            out=file,
            limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_001, 50_001)),
        )
    assert done.returncode == 1
    assert done.stderr == b"Stdout cannot be written: File too large. What was written before is whole.\n"
    assert path.read_bytes().endswith(b"\n")
    assert parse(1, path.read_bytes()).of("RECORD")


@pytest.mark.parametrize("room", [0, 3, 8])
def test_what_was_in_the_file_before_is_kept(tmp_path: Path, room: int) -> None:
    """As with >>. A line that does not fit removes nothing else."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"before\n")
    program = "from source_unified_usage.stdout import Stdout; out = Stdout(1)\nfor _ in 'ab': out.write(b'after\\n')"
    limit = path.stat().st_size + room
    shell = f'exec {sys.executable} -c "$0" >> {path}'
    done = called("sh", "-c", shell, program, limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1
    assert path.read_bytes() == b"before\n" + b"after\n" * (room // 6)


@pytest.mark.parametrize("argument", ["spec", "--version"])
def test_a_closed_stdout(argument: str) -> None:
    done = called("sh", "-c", f'"{COMMAND}" {argument} >&-')
    assert (done.returncode, done.stderr) == (1, b"Stdout is closed; the messages go there.\n")


def test_a_reader_that_does_not_want_to_wait_gets_whole_lines() -> None:
    """A pipe that the other side has set to non-blocking."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    program = "from source_unified_usage.stdout import Stdout; Stdout(1).write(b'x' * 999_999 + b'\\n')"
    with subprocess.Popen([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        with open(reading, "rb") as file:
            assert len(file.read()) == 1_000_000
        assert process.wait(60) == 0


def test_too_many_open_files(source: Source, config: dict[str, Any]) -> None:
    program = (
        "import os, resource; from source_unified_usage import entrypoint, run, source\n"
        "read = source.SourceUnifiedUsage.read\n"
        "def limited(*given, **named):\n"
        "    held = len(os.listdir('/proc/self/fd')) - 1\n"  # without the one that lists them
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (held, held))\n"
        "    return read(*given, **named)\n"
        "source.SourceUnifiedUsage.read = limited\n"
        "run.run()"
    )
    done = called(sys.executable, "-c", program, *source.reading(config))
    output = parse(done.returncode, done.stdout)
    assert (output.code, done.stderr) == (1, b"")
    assert output.traces
    assert all(trace["message"].count("Too many open files: raise the limit") for trace in output.traces)
    assert "Traceback" not in output.text


def test_no_memory_for_a_thread(source: Source, config: dict[str, Any]) -> None:
    program = (
        "import resource, threading; from source_unified_usage import entrypoint, run\n"
        "threading.stack_size(256 << 20)\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (900 << 20),) * 2)\n"
        "run.run()"
    )
    done = called(sys.executable, "-c", program, *source.reading(config))
    (trace,) = parse(done.returncode, done.stdout).traces
    assert (done.returncode, done.stderr) == (1, b"")
    assert trace["message"].startswith("No further thread can be started: raise the limit")
    assert trace.get("stack_trace") is None
