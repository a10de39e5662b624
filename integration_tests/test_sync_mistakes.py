"""`python -m lake` with what people get wrong: one sentence each, no stack trace, no key, and nothing is read."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from integration_tests import pyairbyte
from integration_tests.harness import ROOT

pytestmark = pyairbyte.needed

duckdb: Any = pytest.importorskip("duckdb")

KEY = "crsr_0123456789abcdef"
CONFIG = {"start_date": "2026-09-01", "cursor": {"api_key": KEY}}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With a good configuration in its usual place. The command takes the signals, so they are given back."""
    monkeypatch.chdir(tmp_path)
    write(CONFIG)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def write(config: Any) -> None:
    Path("secrets").mkdir(exist_ok=True)
    Path("secrets/config.json").write_text(config if isinstance(config, str) else json.dumps(config))


def refusal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """The exit code, and the sentence on stderr; nothing is on stdout."""
    from lake.__main__ import main

    monkeypatch.setattr(sys, "argv", ["lake", *arguments])
    try:
        code = main()
    except SystemExit as end:  # argparse ends so
        code = int(end.code or 0)
    said, sentence = capsys.readouterr()
    assert said == ""
    assert KEY not in sentence
    return code, sentence


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            None,
            "The configuration file secrets/config.json cannot be read: No such file or directory. Copy "
            "secrets.example/config.json there and put your keys in, or name another file: make sync CONFIG=...",
        ),
        ('{"start_date": ', "The configuration file secrets/config.json is not valid JSON: Expecting value, line 1"),
        ("[]", "The configuration secrets/config.json is no JSON object."),
        ({"start_date": "2026-09-01"}, "secrets/config.json configures no vendor. Add the credentials of at least one"),
        (
            {"start_date": "2026-09-01", "curser": CONFIG["cursor"]},
            "secrets/config.json configures no vendor. The configuration's option curser is not known and has no "
            "effect, did you mean cursor? Add the credentials of at least one",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, config: Any, sentence: str
) -> None:
    if config is None:
        Path("secrets/config.json").unlink()
    else:
        write(config)
    code, said = refusal(capsys, monkeypatch, "sync")
    assert code == 1
    assert said.startswith(sentence)
    assert len(said.splitlines()) == 1
    assert not Path("lake.duckdb").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: command"),
        (
            ["sync", "--vendors", "claude"],
            "--vendors: secrets/config.json does not configure claude; it offers cursor.",
        ),
        (["sync", "--vendors", "curser"], "--vendors: 'curser' is no vendor. Did you mean cursor?"),
        (["sync", "--streams", "cursor_spent"], "--streams: 'cursor_spent' is no stream. Did you mean cursor_spend?"),
        (["sync", "--streams", "openai_costs"], "--streams: secrets/config.json does not configure openai_costs; it"),
        (["sync", "--into", f"postgresql://me:{KEY}@host/lake"], "--into: a password does not belong into the address"),
        (
            ["sync", "--into", f"postgresql://me:{KEY}/x@host/lake"],
            "--into: the address of the database cannot be read.",
        ),
        (["sync", "--into", "postgresql://host/lake"], "--into: the address names no user, host or database"),
        (["sync", "--into", "mysql://me@host/lake"], "--into: a database mysql:// is not known."),
        (["sync", "--into", "usage.duckdb"], "--into: DuckDB cannot tell a file 'usage.duckdb' from a schema"),
        (["sync", "--schema", "my schema"], "--schema: 'my schema' cannot hold the tables."),
        (["sync", "--schema", "usage_answers"], "--schema: 'usage_answers' cannot hold the tables."),
    ],
)
def test_a_wrong_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    code, said = refusal(capsys, monkeypatch, *arguments)
    assert code == 2
    assert sentence in said.splitlines()[-1]
    assert not Path("lake.duckdb").exists()


def test_a_file_that_is_not_duckdb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lake.duckdb").write_text("id,amount\n" * 1000)
    said = refusal(capsys, monkeypatch, "sync")
    assert said == (1, "lake.duckdb is not a DuckDB file. Name another file with --into.\n")


@pytest.mark.parametrize("into", ["file/lake.duckdb", "folder"])
def test_a_place_without_a_way_to_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, into: str
) -> None:
    Path("file").touch()
    Path("folder").mkdir()
    code, said = refusal(capsys, monkeypatch, "sync", "--into", into)
    assert code == 1
    assert said in {f"{into} cannot be used: {reason}.\n" for reason in ("Not a directory", "Is a directory")}


