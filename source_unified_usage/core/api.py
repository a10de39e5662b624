"""One HTTP conversation with a vendor: base URL, credential, rate limit, retries, and errors that say what to do."""

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import requests
from typing_extensions import Self

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.authentication import Credential, Refusal
from source_unified_usage.core.error_rules import RETRY, Asked, ErrorRule, classify_error, redirected
from source_unified_usage.core.errors import BrokenContract, ConfigError, KeyRefused, Unavailable, ran_out, reason_of
from source_unified_usage.core.json_body import parse
from source_unified_usage.core.messages import network_message, request_id, vendor_message
from source_unified_usage.core.network import password_wanted, proxies_for, setup_fault
from source_unified_usage.core.paging import follow
from source_unified_usage.core.progress import StreamStats, logger
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.retry import (
    CHECK_RETRIES,
    LOOKUP_RETRIES,
    SYNC_RETRIES,
    Backoff,
    Failure,
    RetryPolicy,
    retry_after,
)
from source_unified_usage.core.transport import MOST_BYTES, TooLarge, answer_within, body_of, new_session
from source_unified_usage.core.window_queue import WindowQueue

_ANSWERS = {200, 201, 203}  # 201 (created) and 203 (changed by a proxy) have the same body
_NOT_JSON = object()


class Api:
    """A vendor's API for one stream. A vendor subclasses it with its title, rate limits and the table of its errors."""

    title: ClassVar[str]
    parallel: ClassVar[int] = 1  # windows read at once with one credential
    rate_limit: ClassVar[tuple[int, float]] = (0, 60)  # requests in seconds; 0 where the vendor publishes no figure
    limited_wait: ClassVar[float] = 2  # the first wait, in seconds, where a limited rate comes without one; it doubles
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

    def for_stream(
        self, stream: str, *, stats: StreamStats | None = None, on_limited: Callable[[], None] | None = None
    ) -> Self:
        """The same API for another stream, over its own connection."""
        api = copy.copy(self)
        api.stream = stream
        api.stats = stats or api.stats
        api.on_limited = on_limited or api.on_limited
        api.__dict__.pop("_session", None)
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
        return retry_after(answer.headers, limited=self.limited(answer, body))

    def limited(self, answer: requests.Response, body: Any) -> bool:
        """Whether an error answer says that the rate is limited, by whatever status; such an answer is no refusal."""
        return answer.status_code == 429

    def observe(self, answer: requests.Response, path: str) -> None:
        """Called with every answer, for limits that only its headers name."""

    # --- requests

    # `also`: statuses that are answers to this request, as the vendor documents: 202 for accepted, 204 for nothing

    def get(
        self, path: str, params: Any = None, headers: Mapping[str, str] | None = None, also: Collection[int] = ()
    ) -> Answer:
        return self._send("GET", path, also=also, params=params, headers=headers)

    def post(
        self,
        path: str,
        json: Any,
        params: Any = None,
        also: Collection[int] = (),
        done: Callable[[], Answer | None] | None = None,
    ) -> Answer:
        """`done`: for what must not happen twice, finds what came of a try whose answer was lost, before the next."""
        return self._send("POST", path, also=also, done=done, params=params, json=json)

    def follow(
        self,
        path: str,
        query: Mapping[str, Any],
        cursor: str,
        following: Callable[[Answer], str | None],
        rows: Callable[[Answer], Collection[Any]],
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """Page after page. `cursor`: the parameter that takes what `following` finds in the page before."""

        def ask(found: str | None) -> Answer:
            return self.get(path, {**query, cursor: found} if found else query, headers)

        return follow(ask, following, rows)

    def unreadable(self, error: Exception) -> BrokenContract:
        """The error for answers that cannot be read; it names the latest one."""
        reason = reason_of(error)
        if self.latest is not None:
            return self.latest.broken(f"it cannot be read ({reason})")
        return BrokenContract(f"{self.title}, {self._subject}: the vendor's answers cannot be read ({reason}).")

    @property
    def _subject(self) -> str:
        return f"stream {self.stream}" if self.stream else self.purpose

    def _send(
        self,
        method: str,
        path: str,
        *,
        also: Collection[int] = (),
        done: Callable[[], Answer | None] | None = None,
        **options: Any,
    ) -> Answer:
        """Ask until there is an answer or a refusal, or the retry policy gives up.

        Raises KeyRefused, ConfigError, BrokenContract or Unavailable.
        """
        source = f"{self.title}, {self._subject}, {path}"
        answers = _ANSWERS.union(also)
        waits = Backoff(self.retry_policy, limited_wait=self.limited_wait)
        rate_limit = self.rate_limit_for(path)
        while True:
            if refused := self.credential.refused:
                raise KeyRefused(f"{source}: {refused.said}. {refused.advice}", status=refused.status)
            rate_limit.take(self._pace)
            self.stats.requests += 1
            began = clock.monotonic()
            found = self._try(source, method, path, answers, options)
            if isinstance(found, Answer):
                return found
            if found.limited:
                self.on_limited()
            took = clock.monotonic() - began
            wait = waits.next(limited=found.limited, retry_after=found.retry_after, took=took)
            if found.status is None and self.credential.silent:
                wait = None  # else each of many streams would wait for more than a minute, one after the other
            if wait is None:
                self.credential.silent |= found.status is None and not self.for_names and bool(self.stream)
                raise Unavailable(self._given_up(source, found), status=found.status, vendor_message=found.message)
            rate_limit.put_off(wait)
            self.window_queue.look_again()
            self.stats.wait(wait, f"then asking {self.title} again after: {found.said}")
            clock.sleep(wait)
            if done and not found.limited and (earlier := done()):
                return earlier

    def _try(
        self, source: str, method: str, path: str, answers: Collection[int], options: Mapping[str, Any]
    ) -> Answer | Failure:
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
            message = network_message(error)
            return Failure(message, message)
        self.credential.silent = False
        self.observe(answer, path)
        return self._outcome(source, answer, content, answers)

    def _outcome(
        self, source: str, answer: requests.Response, content: bytes, answers: Collection[int]
    ) -> Answer | Failure:
        """The answer, or a temporary failure. Raises what any other error means."""
        status = answer.status_code
        body = {} if status == 204 and status in answers else self._parsed(source, content)
        if status in answers and body is not _NOT_JSON:
            self.latest = found = Answer(source, body, answer.headers, status)
            if self.only_objects and not isinstance(body, Mapping):
                raise found.broken("it is no object")
            return found
        message, limited = "the body is not JSON", False
        if status not in answers:
            message, limited = vendor_message(body, answer), self.limited(answer, body)
            self._refuse(source, Asked(self, status, message, answer, body), limited=limited)
        said = f"{status} {message}{request_id(answer)}"
        return Failure(said, message, status, limited, self.retry_after(answer, body))

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
        self.window_queue.look_again()
        self.stats.wait(seconds, f"{self.title} {why}")

    def _refuse(self, source: str, asked: Asked, *, limited: bool) -> None:
        """Raise what the vendor's error means; return when it is temporary.

        A 429 may be a refusal all the same, as of a quota that is spent: the vendor's table tells.
        """
        status, answer = asked.status, asked.answer
        if limited and status != 429:
            return
        if 300 <= status < 400:
            raise ConfigError(f"{source}: {redirected(answer)}")
        said = f'{status} "{asked.message}"{request_id(answer)}'
        if status == 407:
            raise ConfigError(f"{source}: {said}. {password_wanted(self.base_url)}", status=status)
        rule = classify_error(self.errors, asked)
        if rule.error is RETRY:
            return
        if self.for_names:
            raise ConfigError(f"{source}: {said}.", status=status, vendor_message=asked.message)
        advice = rule.advise(asked, self.facts(asked))
        if rule.error is KeyRefused:
            self.credential.refused = Refusal(status, said, advice)
        raise rule.error(f"{source}: {said}. {advice}", status=status, vendor_message=asked.message)

    def _given_up(self, source: str, failure: Failure) -> str:
        later = "The next sync tries again." if self.stream else "Try again later."
        if failure.limited:
            asked = f" and asks to wait {failure.retry_after:.0f} s" if failure.retry_after else ""
            return f"{source}: the vendor limits the rate ({failure.said}){asked}; it did not refuse the key. {later}"
        if failure.status is None and not self.stream:
            later = "Check base_url and the network."
        where = f" at {self.base_url}" if failure.status is None else ""
        return f"{source}: no usable answer{where}, {failure.said}. {later}"

    @cached_property
    def _session(self) -> requests.Session:
        """The stream's own connection, when it asks for the first time."""
        session = new_session(self.credential)
        session.headers["Accept"] = "application/json"
        return session
