"""Runs the source as a process and sorts its output."""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from typing_extensions import Self

from integration_tests import frozen_source
from sandbox import Sandbox
from sandbox.ledger import Ledger

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 9, 22, 9, 30, tzinfo=timezone.utc)  # a Tuesday in the third week of a month
State = list[dict[str, Any]]

# A process for every run; its parent has the imports done, which take longer than most runs
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([frozen_source.__name__])
_LONGEST = 300  # seconds


@dataclass
class Output:
    """What one run wrote: messages in their order, and the same sorted by kind."""

    code: int
    text: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Records by stream, in order; none for a stream that wrote none."""
        return defaultdict(list, self._records)

    @cached_property
    def _records(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                found[message["record"]["stream"]].append(message["record"]["data"])
        return found

    @property
    def states(self) -> State:
        """The last state of every stream, as a file for the next run."""
        last = {m["state"]["stream"]["stream_descriptor"]["name"]: m["state"] for m in self.of("STATE")}
        return list(last.values())

    @property
    def traces(self) -> list[dict[str, Any]]:
        """The errors."""
        return [m["trace"]["error"] for m in self.of("TRACE") if m["trace"]["type"] == "ERROR"]

    @property
    def failed(self) -> dict[str, dict[str, Any]]:
        """The error of each stream that failed."""
        return {error["stream_descriptor"]["name"]: error for error in self.traces if error.get("stream_descriptor")}

    @property
    def failures(self) -> dict[str, str]:
        """The type of the error of each stream that failed."""
        return {stream: error["failure_type"] for stream, error in self.failed.items()}

    @property
    def errors(self) -> dict[str, str]:
        """What each stream that failed says."""
        return {stream: error["message"] for stream, error in self.failed.items()}

    @property
    def statuses(self) -> dict[str, str]:
        """The last status of every stream."""
        updates = [m["trace"]["stream_status"] for m in self.of("TRACE") if m["trace"]["type"] == "STREAM_STATUS"]
        return {update["stream_descriptor"]["name"]: update["status"] for update in updates}

    @property
    def logs(self) -> list[str]:
        return [f"{m['log']['level']} {m['log']['message']}" for m in self.of("LOG")]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def slices(self, stream: str) -> list[tuple[str, str]]:
        """The days that the last state of a stream covers, as (first, end) pairs."""
        for state in self.states:
            if state["stream"]["stream_descriptor"]["name"] == stream:
                return [(s["start"][:10], s["end"][:10]) for s in state["stream"]["stream_state"]["slices"]]
        return []


def parse(code: int, raw: bytes) -> Output:
    """Every line must be a message of the protocol."""
    return Output(code, raw.decode(), [orjson.loads(line) for line in raw.split(b"\n") if line.strip()])


def sandbox_config(sandbox: Sandbox, vendors: Iterable[str] = (), **options: Any) -> dict[str, Any]:
    """secrets.example/sandbox.json for these vendors (all when none is named) at this sandbox's port."""
    text = (ROOT / "secrets.example" / "sandbox.json").read_text().replace(":8800/", f":{sandbox.port}/")
    config: dict[str, Any] = json.loads(text)
    wanted = set(vendors) or set(sandbox.vendors)
    for name in [name for name, block in config.items() if isinstance(block, dict) and name not in wanted]:
        del config[name]
    return merged(config, options)


