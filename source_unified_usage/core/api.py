"""One HTTP conversation with a vendor: base URL, credential, rate limit, retries, and errors that say what to do."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from typing_extensions import Self

from source_unified_usage import __version__
from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.authentication import Credential, Refusal
from source_unified_usage.core.error_rules import RETRY, Asked, ErrorRule, classify_error
from source_unified_usage.core.errors import (
    BrokenContract,
    ConfigError,
    KeyRefused,
    Unavailable,
    ran_out,
    reason_of,
)
from source_unified_usage.core.json_body import parse
from source_unified_usage.core.messages import network_message, vendor_message
from source_unified_usage.core.network import authorities, proxies_for, proxy_for, setup_fault, wants_password
from source_unified_usage.core.progress import StreamStats, logger
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.retry import (
    CHECK_RETRIES,
    LOOKUP_RETRIES,
    SYNC_RETRIES,
    Backoff,
    RetryPolicy,
    retry_after,
)
from source_unified_usage.core.transport import MOST_BYTES, Adapter, TooLarge, answer_within, body_of
from source_unified_usage.core.window_queue import WindowQueue

_ANSWERS = {200, 201, 203}  # 201 (created) and 203 (changed by a proxy) have the same body
_USER_AGENT = f"source-unified-usage/{__version__} (https://github.com/source-unified-usage/source-unified-usage)"


class Api:
    """A vendor's API for one stream. A vendor subclasses it with its title, rate limits and the table of its errors."""

    title: ClassVar[str]
    parallel: ClassVar[int] = 1  # windows read at once with one credential
    rate_limit: ClassVar[tuple[int, float]] = (0, 60)  # requests in seconds; 0 where the vendor publishes no figure
    errors: ClassVar[Sequence[ErrorRule]] = ()  # what error answers mean at this vendor, before HTTP's own meaning
    only_objects: ClassVar[bool] = True  # a 200 with anything else breaks the contract

    def __init__(self, base_url: str, credential: Credential) -> None:
        self.base_url, self.credential = base_url.rstrip("/"), credential
        self.stream = ""
        self.purpose = "check"
        self.retry_policy = SYNC_RETRIES
        self.for_names = False
        self.paced = 0.0
        self.stats = StreamStats("check")
        self.on_limited: Callable[[], None] = lambda: None
        self.latest: Answer | None = None
        self._mended = False
        self.account: str | None = None  # the account that the figures belong to, where the answers name it
        self.window_queue = WindowQueue(self.parallel)
        self._rate_limit = RateLimit(*self.rate_limit)
        self._session = self._new_session()

    def for_stream(
        self,
        stream: str,
        *,
        stats: StreamStats | None = None,
        on_limited: Callable[[], None] | None = None,
    ) -> Self:
        """The same API for another stream, over its own connection."""
        api = copy.copy(self)
        api.stream = stream
        api.stats = stats or api.stats
        api.on_limited = on_limited or api.on_limited
        api._session = self._new_session()
        return api

    def for_check(self, retry_policy: RetryPolicy = CHECK_RETRIES) -> Self:
        """For the probes of `check`, which must end within a minute."""
        api = self.for_stream("")
        api.retry_policy = retry_policy
        return api

    def for_lookup(self) -> Self:
        """For names: it gives up early, and a refusal does not mark the credential as refused."""
        api = self.for_stream(self.stream, stats=StreamStats(f"{self.title} look-up"))
        api.retry_policy = LOOKUP_RETRIES
        api.purpose = "look-up"
        api.for_names = True
        api.paced = 0.0
        return api

    # --- what a vendor says about itself

    def rate_limit_for(self, path: str) -> RateLimit:
        """The limit for requests to `path`: the same for all paths, unless the vendor has limits for single ones."""
        return self._rate_limit

    def facts(self, asked: Asked) -> Mapping[str, str]:
        """What the advice of an error rule may name."""
        return {"option": self.credential.option, "base_url": self.base_url}

    def retry_after(self, answer: requests.Response, body: Any) -> float | None:
        """Seconds that the vendor asks to wait."""
        return retry_after(answer.headers, limited=answer.status_code == 429)

    def observe(self, answer: requests.Response, path: str) -> None:
        """Called with every answer, for limits that only its headers name."""

    # --- requests

    def get(self, path: str, params: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        return self._send("GET", path, params=params, headers=headers)

    def post(self, path: str, json: Any, params: Any = None) -> Answer:
        return self._send("POST", path, params=params, json=json)

    def unreadable(self, error: Exception) -> BrokenContract:
        """The error for answers that cannot be read; it names the latest one."""
        reason = reason_of(error)
        if self.latest is not None:
            return self.latest.broken(f"it cannot be read ({reason})")
        return BrokenContract(f"{self.title}, {self._subject}: the vendor's answers cannot be read ({reason}).")

    @property
    def _subject(self) -> str:
        return f"stream {self.stream}" if self.stream else self.purpose

    def _send(self, method: str, path: str, **options: Any) -> Answer:
        """Ask until there is an answer or a refusal, or the retry policy gives up.

        Raises KeyRefused, ConfigError, BrokenContract or Unavailable.
        """
        source = f"{self.title}, {self._subject}, {path}"
        waits = Backoff(self.retry_policy)
        rate_limit = self.rate_limit_for(path)
        while True:
            if refused := self.credential.refused:
                raise KeyRefused(f"{source}: {refused.said}. {refused.advice}", status=refused.status)
            rate_limit.take(self._pace)
            self.stats.requests += 1
            began = clock.monotonic()
            status: int | None = None
            retry_after: float | None = None
            try:
                with answer_within(self.retry_policy.deadline):
                    answer = self._session.request(
                        method,
                        self.base_url + path,
                        timeout=self.retry_policy.timeout,
                        allow_redirects=False,
                        proxies=proxies_for(self.base_url),
                        stream=True,
                        **options,
                    )
                    content = body_of(answer)
            except TooLarge:
                raise BrokenContract(
                    f"{source}: the vendor's answer has more than {MOST_BYTES >> 20} MB; no page of it is that large."
                ) from None
            except (OSError, ValueError) as error:  # ValueError: a Location header that is no URL
                if spent := ran_out(error):
                    raise spent from None
                if fault := setup_fault(error, self.base_url):
                    raise ConfigError(f"{source}: {fault}") from None
                message = said = network_message(error)
            else:
                status = answer.status_code
                self.observe(answer, path)
                body = self._parsed(source, content)
                if status in _ANSWERS and body is not _NOT_JSON:
                    self.latest = found = Answer(source, body, answer.headers)
                    if self.only_objects and not isinstance(body, Mapping):
                        raise found.broken("it is no object")
                    return found
                retry_after = self.retry_after(answer, body)
                message = "the body is not JSON" if status in _ANSWERS else vendor_message(body, answer)
                said = f"{status} {message}{_request_id(answer)}"
                self._refuse(source, Asked(self, status, message, answer, body))
            if status == 429:
                self.on_limited()
            took = clock.monotonic() - began
            wait = waits.next(limited=status == 429, retry_after=retry_after, took=took)
            if wait is None:
                raise Unavailable(
                    self._given_up(source, status, said, retry_after), status=status, vendor_message=message
                )
            self.stats.wait(wait, f"then asking {self.title} again after: {said}")
            clock.sleep(wait)

    def _parsed(self, source: str, content: bytes) -> Any:
        """The body's JSON or _NOT_JSON. Raises BrokenContract when it is nested deeper than can be read."""
        try:
            body, mended = parse(content)
        except ValueError:
            return _NOT_JSON
        except RecursionError:
            raise BrokenContract(f"{source}: the vendor's answer is nested too deep to be read.") from None
        if mended and not self._mended:
            self._mended = True
            logger.warning(
                f"{source}: the vendor's answer is not valid JSON; characters that cannot be read were replaced by "
                f"\ufffd, the rest was read."
            )
        return body

    def _pace(self, seconds: float, why: str) -> None:
        self.paced += seconds
        self.stats.wait(seconds, f"{self.title} {why}")

    def _refuse(self, source: str, asked: Asked) -> None:
        """Raise what the vendor's error means; return when it is temporary."""
        status, answer = asked.status, asked.answer
        if status in _ANSWERS:
            return
        if 300 <= status < 400:
            host = _host(answer.headers.get("Location", "")) or "another place"
            raise ConfigError(
                f"{source}: {status}, a redirect to {host}, which is never followed because the key would be sent "
                f"there too. Set base_url to the API itself."
            )
        said = f'{status} "{asked.message}"{_request_id(answer)}'
        if status == 407:
            raise ConfigError(f"{source}: {said}. {self._of_the_proxy()}", status=status)
        rule = classify_error(self.errors, asked)
        if rule.error is RETRY:
            return
        if self.for_names:
            raise ConfigError(f"{source}: {said}.", status=status, vendor_message=asked.message)
        advice = rule.advise(asked, self.facts(asked))
        if rule.error is KeyRefused:
            self.credential.refused = Refusal(status, said, advice)
        raise rule.error(f"{source}: {said}. {advice}", status=status, vendor_message=asked.message)

    def _of_the_proxy(self) -> str:
        proxy = proxy_for(self.base_url)
        said = wants_password(proxy) if proxy else f"a proxy at {self.base_url} wants a user and a password."
        return said[0].upper() + said[1:]

    def _given_up(self, source: str, status: int | None, said: str, retry_after: float | None) -> str:
        later = "Airbyte tries again later." if self.stream else "Try again later."
        if status == 429:
            asked = f" and asks to wait {retry_after:.0f} s" if retry_after else ""
            return f"{source}: the vendor limits the rate ({said}){asked}; it did not refuse the key. {later}"
        if status is None and not self.stream:
            later = "Check base_url and the network."
        where = f" at {self.base_url}" if status is None else ""
        return f"{source}: no usable answer{where}, {said}. {later}"

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = self.credential
        session.verify = authorities()
        for scheme in ("http", "https"):
            session.mount(f"{scheme}://", Adapter())
        session.headers["User-Agent"] = _USER_AGENT
        session.headers["Accept"] = "application/json"
        return session


def _request_id(answer: requests.Response) -> str:
    """For the vendor's support; empty when the answer has none."""
    id = answer.headers.get("x-request-id") or answer.headers.get("request-id")
    return f" (request id {id})" if id else ""


def _host(url: str) -> str:
    """The host of a URL, without a user and password before it."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


_NOT_JSON = object()
