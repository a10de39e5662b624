"""What a stream reads less by than all there is: the options that narrow it, as its state remembers them."""

from collections.abc import Mapping
from typing import Any

# By option. Of a list only its members are read, an empty one narrows nothing; a flag that is true lets more through;
# anything else is another cut of the same rows, or another account.
Scope = Mapping[str, Any]


def told_by(state: Mapping[str, Any]) -> Scope:
    """The scope in a stream's state; empty in one of before there was any. Raises ValueError."""
    scope = state.get("scope") or {}
    if not isinstance(scope, Mapping):
        raise ValueError("its scope is no object")
    return scope


def widened(before: Scope, now: Scope) -> list[str]:
    """The options by which `now` lets rows through that `before` did not; one that `before` lacks is taken as it is."""
    return [option for option, value in now.items() if option in before and not _within(value, before[option])]


def _within(now: Any, before: Any) -> bool:
    if isinstance(now, list) and isinstance(before, list):
        return not before or (bool(now) and set(now) <= set(before))
    if isinstance(now, bool) and isinstance(before, bool):
        return before or not now
    return bool(now == before)
