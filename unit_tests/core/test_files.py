"""The files that the user names: what is read, and the one sentence for what is not."""

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.files import read_catalog, read_config, read_state
from source_unified_usage.core.window import Covered
from source_unified_usage.source import SourceUnifiedUsage

CONFIG = '{"start_date": "2026-01-01", "cursor": {"api_key": "crsr_ü"}}'
SLICES = {"state_type": "date-range", "slices": [{"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}]}


def state_of(name: str, state: Any = SLICES) -> dict[str, Any]:
    return {"stream_descriptor": {"name": name}, "stream_state": state}


def message_of(name: str) -> dict[str, Any]:
    return {"type": "STREAM", "stream": state_of(name), "sourceStats": {"recordCount": 3.0}}


def lines(*messages: Any) -> str:
    return "".join(f"{json.dumps(message)}\n" for message in messages)


@pytest.mark.parametrize("content", [CONFIG.encode(), codecs.BOM_UTF8 + CONFIG.encode()])
def test_a_config_in_utf_8(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    assert read_config(str(path)) == json.loads(CONFIG)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (CONFIG.encode("utf-16"), "is encoded in UTF-16 or UTF-32. Save it as UTF-8."),
        (CONFIG.encode("utf-16-le"), "is encoded in UTF-16 or UTF-32. Save it as UTF-8."),
        (CONFIG.encode("utf-32"), "is encoded in UTF-16 or UTF-32. Save it as UTF-8."),
        (b"\n" + CONFIG.encode("latin-1"), "is not encoded in UTF-8 (byte 0xfc in line 2). Save it as UTF-8."),
        (b"", "is empty."),
        (codecs.BOM_UTF8 + b" \n", "is empty."),
        (b"{", "is not valid JSON: Expecting property name enclosed in double quotes, line 1, column 2."),
        (
            b'{"cursor": {\n  // the key\n  "api_key": "crsr_secret"}}',
            "is not valid JSON: Expecting property name enclosed in double quotes, line 2, column 3 "
            "(JSON has no comments).",
        ),
        (b"[" * 100_000, "is nested too deep."),
    ],
)
def test_a_config_that_cannot_be_read(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        read_config(str(path))
    assert str(raised.value) == f"The configuration file {path} {sentence}"


def test_a_config_that_is_no_object_or_no_file(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"list\.json is no JSON object\.$"):
        read_config(str(tmp_path / "list.json"))
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory\.$"):
        read_config(str(tmp_path))
    with pytest.raises(ConfigError, match=r"cannot be read: No such file or directory\.$"):
        read_config(str(tmp_path / "none.json"))


def test_the_config_is_written_nowhere(tmp_path: Path) -> None:
    config = {"start_date": "2026-01-01", "cursor": {"api_key": "crsr_1"}}
    assert SourceUnifiedUsage().configure(config, str(tmp_path)) == config
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [[], {}, {"type": "CATALOG", "catalog": {"streams": []}}, {"streams": [{"name": "cursor_spend"}]}]
)
def test_what_is_no_configured_catalog(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"is no configured catalog\. It must look like .* discover's output\.$"):
        read_catalog(str(path))


def test_a_stream_that_the_catalog_names_twice_is_refused(tmp_path: Path) -> None:
    """Two readers of one stream would share its state and its windows: rows come twice, and the read may never end."""
    spend, events = (
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["incremental"]},
            "sync_mode": "incremental",
            "destination_sync_mode": "append_dedup",
        }
        for name in ("cursor_spend", "cursor_usage_events")
    )
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [spend, events]}))
    assert [configured.stream.name for configured in read_catalog(str(path)).streams] == [
        "cursor_spend",
        "cursor_usage_events",
    ]
    path.write_text(json.dumps({"streams": [spend, events, spend]}))
    with pytest.raises(ConfigError, match=r"names more than once: cursor_spend\. Keep each stream once\.$"):
        read_catalog(str(path))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([message_of("a"), message_of("b")]),
        json.dumps([message_of("a"), message_of("b")], indent=2),
        json.dumps([{"stream": state_of("a")}, {"stream": state_of("b")}]),
        json.dumps(
            {"type": "GLOBAL", "global": {"shared_state": None, "stream_states": [state_of("a"), state_of("b")]}}
        ),
        json.dumps([{"type": "GLOBAL", "global": {"stream_states": [state_of("a"), state_of("b")]}}]),
        lines(*({"type": "STATE", "state": message_of(name)} for name in "ab")),
        lines(message_of("a"), message_of("b")),
        lines(message_of("a"), message_of("b")).replace("\n", "\r\n"),
        json.dumps([{"type": "STATE", "state": message_of(name)} for name in "ab"]),
    ],
)
def test_the_forms_of_a_state(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    found = {state.stream.stream_descriptor.name: vars(state.stream.stream_state) for state in read_state(str(path))}  # type: ignore[union-attr]
    assert found == {"a": SLICES, "b": SLICES}
    assert Covered.from_state(found["a"]).windows


def test_one_state_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"type": "STATE", "state": message_of("a")}))
    assert len(read_state(str(path))) == 1


@pytest.mark.parametrize("text", ["", "\n", "[]", "{}", "null", "\ufeff[]"])
def test_no_state(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    assert read_state(str(path)) == []
    assert read_state(None) == []


@pytest.mark.parametrize(
    "content",
    [
        {"start_date": "2026-03-06"},
        {"cursor_spend": {"start_date": "2026-03-06"}},
        [{"start_date": "2026-03-06"}],
        [{"type": "LEGACY", "data": {"cursor_spend": {"start_date": "2026-03-06"}}}],
        {"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": [state_of("a")]}},
        [{"type": "STREAM"}],
        [{"type": "STREAM", "stream": {"stream_state": SLICES}}],
        [{"type": "RECORD", "record": {}}],
        "2026-03-06",
        5,
        [5],
    ],
)
def test_what_is_no_state(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"is no state of this source\. .* everything is then read from the start\.$"):
        read_state(str(path))


def test_a_state_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(lines(message_of("a")) + '{"type": "STR')
    with pytest.raises(ConfigError, match=r"^The state file .* is not valid JSON: Extra data, line 2, column 1\.$"):
        read_state(str(path))
