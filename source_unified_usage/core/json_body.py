"""The JSON of a body, also where a person would read what the strict parser refuses."""

import json
import re
from math import isfinite
from typing import Any, NamedTuple

import orjson

from source_unified_usage.core.errors import ran_out


class Parsed(NamedTuple):
    value: Any
    mended: bool  # characters or figures were not JSON as RFC 8259 has it


# Pairs of surrogates and other escapes pass, a half of a pair is caught: `\\ud83d` is a backslash and text.
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.S
)
_64_BITS = range(-(2**63), 2**64)


def parse(content: bytes) -> Parsed:
    """What the body says. Raises ValueError when it is no JSON, as when it ends early; RecursionError when too deep.

    Where orjson refuses it: a byte order mark is dropped, bytes that are no UTF-8 and halves of surrogate pairs become
    U+FFFD, control characters in text stay, and a figure that no JSON number can hold is kept as the text that it is:
    harmless where it is only kept, an error of its row where it is needed.
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
