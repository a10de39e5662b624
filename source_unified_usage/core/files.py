"""The files that the user names: configuration, catalog and state, each mistake in one sentence."""

import codecs
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
)

from source_unified_usage.core.errors import ConfigError

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def read_config(path: str) -> dict[str, Any]:
    """Raises ConfigError, as all here do."""
    config = _json("configuration", path, _text("configuration", path))
    if not isinstance(config, dict):
        raise ConfigError(f"The configuration {path} is no JSON object.")
    return config


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    catalog = _json("catalog", path, _text("catalog", path))
    try:
        configured = ConfiguredAirbyteCatalogSerializer.load(catalog)
    except Exception:  # noqa: BLE001 - whatever the serializer raises, the file is wrong
        raise ConfigError(
            f'The catalog file {path} is no configured catalog. It must look like {{"streams": [{{"stream": ..., '
            f'"sync_mode": "incremental", "destination_sync_mode": "append_dedup"}}]}}, with each stream as discover '
            f"lists it; the README shows how to make it from discover's output."
        ) from None
    counts = Counter(one.stream.name for one in configured.streams)
    # two readers of one stream would share its windows, and may wait for each other for ever
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ConfigError(f"The catalog file {path} names more than once: {', '.join(twice)}. Keep each stream once.")
    return configured


def read_state(path: str | None) -> list[AirbyteStateMessage]:
    """One state per stream, from Airbyte's list of states, a GLOBAL state, or the STATE messages of a read, one a line.

    An empty file, list or object is no state.
    """
    text = _text("state", path) if path else ""
    if not text.strip():
        return []
    try:
        return [AirbyteStateMessageSerializer.load(state) for state in _stream_states(_documents(path or "", text))]
    except ConfigError:
        raise
    except Exception:  # noqa: BLE001 - as above
        raise ConfigError(
            f"The state file {path} is no state of this source. Give it the last STATE message of each stream of an "
            f"earlier read, as the README shows, or leave --state out: everything is then read from the start."
        ) from None


def _stream_states(content: Any) -> Iterator[dict[str, Any]]:
    """The per-stream states in any of these forms. Raises ValueError or KeyError for anything else."""
    if not content:
        return
    for message in content if isinstance(content, list) else [content]:
        state = message["state"] if message.get("type") == "STATE" else message
        if state.get("global"):
            if state["global"].get("shared_state"):
                raise ValueError("nothing here is shared by streams")
            for stream in state["global"]["stream_states"]:
                yield {"type": "STREAM", "stream": stream}
        elif state.get("type", "STREAM") == "STREAM":
            yield {"type": "STREAM", "stream": state["stream"]}
        else:
            raise ValueError(f"no state of a stream: {state['type']}")


def _documents(path: str, text: str) -> Any:
    """The file's JSON, or the list of its lines' JSON."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        with suppress(ValueError):
            return [json.loads(line) for line in lines]
    return _json("state", path, text)


def _text(what: str, path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ConfigError(f"The {what} file {path} cannot be read: {error.strerror}.") from None
    if content.startswith(_WIDE) or b"\0" in content[:4]:
        raise ConfigError(f"The {what} file {path} is encoded in UTF-16 or UTF-32. Save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"byte {content[error.start]:#04x} in line {line}"
        raise ConfigError(f"The {what} file {path} is not encoded in UTF-8 ({place}). Save it as UTF-8.") from None


def _json(what: str, path: str, text: str) -> Any:
    if not text.strip():
        raise ConfigError(f"The {what} file {path} is empty.")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        remark = " (JSON has no comments)" if text[error.pos : error.pos + 1] in ("/", "#") else ""
        place = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"The {what} file {path} is not valid JSON: {error.msg}, {place}{remark}.") from None
    except RecursionError:
        raise ConfigError(f"The {what} file {path} is nested too deep.") from None
