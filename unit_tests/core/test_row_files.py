"""Files of rows, as vendors and spreadsheets write them."""

import io
from typing import Any

import pytest

from source_unified_usage.core.row_files import Reader, csv_rows, ndjson_rows


def read(reader: Reader, content: bytes) -> list[Any]:
    return list(reader(io.BytesIO(content)))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    "lines",
    [
        [b"a,b", b"1,", b"x,y"],
        [b'"a","b"', b'"1",""', b'"x","y"'],
        [b" a ,b", b"1,", b"", b"x,y"],
    ],
)
def test_csv_by_the_names_of_the_header(mark: bytes, end: bytes, last: bool, lines: list[bytes]) -> None:
    content = mark + end.join(lines) + (end if last else b"")
    assert read(csv_rows, content) == [{"a": "1", "b": ""}, {"a": "x", "b": "y"}]


def test_a_field_may_hold_all_that_divides_fields_and_lines() -> None:
    assert read(csv_rows, b'a,b\n"one, ""two""\r\nthree",caf\xc3\xa9\n') == [{"a": 'one, "two"\r\nthree', "b": "café"}]
    assert read(csv_rows, b"a\ncaf\xe9\n") == [{"a": "caf\ufffd"}]


def test_a_header_alone_says_that_there_are_no_rows() -> None:
    assert read(csv_rows, b"a,b\r\n") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no header"),
        (b"a,,b\n1,2,3\n", "no header"),
        (b"a,b,a\n1,2,3\n", "no header"),
        (b"a,b\n1\n", "line 2 has 1 fields, the header 2"),
        (b"a,b\n1,2,3\n", "line 2 has 3 fields, the header 2"),
        (b'a,b\n1,"cut', "line 2 is no CSV"),
        (b'a,b\n1,"x"y\n', "line 2 is no CSV"),
        (b"a\n" + b"x" * 200_000, "line 2 is no CSV"),
    ],
)
def test_csv_that_is_cut_or_none(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(csv_rows, content)


def test_json_by_the_line() -> None:
    content = b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": [2]}\n\xef\xbb\xbf\n'
    assert read(ndjson_rows, content) == [{"a": 1}, {"a": [2]}]
    assert read(ndjson_rows, b"") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": 1}\n{"a": ', "line 2 is no JSON that can be read"),
        (b"<html>", "line 1 is no JSON that can be read"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "line 1 is no JSON that can be read"),
        (b'{"a": 1}\n[1]\n', "line 2 is no JSON object"),
    ],
)
def test_json_that_is_cut_or_none(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(ndjson_rows, content)
