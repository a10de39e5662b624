"""Parsing the JSON of a body, also when the strict parser refuses what a person can still read."""

import json
import re
from math import isfinite
from typing import Any, NamedTuple

import orjson

from source_unified_usage.core.errors import ran_out


class Parsed(NamedTuple):
    value: Any
    mended: bool  # it had characters or figures that RFC 8259 does not allow


# Pairs of surrogates and other escapes pass, a half of a pair is caught: `\\ud83d` is a backslash and text.
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.S
)
_64_BITS = range(-(2**63), 2**64)


def parse(content: bytes) -> Parsed:
    """The body's value. Raises ValueError when it is not JSON or ends early, RecursionError when it is nested too deep.

    When orjson refuses the body: a byte order mark is dropped, bytes that are not UTF-8 and halves of surrogate pairs
    become U+FFFD, control characters in text stay, and a figure too large for a JSON number stays text. Such a text
    does no harm in remote_data; where the figure is needed, its row is an error.
    """
    try:
        return Parsed(orjson.loads(content), mended=False)
    except orjson.JSONDecodeError as error:
        if spent := ran_out(error):
            raise spent from None
        text = content.decode(json.detect_encoding(content), "replace").removeprefix("\ufeff")
        text = _ESCAPES.sub(lambda found: r"\ufffd" if found[1] else found[0], text)
    value = json.loads(text, strict=False, parse_int=_integer, parse_float=_float, parse_constant=str)
    return Parsed(value, mended=True)


def _integer(text: str) -> int | float | str:
    """As orjson reads it: beyond 64 bits, which have 20 digits at most, the nearest float."""
    if len(text) <= 20 and (exact := int(text)) in _64_BITS:
        return exact
    return _float(text)


def _float(text: str) -> float | str:
    nearest = float(text)
    return nearest if isfinite(nearest) else text
