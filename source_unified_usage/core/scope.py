"""The options that narrow what a stream reads, as its state remembers them."""

from collections.abc import Mapping
from typing import Any

# Values by option. A list: only its members are read, and all when it is empty. A flag: true reads more. Any other
# value: a different one reads other rows.
Scope = Mapping[str, Any]
BOTH = " and "  # between the accounts of a stream that two keys read, in its state


def scope_in(state: Mapping[str, Any]) -> Scope:
    """The scope in a stream's state; empty in a state from before scopes were written. Raises ValueError."""
    scope = state.get("scope") or {}
    if not isinstance(scope, Mapping):
        raise ValueError("its scope is no object")
    return scope


def widened(before: Scope, now: Scope) -> list[str]:
    """The options with which `now` reads rows that `before` left out. One that `before` lacks counts as unchanged."""
    return [option for option, value in now.items() if option in before and not _within(value, before[option])]


def _within(now: Any, before: Any) -> bool:
    if isinstance(now, list) and isinstance(before, list):
        return not before or (bool(now) and set(now) <= set(before))
    if isinstance(now, bool) and isinstance(before, bool):
        return before or not now
    return bool(now == before)
