"""A vendor's credentials: which options of its block they are, which are missing, and which cannot be right."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Key(NamedTuple):
    """An option that holds a credential.

    `option`: its path in the vendor's block. `needs`: the options without which it is of no use. `advice`: where to get
    it, shown when it is missing.
    """

    option: str
    needs: tuple[str, ...] = ()
    advice: str = ""


def given(keys: Iterable[Key], block: Mapping[str, Any]) -> dict[Key, str]:
    """The credentials that a block holds."""
    found = {key: _value(block, key.option) for key in keys}
    return {key: str(value) for key, value in found.items() if value}


def faults(vendor: str, keys: Iterable[Key], block: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each credential that is missing or cannot be right. None of them shows a credential."""
    held = given(keys, block)
    needed = {option for key in held for option in key.needs}
    for key in keys:
        if key in held and not _is_placeholder(held[key]):
            yield from _unusable(f"{vendor}.{key.option}", held[key])
        elif key not in held and key.option in needed:
            yield f"{vendor}.{key.option} is missing. {key.advice}"


def placeholders(config: Mapping[str, Any]) -> list[str]:
    """The options that still hold the placeholder of an example: `<its secret>` or `sk-admin-...`."""
    return list(dict.fromkeys(place for place, text in _texts(config) if _is_placeholder(text)))


def _is_placeholder(text: str) -> bool:
    return (text.startswith("<") and text.endswith(">")) or text.endswith(("...", "\u2026"))


def _unusable(place: str, credential: str) -> Iterator[str]:
    # RFC 9110 allows more characters in a header, but no vendor uses them in keys: they were copied by mistake
    for position, character in enumerate(credential, 1):
        if not "!" <= character <= "~" or (position == 1 and character in "\"'"):
            name = unicodedata.name(character, "an unprintable character").lower()
            yield f"{place}: character {position} is {name} (U+{ord(character):04X}), which no key has. Copy it again."
            return


def _value(block: Any, path: str) -> Any:
    for name in path.split("."):
        block = block.get(name) if isinstance(block, Mapping) else None
    return block


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, place)
    elif isinstance(value, str):
        yield place, value
