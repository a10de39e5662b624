"""Mapping tests from sample answers: what a stream makes of them, whole, against the records written down beside.

With WRITE_RECORDS=1 in the environment the records are written anew; read the difference before it is kept.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pendulum
import requests_mock
from jsonschema import Draft7Validator

from source_unified_usage.core.schema import usage_schema
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import Window
from source_unified_usage.vendors import VENDORS

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One stream, the answers to its requests by method and path in their order, and the days it reads.

    An answer is the name of a sample file, a `name#member` of one, or the body itself.
    """

    stream: str
    answers: Mapping[str, Sequence[Any]]
    start: str
    end: str
    config: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.stream


def sample(vendor: str, name: str) -> Any:
    """A sample file's content, or the member of it after `#`."""
    file, _, member = name.partition("#")
    content = _file(vendor, file)
    return content[member] if member else content


@cache
def _file(vendor: str, name: str) -> Any:
    return json.loads((HERE / vendor / "samples" / f"{name}.json").read_text())


def window(start: str, end: str) -> Window:
    """Days from start (inclusive) to end (exclusive)."""
    return Window(pendulum.parse(start), pendulum.parse(end))  # type: ignore[arg-type]


def stream_of(vendor: str, config: Mapping[str, Any], name: str) -> UsageStream:
    """A stream as this block of the config offers it."""
    (cls,) = (cls for cls in VENDORS if cls.name == vendor)
    return {stream.name: stream for stream in cls(config).streams()}[name]


def records(stream: UsageStream, window: Window) -> list[dict[str, Any]]:
    """What the stream emits for a window, as JSON."""
    return records_of(stream, stream.rows(window))


def records_of(stream: UsageStream, items: Iterable[Any]) -> list[dict[str, Any]]:
    """What the stream makes of items, as JSON; nothing is asked for."""
    return [orjson.loads(orjson.dumps(usage)) for item in items for usage in stream.usages(item)]


def items(vendor: str, answers: Mapping[str, Sequence[Any]], stream: UsageStream, window: Window) -> list[Any]:
    """What the stream's `rows` make of sample answers; `usages` of them needs no vendor any more."""
    with requests_mock.Mocker() as server:
        mock_answers(server, vendor, answers)
        return list(stream.rows(window))


def mock_answers(server: requests_mock.Mocker, vendor: str, answers: Mapping[str, Sequence[Any]]) -> None:
    """Serve the answers of a case at whatever host."""
    for path, bodies in answers.items():
        method, _, route = path.partition(" ")
        served = [{"json": sample(vendor, body) if isinstance(body, str) else body} for body in bodies]
        server.register_uri(method, re.compile(rf"^https://[^/]+{re.escape(route)}(\?|$)"), served)


def assert_mapped(vendor: str, case: Case, config: Mapping[str, Any]) -> None:
    """The case's records are those written down, valid, and none is left out."""
    with requests_mock.Mocker() as server:
        mock_answers(server, vendor, case.answers)
        found = records(stream_of(vendor, {**config, **case.config}, case.stream), window(case.start, case.end))
    assert_valid(found)
    path = HERE / vendor / "records" / f"{case}.json"
    if os.environ.get("WRITE_RECORDS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(path.read_text())
    assert found


def assert_valid(found: Iterable[Mapping[str, Any]]) -> None:
    """Every record fits the schema, says nothing empty outside remote_data, and ids do not repeat."""
    validator = Draft7Validator(usage_schema())
    ids = []
    for record in found:
        assert not list(validator.iter_errors(record)), record
        assert empties({**record, "remote_data": 1}) == [], record
        ids.append(record["id"])
    assert len(set(ids)) == len(ids)


def empties(value: Any) -> list[Any]:
    if value is None or value == "" or value == {} or value == []:
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [empty for part in parts for empty in empties(part)]
