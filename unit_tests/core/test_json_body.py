"""Bodies that strict JSON refuses although their meaning is clear."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.json_body import parse


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b'{"a": "caf\xe9"}', {"a": "caf\ufffd"}),
        (rb'{"a": "cut \ud83d"}', {"a": "cut \ufffd"}),
        (rb'{"a": "\ude00 cut"}', {"a": "\ufffd cut"}),
        (rb'{"a": "\ud83d\ud83d\ude00"}', {"a": "\ufffd\U0001f600"}),
        (rb'{"a": "\\ud83d", "b": "\ud83d"}', {"a": r"\ud83d", "b": "\ufffd"}),
        (b'{"a": "two\nlines"}', {"a": "two\nlines"}),
        (b'{"a": 1e400, "b": -1e400, "c": 1.5}', {"a": "1e400", "b": "-1e400", "c": 1.5}),
        (b'{"a": %s, "b": 7}' % (b"9" * 400), {"a": "9" * 400, "b": 7}),
        (b'{"a": 1e400, "b": 123456789012345678901234567890}', {"a": "1e400", "b": 123456789012345678901234567890.0}),
        (b'{"a": NaN, "b": Infinity}', {"a": "NaN", "b": "Infinity"}),
    ],
)
def test_what_strict_json_refuses_is_repaired(content: bytes, value: Any) -> None:
    assert parse(content) == (value, True)
    assert orjson.loads(orjson.dumps(value)) == value  # it can leave the source


@pytest.mark.parametrize(
    "content", [b"", b'{"data": [', b'{"a": "\\ud83d', b"<html>", b'{"a": 1} {"b": 2}', b"\xff\xfe"]
)
def test_what_is_cut_off_or_no_json_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        parse(content)


def test_what_is_nested_too_deep_is_an_error_of_its_own() -> None:
    with pytest.raises(RecursionError):
        parse(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_JSON)
def test_json_is_read_as_it_is(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == (value, False)


@given(_JSON)
def test_a_byte_order_mark_changes_nothing(value: Any) -> None:
    assert parse(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=False).encode()) == (value, True)


@given(st.text(alphabet=st.characters(categories=["Cs", "Ll", "Po"]), max_size=8))
def test_lone_surrogates_are_replaced(text: str) -> None:
    found, _ = parse(json.dumps({"a": text}).encode())
    assert orjson.loads(orjson.dumps(found)) == found
    assert [c for c in found["a"] if c != "\ufffd"] == [
        c for c in text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if c != "\ufffd"
    ]
