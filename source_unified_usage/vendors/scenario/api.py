"""The Scenario API: Basic auth, one request at a time, and a gateway that cannot pass every answer whole."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import requests

from source_unified_usage.core import clock
from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.error_rules import ErrorRule
from source_unified_usage.core.errors import ConfigError, KeyRefused, Unavailable
from source_unified_usage.core.retry import Backoff
from source_unified_usage.core.window import Window

PATH = "/v1/usages"
_OVERLOADED = {502, 504}  # a body beyond the gateway's 6 MB, or an answer that takes too long
_OVERLOADED_IN_A_ROW = 3


class Section(NamedTuple):
    """A part of the answer: its name in the request, its member in the answer, and what tells its rows apart."""

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


class ScenarioApi(Api):
    """One key's view of https://api.cloud.scenario.com; no limit is published, so nothing is asked in parallel."""

    title = "Scenario"
    parallel = 1
    only_objects = False  # an answer without its sections is asked for again, whatever it is
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
        self._divisible = False
        self._overloaded = 0

    def observe(self, answer: requests.Response, path: str) -> None:
        self._overloaded = self._overloaded + 1 if answer.status_code in _OVERLOADED else 0

    def retry_after(self, answer: requests.Response, body: Any) -> float | None:
        told = super().retry_after(answer, body)
        seconds = body.get("remainingSeconds") if told is None and isinstance(body, Mapping) else None
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
            return told
        return float(seconds)

    @property
    def may_divide(self) -> bool:
        """The gateway has failed often enough on a window that can be divided."""
        return self._divisible and self._overloaded >= _OVERLOADED_IN_A_ROW

    def usages(self, window: Window, sections: Iterable[Section], query: Mapping[str, Any]) -> Answer:
        """The sections of one window; those that a 200 lacks are asked for again, and may still be absent at the end.

        Raises TooMuch when the gateway fails on a window that can be divided.
        """
        asked = tuple(sections)
        params = {
            "startDate": f"{window.start:%Y-%m-%dT%H:%M:%S}.000Z",
            # inclusive as a timestamp
            "endDate": f"{window.end.subtract(seconds=1):%Y-%m-%dT%H:%M:%S}.999Z",
            "type": ",".join(section.type for section in asked),
            "dropZeroPoints": "true",
            **query,
        }
        self._divisible, self._overloaded = _hours(window) > 1, 0
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
            self._divisible = False


def divided(window: Window, ask: Callable[[Window], list[Answer]]) -> list[Answer]:
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
