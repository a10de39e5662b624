"""Files of rows: CSV with a header line, and JSON by the line."""

import codecs
import csv
from collections.abc import Callable, Iterator
from typing import IO

from source_unified_usage.core.json_body import parse
from source_unified_usage.core.usage import Row

Reader = Callable[[IO[bytes]], Iterator[Row]]
"""The rows of a file, one after another. Raises ValueError where the file is cut or of another kind."""


def csv_rows(file: IO[bytes]) -> Iterator[Row]:
    """Rows by the names of the header, all values texts; UTF-8, with a byte order mark or without, lines of any end.

    Bytes that are no UTF-8 become U+FFFD.
    """
    lines = csv.reader(codecs.iterdecode(file, "utf-8-sig", "replace"), strict=True)
    try:
        names = [name.strip() for name in next(lines, ())]
        if not names or not all(names) or len({*names}) != len(names):
            raise ValueError("it has no header that names every column once")
        for row in lines:
            if row and len(row) != len(names):
                raise ValueError(f"line {lines.line_num} has {len(row)} fields, the header {len(names)}")
            if row:
                yield dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise ValueError(f"line {lines.line_num} is no CSV ({error})") from None


def ndjson_rows(file: IO[bytes]) -> Iterator[Row]:
    """One JSON object a line; blank lines say nothing."""
    for number, line in enumerate(file, 1):
        if not line.strip(b"\xef\xbb\xbf \t\r\n"):
            continue
        row = _json(line, number)
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is no JSON object")
        yield row


def _json(line: bytes, number: int) -> object:
    try:
        return parse(line).value
    except (ValueError, RecursionError):
        raise ValueError(f"line {number} is no JSON that can be read") from None