def test_a_file_that_another_process_has_open(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = "import duckdb; held = duckdb.connect('lake.duckdb'); print('held', flush=True); input()"
    command = [sys.executable, "-c", holding]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        said = refusal(capsys, monkeypatch, "sync")
        other.kill()
    advice = "Close it there, then sync again.\n"
    assert said == (1, f"lake.duckdb is open in another process (PID {other.pid}). {advice}")


def test_a_server_that_does_not_answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"postgresql://me@127.0.0.1:{free.getsockname()[1]}/lake"
        said = refusal(capsys, monkeypatch, "sync", "--into", place)
    assert said == (1, f"{place} cannot be used: Connection refused.\n")


def test_a_page_before_the_first_sync(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(capsys, monkeypatch, "report")
    assert said == (1, "lake.duckdb holds no models in usage_answers yet. Sync first.\n")
    assert not Path("report.html").exists()
    assert not Path("lake.duckdb").exists()


def test_one_wrong_vendor_does_not_stop_the_others() -> None:
    from lake.selection import select

    write({**CONFIG, "claude": {"admin_api_key": "<Admin key>"}, "datadog": {"api_key": "0" * 32}, "openai": {}})
    found = {one.name: one for one in select("secrets/config.json", (), ())}
    assert found.keys() == {"claude", "cursor", "datadog"}
    assert found["cursor"].wanted and not found["cursor"].mistake
    assert found["cursor"].config == CONFIG
    assert found["claude"].mistake.startswith("Still a placeholder: claude.admin_api_key.")
    assert "datadog.application_key is missing" in found["datadog"].mistake
    (only,) = (one for one in select("secrets/config.json", ["cursor"], ["cursor_spend"]) if one.wanted)
    assert only.wanted == ("cursor_spend",)
    assert not [one.mistake for one in select("secrets/config.json", ["cursor"], ()) if one.mistake]


def test_a_stream_of_a_wrong_vendor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write({**CONFIG, "cursor": {"api_key": "<key>"}, "github": {"token": "<token>"}})
    code, said = refusal(capsys, monkeypatch, "sync", "--streams", "cursor_spend")
    assert code == 1
    assert said == (
        "--streams: none of cursor can be read. Still a placeholder: cursor.api_key. Put your own value there or take "
        "it out.\n"
    )


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"api_kye": KEY}, "The configuration's option cursor.api_kye is not known and has no effect, did you"),
        ({"token": KEY}, "The configuration's option cursor.token is not known and has no effect."),
        (KEY, "The configuration is not valid: cursor must be of type object."),
    ],
)
def test_a_vendor_whose_key_is_in_the_wrong_place_is_not_left_out_silently(block: Any, sentence: str) -> None:
    from lake.selection import select

    write({**CONFIG, "cursor": block, "github": {"token": "ghp_0", "organization": "o"}, "claude": {"base_url": ""}})
    cursor, github = select("secrets/config.json", (), ())
    assert cursor.mistake.startswith(sentence)
    assert not cursor.wanted
    assert github.wanted and not github.mistake


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"start_date": "9999-01-01"}, "start_date 9999-01-01 lies in the future."),
        ({"end_date": "2026-08-01"}, "end_date 2026-08-01 lies before start_date 2026-09-01."),
        ({"start_date": "2026-02-31"}, "start_date: '2026-02-31' is no date."),
        ({"exclude_fields": ["remot_data"]}, "exclude_fields: 'remot_data' is no field of a record."),
    ],
)
def test_a_mistake_beside_the_vendors_is_said_and_not_taken_for_one_of_the_database(
    options: dict[str, Any], sentence: str
) -> None:
    from lake.selection import select

    write({**CONFIG, **options})
    (one,) = select("secrets/config.json", (), ())
    assert one.mistake.startswith(sentence)
    assert not one.wanted


def test_only_mistakes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from lake.__main__ import main

    write({**CONFIG, "cursor": {"api_key": "<key>"}, "claude": {"admin_api_key": "<Admin key>"}})
    monkeypatch.setattr(sys, "argv", ["lake", "sync"])
    assert main() == 1
    said, errors = capsys.readouterr()
    assert errors == ""
    assert [line.partition(" failed: Still a placeholder")[0] for line in said.splitlines()] == ["claude", "cursor"]


def test_one_sentence_for_what_has_one_reason() -> None:
    """Though each stream has a path of its own, and each request an id."""
    from lake.outcomes import Outcome
    from lake.sync import _sentences

    refused = '401 "invalid key" (request id {}). Set claude.admin_api_key.'
    found = [
        Outcome(stream, "failed", f"Claude, stream {stream}, /v1/{stream.upper()}: {refused.format(place)}")
        for place, stream in enumerate(["claude_cost", "claude_usage"])
    ]
    other = Outcome("claude_spend", "failed", "Claude, stream claude_spend, /v1/cost: 503. The next sync reads it.")
    whole = Outcome("claude_users", "ok")
    assert _sentences([*found, other, whole]) == [
        f"{found[0].reason} The same goes for claude_usage.",
        other.reason,
    ]


@pyairbyte.imported
def test_why_pyairbyte_gave_up_a_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk. Its process ends, and the next vendor gets the database."""
    from lake.connector import Connector, Turn
    from lake.reading import VendorSync
    from lake.selection import select

    given_up = []

    def read(self: Any, *_: Any) -> None:
        lines = self._connector.execute(["read"])
        given_up.append((next(lines), lines))
        raise OSError(errno.ENOSPC, "No space left on device")

    message = '{"type": "LOG", "log": {"level": "INFO", "message": "reading"}}'
    monkeypatch.setattr(Connector, "_cli", [sys.executable, "-uc", f"print('{message}'); import time; time.sleep(99)"])
    monkeypatch.setattr(VendorSync, "_read_into_database", read)
    monkeypatch.setattr("lake.reading.ab.Source", MagicMock())
    turn = Turn()
    (selected,) = select("secrets/config.json", (), ())
    for _ in range(2):
        said = VendorSync(selected, MagicMock(), turn, MagicMock())._read(full_refresh=False)
        assert said == f"The rows could not be kept in {tempfile.gettempdir()}: No space left on device."
    assert len(given_up) == 2


@pyairbyte.imported
def test_what_duckdb_failed_of_first_is_said() -> None:
    from lake.reading import _reason

    first = OSError('(_duckdb.FatalException) FATAL Error: Could not write file "l.duckdb": No space left on device')
    later = OSError("(_duckdb.FatalException) FATAL Error: Failed: database has been invalidated because of a previous")
    later.__context__ = OSError("database has been invalidated")
    later.__context__.__context__ = first
    assert _reason(later) == 'FATAL Error: Could not write file "l.duckdb": No space left on device'


def test_a_full_disk_below_the_output() -> None:
    write({**CONFIG, "cursor": {"api_key": "<key>"}})
    command = [sys.executable, "-m", "lake", "sync"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "The output cannot be written: No space left on device.\n")
