"""The Datadog Usage Metering API: two key headers, a limit that only headers name, cursors inside the answers."""

from collections.abc import Iterator, Mapping
from typing import Any

import requests
from pendulum import DateTime

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import Asked, ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.retry import retry_after, seconds_until

# As Datadog's own clients send it
_ACCEPT = {"Accept": "application/json;datetime-format=rfc3339"}
_LONGEST_WAIT = 3600  # the longest period that recordings of Datadog's clients show
_UNNAMED_WAIT = 30  # the shortest period that a client reports


def _from_the_edge(asked: Asked) -> bool:
    """Unknown keys are refused before the API is reached, with a code in the body; a missing scope is not.

    As recordings of Datadog's clients show.
    """
    return isinstance(asked.body, Mapping) and "status" in asked.body and "code" in asked.body


_COST_PERMISSIONS = (
    "Give the application key the permissions usage_read and billing_read (scopes and role of its owner; the Datadog "
    "Admin role has both). With both in place "
)
_RESOLD = "the organization is billed through a marketplace or reseller: deselect the stream then.{or_a_child}"
_USAGE_PERMISSION = "Give the application key the permission usage_read (scope and role of its owner)"
_META = {"data": "meta", "usage": "metadata"}  # where pages name the next one, by the name of their list


class DatadogApi(Api):
    """One pair of keys' view of https://api.<site>."""

    title = "Datadog"
    # All usage paths share one bucket of unpublished size, as recordings of Datadog's clients show; one request at a
    # time never asks without having seen how many are left
    parallel = 1
    errors = (
        ErrorRule(
            (403,),
            KeyRefused,
            "Check datadog.api_key, datadog.application_key and datadog.site; the connection check tells which of them "
            "is wrong.",
            when=_from_the_edge,
        ),
        ErrorRule(
            (403,),
            ConfigError,
            f"{_COST_PERMISSIONS}the plan has no cost attribution (Enterprise), or {_RESOLD}",
            path=r"^[^?]*cost_by_tag",
        ),
        ErrorRule((403,), ConfigError, f"{_COST_PERMISSIONS}{_RESOLD}", path=r"^[^?]*cost"),
        ErrorRule(
            (403,),
            ConfigError,
            f"{_USAGE_PERMISSION} and the plan must include usage attribution (Enterprise).{{or_a_child}}",
            path=r"^[^?]*attribution",
        ),
        ErrorRule((403,), ConfigError, f"{_USAGE_PERMISSION}.{{or_a_child}}"),
        ErrorRule(
            (400,),
            ConfigError,
            "Datadog shows this to the parent organization only. Use keys of the parent organization, or deselect the "
            "stream.",
            message="non-parent",
        ),
    )

    def __init__(self, base_url: str, credential: Credential) -> None:
        super().__init__(base_url, credential)
        self._answered: set[str] = set()  # paths, by whichever stream

    def observe(self, answer: requests.Response, path: str) -> None:
        if answer.status_code == 200:
            self._answered.add(path)
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            wait = _until_next_window(answer.headers)
            if wait is not None and wait <= _LONGEST_WAIT:
                self._rate_limit.hold(wait)

    def retry_after(self, answer: requests.Response, body: Any) -> float | None:
        wait = retry_after(answer.headers, limited=False)
        if wait is not None or answer.status_code != 429:
            return wait
        wait = _until_next_window(answer.headers)
        return _UNNAMED_WAIT if wait is None else wait

    def facts(self, asked: Asked) -> Mapping[str, str]:
        return {**super().facts(asked), "or_a_child": self.of_a_child(asked.message)}

    def of_a_child(self, message: str) -> str:
        """What else a 403 may mean where child organizations get the same message (DataDog/documentation#6454)."""
        if "access was denied" not in message.lower():
            return ""
        read = f" The same keys have already read {' and '.join(sorted(self._answered))}." if self._answered else ""
        return (
            " Or the keys are of a child organization, and Datadog shows this to the parent organization only: use "
            f"keys of the parent organization then.{read}"
        )

    def ask(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        return self.get(path, query, _ACCEPT)

    def pages(
        self, path: str, query: Mapping[str, str], *, rows: str = "data", cursor: str = "next_record_id"
    ) -> Iterator[Answer]:
        """Page after page, until the next record is absent, null or empty: all are met, as clients and users report.

        `rows` is the name of their list. Raises BrokenContract on a loop.
        """
        meta = _META[rows]

        def following(answer: Answer) -> str | None:
            pagination = answer.object(meta).get("pagination") or {}
            if not isinstance(pagination, Mapping):
                raise answer.broken("'pagination' is not an object")
            return pagination.get("next_record_id") or None

        return self.follow(path, query, cursor, following, lambda answer: answer.rows(rows), _ACCEPT)


def flag(value: bool) -> str:
    """A boolean as the API spells it in a query."""
    return "true" if value else "false"


def hour(moment: DateTime) -> str:
    """An hour as the API takes it; not every endpoint takes anything longer (opencost/opencost-plugins#85)."""
    return moment.format("YYYY-MM-DD[T]HH")


def _until_next_window(headers: Mapping[str, str]) -> float | None:
    """Seconds until requests are taken again, and one more, because the header counts whole seconds.

    The reset is documented in seconds (Rate Limits); another intake of Datadog sends an epoch
    (DataDog/dd-trace-py#17170).
    """
    for name in ("X-RateLimit-Reset", "X-RateLimit-Period"):
        if (seconds := seconds_until(headers.get(name), headers)) is not None:
            return seconds if seconds >= _LONGEST_WAIT else seconds + 1
    return None