def merged(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The config with nested changes; None removes an option."""
    result = deepcopy(dict(config))
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


_CATALOGS: dict[str, list[dict[str, Any]]] = {}


class Running:
    """The source as a process: `stdout` is its unbuffered output, `code` is its exit code."""

    def __init__(self, arguments: Iterable[str], errors: Path, *settings: Any) -> None:
        reader, writer = _PROCESSES.Pipe(duplex=False)
        with reader, writer:
            self.stdout = open(os.dup(reader.fileno()), "rb", buffering=0)  # noqa: SIM115 - __exit__ closes it
            given = (tuple(arguments), str(ROOT), writer, str(errors), *settings)
            self._process = _PROCESSES.Process(target=frozen_source.forked, args=given)
            self._process.start()
        self._errors = errors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self._process.kill()
        self._process.join()

    @property
    def code(self) -> int:
        """The exit code, when it has ended; stderr must be empty."""
        code, said = self.last_words
        assert not said, said
        return code

    @property
    def last_words(self) -> tuple[int, str]:
        """The exit code, when it has ended, and its stderr."""
        self._process.join(_LONGEST)
        assert self._process.exitcode is not None, "it does not end"
        return self._process.exitcode, self._errors.read_text()

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()

    def send(self, number: signal.Signals) -> None:
        """A signal, while it runs."""
        assert self._process.pid
        os.kill(self._process.pid, number)


@contextmanager
def _killed_after(seconds: float, running: Running) -> Iterator[None]:
    """A source that never ends must not hold the tests: it is killed, and its exit code shows that."""
    timer = threading.Timer(seconds, running.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Source:
    """The source's command line, frozen at the time of the sandbox's clock.

    `read_timeout`: how many seconds it waits for an answer; `longest_step`: how many days its windows have at most. Its
    own numbers when None. `variables`: changes to the environment; None removes a variable.
    """

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.read_timeout: float | None = None
        self.longest_step: int | None = None
        self.variables: dict[str, str | None] = {}

    def start(self, *arguments: str) -> Running:
        now = self.sandbox.clock.now().isoformat()
        url = f"http://localhost:{self.sandbox.port}"
        errors = self.folder / "stderr.txt"
        return Running((now, url, *arguments), errors, self.read_timeout, self.longest_step, self.variables)

    def run(self, *arguments: str) -> Output:
        with self.start(*arguments) as running, _killed_after(_LONGEST, running):
            said = running.stdout.read()
            return parse(running.code, said)

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The connection status."""
        output = self.run("check", "--config", self.file("config", config))
        (status,) = output.of("CONNECTION_STATUS")
        result: dict[str, Any] = status["connectionStatus"]
        return result

    def catalog(self, config: Mapping[str, Any], streams: Iterable[str] = ()) -> dict[str, Any]:
        """A configured catalog of these streams (all when none is named)."""
        wanted = set(streams)
        return {
            "streams": [
                {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
                for stream in self._discovered(config)
                if not wanted or stream["name"] in wanted
            ]
        }

    def _discovered(self, config: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The catalog's streams; they follow from the vendors' blocks alone, so the same blocks are asked for once."""
        blocks = {name: block for name, block in config.items() if isinstance(block, Mapping)}
        key = json.dumps(blocks, sort_keys=True).replace(f":{self.sandbox.port}/", "/")
        if key not in _CATALOGS:
            output = self.run("discover", "--config", self.file("config", config))
            (catalog,) = output.of("CATALOG")
            _CATALOGS[key] = catalog["catalog"]["streams"]
        return _CATALOGS[key]

    def reading(self, config: Mapping[str, Any], streams: Iterable[str] = (), state: State | None = None) -> list[str]:
        """The arguments to read with."""
        arguments = ["read", "--config", self.file("config", config)]
        arguments += ["--catalog", self.file("catalog", self.catalog(config, streams))]
        if state is not None:
            arguments += ["--state", self.file("state", state)]
        return arguments

    def read(self, config: Mapping[str, Any], streams: Iterable[str] = (), state: State | None = None) -> Output:
        return self.run(*self.reading(config, streams, state))

    def file(self, name: str, content: Any) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)


def sums(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Decimal]:
    """Exact sums of the charges by (type, currency)."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for record in records:
        for charge in record.get("charges", ()):
            found[charge.get("type", ""), charge["currency"]] += Decimal(repr(charge["amount"]))
    return dict(found)


_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:@+,")


def expected_id(stream: str, key: Iterable[Any]) -> str:
    """The id of a ledger entry, built from the documented rule, not by the source's code."""
    return "/".join([stream, *(_expected_part(part) for part in key)])


def _expected_part(part: Any) -> str:
    if part is None or part == "" or part == {} or part == []:
        return "~"
    text = {True: "true", False: "false"}[part] if isinstance(part, bool) else part
    if isinstance(part, (dict, list, tuple)) or len(str(text)) > 64:
        canonical = json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
    if _PLAIN.issuperset(str(text)):
        return str(text)
    return "".join(c if c in _PLAIN else "".join(f"%{byte:02X}" for byte in c.encode()) for c in str(text))


def assert_conserved(output: Output, ledger: Ledger, streams: Iterable[str] = ()) -> None:
    """Every entry of the ledger came exactly once, nothing else came, and the amounts agree to the last digit."""
    records = output.records
    for stream in streams or ledger:
        entries = ledger[stream]
        expected = {expected_id(stream, entry.key): entry for entry in entries}
        assert len(expected) == len(entries), f"{stream}: the ledger's keys are not unique"
        found = Counter(record["id"] for record in records[stream])
        assert [id for id, count in found.items() if count > 1] == [], f"{stream}: emitted twice"
        assert sorted(expected.keys() - found.keys())[:5] == [], f"{stream}: missing"
        assert sorted(found.keys() - expected.keys())[:5] == [], f"{stream}: invented"
        for record in records[stream]:
            entry = expected[record["id"]]
            assert entry.start in ("", record["start_date"]), record["id"]
            assert sums([record]) == entry.charges, record["id"]
            for path, value in entry.usage.items():
                assert Decimal(repr(_at(record["usage"], path))) == value, f"{record['id']}: usage.{path}"


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[name]
    return value
