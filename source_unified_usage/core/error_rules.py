"""What an error answer means: a table of rules for each vendor, read from top to bottom, followed by HTTP's own."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, SourceError


class Asked(NamedTuple):
    """An error answer. `message`: the vendor's message. `body`: parsed, where it is JSON. `api`: which asked."""

    api: Any
    status: int
    message: str
    answer: requests.Response
    body: Any = None

    @property
    def path(self) -> str:
        """With its query."""
        return self.answer.request.path_url or ""


RETRY = None  # as the error of a rule: the failure is temporary, ask again


class ErrorRule(NamedTuple):
    """A line of a vendor's table. The first rule that fits an error answer says what it means.

    It fits when the status is one of `statuses`, `message` and `path` are found in the vendor's message (case ignored)
    and in the path, and `when` holds. `error`: the class to raise, or RETRY. `advice`: what to do now; `{option}` and
    `{base_url}` stand for the key's option and the address, other names for groups of `message` and for entries of
    `Api.facts`.
    """

    statuses: Collection[int]
    error: type[SourceError] | None
    advice: str = ""
    message: str = ""
    path: str = ""
    when: Callable[[Asked], bool] | None = None

    def fits(self, asked: Asked) -> bool:
        return (
            asked.status in self.statuses
            and re.search(self.message, asked.message, re.IGNORECASE) is not None
            and re.search(self.path, asked.path) is not None
            and (self.when is None or self.when(asked))
        )

    def advise(self, asked: Asked, facts: Mapping[str, str]) -> str:
        """The advice with its names filled in."""
        found = re.search(self.message, asked.message, re.IGNORECASE)
        return self.advice.format_map({**facts, **(found.groupdict() if found else {})})


ANY_STATUS = range(100, 600)
SERVER_ERRORS = range(500, 600)

# RFC 9110 and 6585, as the contract's section 8 sorts them. 202: not ready yet, 206: only a part of it came.
_HTTP_ERRORS = (
    ErrorRule((202, 206, 408, 409, 425, 429, *SERVER_ERRORS), RETRY),
    ErrorRule((401,), KeyRefused, "Check that {option} is right and not revoked."),
    ErrorRule((403,), ConfigError, "Give {option} the permission it lacks."),
    ErrorRule((204,), BrokenContract, "It says that there is no answer, which is not documented."),
    ErrorRule((404, 405), ConfigError, "Check base_url ({base_url})."),
    ErrorRule(ANY_STATUS, ConfigError, "Check the configuration."),
)


def classify_error(rules: Iterable[ErrorRule], asked: Asked) -> ErrorRule:
    """The first rule that fits: one of the vendor's, or else HTTP's."""
    return next(rule for rule in chain(rules, _HTTP_ERRORS) if rule.fits(asked))


def redirected(answer: requests.Response) -> str:
    """What a redirect means, in a sentence that names its host, without a user and password before it."""
    try:
        host = urlsplit(answer.headers.get("Location", "")).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return (
        f"{answer.status_code}, a redirect to {host or 'another place'}, which is never followed because the key would "
        f"be sent there too. Set base_url to the API itself."
    )
