"""The Scenario API: Basic auth, few requests at a time, and a gateway that fails on answers that are too large."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import requests

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.rate_limit import InFlight
from source_unified_usage.core.retry import Backoff
from source_unified_usage.core.window import Window

T = TypeVar("T")

PATH = "/v1/usages"
# The gateway passes on at most 6 MB (API reference, usages.list: dropZeroPoints). That larger and slower answers end in
# these statuses is inferred from AWS gateways.
_OVERLOADED = {502, 504}
_OVERLOADED_IN_A_ROW = 3  # our choice; one or two such failures may pass


class Section(NamedTuple):
    """A part of the answer: its name in the request, its member in the answer, and the field that identifies a row."""

    type: str
    member: str
    key: str


CONSUMPTION = Section("consumption", "consumption", "userId")
MODELS = Section("model-usages", "modelUsages", "modelId")
ASSETS = Section("asset-usages", "assetUsages", "kind")
TYPES = Section("usages", "usages", "usageName")
NSFW = Section("nsfw-usages", "nsfwUsages", "label")
QUALITY_GATE = Section("quality-gate-usages", "qualityGateUsages", "verdict")
ACTIVITY = Section("activity", "activity", "time")


class TooMuch(Unavailable):
    """The gateway fails on this window again and again; a shorter one may pass."""


class _Asking(threading.local):
    """What the requests of one thread are for: windows are asked for at the same time."""

    divisible = False  # the window that is asked for now
    overloaded = 0  # failures of the gateway in a row


class ScenarioApi(Api):
    """One key's view of https://api.cloud.scenario.com.

    Scenario publishes no limit, it speaks of "fair use" only: after the first 429 one request is sent at a time.
    """

    title = "Scenario"
    parallel = 4  # our choice
    only_objects = False  # `usages` asks again for an answer without its sections, whatever that answer is
    errors = (
        ErrorRule(_OVERLOADED, TooMuch, when=lambda asked: asked.api.may_divide),
        ErrorRule((400,), ConfigError, "Check scenario.team_id and scenario.project_ids."),
        ErrorRule((401,), KeyRefused, "Check scenario.api_key and scenario.api_secret: one is wrong or revoked."),
        ErrorRule(
            (403,),
            ConfigError,
            "Check base_url ({base_url}): the API does not know this path.",
            message="Authentication Token",
        ),
        ErrorRule(
            (403,),
            ConfigError,
            "Use an organisation Analytics API key (an admin mints it under Analytics), or check scenario.team_id and "
            "scenario.project_ids.",
        ),
        ErrorRule((404,), ConfigError, "Check scenario.team_id: the key belongs to no such team.", message="team"),
    )

    def __init__(self, base_url: str, credential: Credential) -> None:
        super().__init__(base_url, credential)
        self._in_flight, self._asking = InFlight(self.parallel), _Asking()

    def get(
        self, path: str, params: Any = None, headers: Mapping[str, str] | None = None, also: Collection[int] = ()
    ) -> Answer:
        with self._in_flight:
            return super().get(path, params, headers, also)

    def observe(self, answer: requests.Response, path: str) -> None:
        self._asking.overloaded = self._asking.overloaded + 1 if answer.status_code in _OVERLOADED else 0
        if answer.status_code == 429:
            self._in_flight.narrow()

    def retry_after(self, answer: requests.Response, body: Any) -> float | None:
        named = super().retry_after(answer, body)
        if named is not None or not isinstance(body, Mapping):
            return named
        # scenario-labs/blender-plugin, its tests of a cooldown
        seconds: Any = body.get("remainingSeconds")
        return float(seconds) if type(seconds) in (int, float) and seconds >= 0 else None

    @property
    def may_divide(self) -> bool:
        """The gateway has failed often enough on a window that can be divided."""
        return self._asking.divisible and self._asking.overloaded >= _OVERLOADED_IN_A_ROW

    def usages(self, window: Window, sections: Iterable[Section], query: Mapping[str, Any]) -> Answer:
        """The sections of one window. A 200 that lacks one is asked for again, and may lack it in the end.

        Raises TooMuch when the gateway fails on a window that can be divided.
        """
        asked = tuple(sections)
        params = {
            "startDate": f"{window.start:%Y-%m-%dT%H:%M:%S}.000Z",
            # inclusive (API reference, usages.list)
            "endDate": f"{window.end.subtract(seconds=1):%Y-%m-%dT%H:%M:%S}.999Z",
            "type": ",".join(section.type for section in asked),
            "dropZeroPoints": "true",
            **query,
        }
        self._asking.divisible, self._asking.overloaded = _hours(window) > 1, 0
        waits = Backoff(self.retry_policy)
        try:
            while True:
                answer = self.get(PATH, params)
                missing = _missing(answer, asked)
                wait = waits.next(limited=False, retry_after=None, took=0) if missing else None
                if wait is None:
                    return answer
                self.stats.wait(wait, f"then asking Scenario again, whose answer lacks {', '.join(missing)}")
                clock.sleep(wait)
        finally:
            self._asking.divisible = False


def divided(window: Window, ask: Callable[[Window], list[T]]) -> list[T]:
    """What `ask` gets for the window: at once, or in shorter windows, down to an hour, where the gateway fails."""
    try:
        return ask(window)
    except TooMuch:
        middle = window.start.add(hours=_hours(window) // 2)
        return [*divided(Window(window.start, middle), ask), *divided(Window(middle, window.end), ask)]


def _hours(window: Window) -> int:
    return round((window.end - window.start).total_hours())


def _missing(answer: Answer, sections: Iterable[Section]) -> list[str]:
    body = answer.body if isinstance(answer.body, Mapping) else {}
    return [section.member for section in sections if not isinstance(body.get(section.member), list)]
