"""Reading query parameters as strictly as the platform does."""

import re
from collections.abc import Iterable

from starlette.datastructures import QueryParams

from sandbox.vendors.openai.refusals import invalid


class Query:
    """The query of one platform request; every reading method refuses what the API refuses."""

    def __init__(self, query: QueryParams) -> None:
        self._query = query

    def known(self, names: Iterable[str]) -> None:
        """Refuse a parameter that is not among the names; arrays may be spelled with brackets."""
        allowed = set(names)
        for name in self._query:
            if name.removesuffix("[]") not in allowed:
                raise invalid(name, f"Unknown parameter: '{name}'.", "unknown_parameter")

    def text(self, name: str) -> str | None:
        return self._query.get(name) or None

    def integer(self, name: str) -> int | None:
        text = self._query.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            message = f"Invalid type for '{name}': expected an integer, but got a string instead."
            raise invalid(name, message, "invalid_type")
        return int(text)

    def limit(self, default: int, maximum: int) -> int:
        limit = self.integer("limit")
        if limit is None:
            return default
        for wrong, side, bound, sign in (
            (limit > maximum, "above max", maximum, "<="),
            (limit < 1, "below min", 1, ">="),
        ):
            if wrong:
                message = f"Expected a value {sign} {bound}, but got {limit} instead."
                code = f"integer_{side.replace(' ', '_')}_value"
                raise invalid("limit", f"Invalid 'limit': integer {side}imum value. {message}", code)
        return limit

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self._query.get(name, default)
        return self._allowed(name, value, allowed)

    def array(self, name: str, allowed: tuple[str, ...] = ()) -> list[str]:
        """Repeated, comma-joined or with brackets: the API takes all three spellings."""
        values = [*self._query.getlist(name), *self._query.getlist(f"{name}[]")]
        parts = [part for value in values for part in value.split(",") if part]
        return [self._allowed(name, part, allowed) if allowed else part for part in parts]

    def boolean(self, name: str) -> bool | None:
        value = self._query.get(name)
        if value is None:
            return None
        return self._allowed(name, value.lower(), ("true", "false")) == "true"

    def everything_but(self, name: str) -> list[tuple[str, str]]:
        """The other parameters in a fixed order."""
        return sorted(item for item in self._query.multi_items() if item[0] != name)

    def _allowed(self, name: str, value: str, allowed: tuple[str, ...]) -> str:
        if value in allowed:
            return value
        names = [f"'{one}'" for one in allowed]
        listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        raise invalid(name, f"Invalid value: '{value}'. Supported values are: {listed}.")
