"""The Confluent Cloud APIs: Basic auth with a Cloud API key, a rate limit that only headers name, tokens in URLs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.edges import STEADY_READINGS, steady
from source_unified_usage.core.error_rules import RETRY, Asked, ErrorRule
from source_unified_usage.core.errors import ConfigError, Crowded, KeyRefused, Unavailable
from source_unified_usage.core.paging import follow
from source_unified_usage.core.retry import SYNC_RETRIES, retry_after
from source_unified_usage.core.usage import Row, canonical_json

LOOK_UP_SIZE = 99  # 100 is the maximum (Confluent Cloud APIs: Org v2), one client reports that the server wants less

Token = Callable[[Answer], str | None]
Key = Callable[[Row], str]


class Expired(Unavailable):
    """The token of a page is refused: no user can mend that, the pages must be read again."""


class ConfluentApi(Api):
    """One key's view of https://api.confluent.cloud.

    One request at a time: the limit is not published, and all clients of an organization share it (as clients report).
    """

    title = "Confluent"
    role = "OrganizationAdmin or BillingAdmin on the organization"
    errors = (
        # a client got it under throttling for a day well inside the year; days before that are never asked for
        ErrorRule((400,), RETRY, message="too far in the past"),
        ErrorRule(
            (400,), Expired, "The token of a page is no longer good; the next sync tries again.", path="page_token="
        ),
        ErrorRule(
            (401,),
            KeyRefused,
            "Put a Cloud API key (scope: Cloud resource management) and its secret into confluent.api_key and "
            "api_secret; the key of a cluster or a deleted key is refused.",
        ),
        ErrorRule((403,), ConfigError, "Give the owner of confluent.api_key the role {role}."),
    )

    def observe(self, answer: requests.Response, path: str) -> None:
        remaining = answer.headers.get("X-RateLimit-Remaining") or answer.headers.get("RateLimit-Remaining")
        if remaining == "0" and answer.status_code == 200:
            reset = retry_after(answer.headers, limited=True)
            if reset is not None and reset <= SYNC_RETRIES.max_retry_after:
                self._rate_limit.hold(reset)

    def facts(self, asked: Asked) -> Mapping[str, str]:
        return {**super().facts(asked), "role": self.role}

    def listing(
        self, path: str, query: Mapping[str, Any], key: Key = canonical_json, most: int | None = None
    ) -> list[Row]:
        """All rows under `data`, page after page. Raises Crowded as soon as there are more than `most`."""
        return self.collect(lambda token: self.get(path, {**query, **token}), next_token, key, most)

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[list[Row]]:
        """The same page by page, for names: those of the pages that came are worth having."""

        def ask(token: str | None) -> Answer:
            return self.get(path, {**query, "page_token": token} if token else query)

        return map(_rows, follow(ask, next_token, _rows))

    def collect(
        self, ask: Callable[[Mapping[str, str]], Answer], token_of: Token, key: Key, most: int | None = None
    ) -> list[Row]:
        """All rows under `data` of the pages that `ask` gets. `key`: what tells them apart beside their number.

        The tokens of pages expire (Confluent Cloud Metrics API): then the pages are read again, once. A token says how
        far the list was read, so that a line of the bill which comes in meanwhile moves the others.
        """

        def read() -> list[list[Row]]:
            pages: list[list[Row]] = []
            for answer in follow(lambda token: ask({"page_token": token} if token else {}), token_of, _rows):
                pages.append(_rows(answer))
                if most is not None and sum(map(len, pages)) > most:
                    raise Crowded
            return pages

        def read_again() -> list[list[Row]]:
            try:
                return read()
            except Expired:
                return read()

        rows = steady(read_again, key)
        if rows is None:
            raise Unavailable(
                f"{self.title}, stream {self.stream}: the rows changed under every one of {STEADY_READINGS} readings; "
                "the next sync tries again."
            )
        return rows


def _rows(answer: Answer) -> list[Row]:
    """A list that is null is empty, as a client saw of clusters and Confluent's CLI plays it."""
    return answer.rows("data", nullable=True)


def next_token(answer: Answer) -> str | None:
    """The token in `metadata.next`. The host in it is never asked: it would get the key."""
    url = answer.object("metadata").get("next")
    if not url:
        return None
    token = parse_qs(urlsplit(str(url)).query).get("page_token")
    if not token:
        raise answer.broken("metadata.next has no page_token")
    return token[0]


class MetricsApi(ConfluentApi):
    """The same key's view of https://api.telemetry.confluent.cloud."""

    rate_limit = (60, 61)  # 60 a minute (Confluent Cloud Metrics API), and a second because latency varies
    role = "MetricsViewer on the organization"
