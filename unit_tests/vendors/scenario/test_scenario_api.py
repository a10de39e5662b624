"""How Scenario is checked, which streams a config offers, its errors and waits."""

from threading import Event, Lock, Thread
from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.api import Api
from source_unified_usage.core.errors import (
    BrokenContract,
    ConfigError,
    KeyRefused,
    SourceError,
    Unavailable,
)
from source_unified_usage.vendors.scenario import Scenario
from unit_tests.vendors.scenario.answers import (
    ADDRESS,
    CONFIG,
    FLAGS,
    URL,
    asked,
    body,
    fails,
    read,
)


def test_check_asks_for_the_last_day_once(server: requests_mock.Mocker) -> None:
    (probe,) = Scenario({**CONFIG, "team_id": "team_a"}).probes()
    server.get(URL, **body())
    probe.ask()
    assert asked(server) == [
        {"timerange": "last-day", "type": "consumption", "dropzeropoints": "true", "teamid": "team_a"}
    ]
    assert len(server.request_history) == 1
    server.get(URL, json={})
    with pytest.raises(BrokenContract, match="Scenario, check, /v1/usages"):
        probe.ask()
    server.get(URL, **fails("error_403_protected", 403))
    with pytest.raises(ConfigError, match="organisation Analytics API key"):
        probe.ask()


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({**CONFIG, "cu_price": 0.01}, "scenario.cu_price works only with scenario.cu_currency"),
        ({**CONFIG, "cu_currency": "USD"}, "scenario.cu_currency works only with scenario.cu_price"),
    ],
)
def test_a_price_and_its_currency_belong_together(block: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Scenario(block).streams()


def test_which_streams_are_offered() -> None:
    always = ["scenario_consumption", "scenario_model_usage", "scenario_asset_usage", "scenario_usage_by_type"]
    flags = ["include_activity", "include_user_model_usage", "include_moderation"]
    assert [stream.name for stream in Scenario(CONFIG).streams()] == always
    assert [stream.name for stream in Scenario({**CONFIG, **dict.fromkeys(flags, True)}).streams()] == [
        *always,
        "scenario_activity",
        "scenario_user_model_usage",
        "scenario_moderation_usage",
    ]


def test_consumption_is_the_bill_and_what_else_has_money_restates_it() -> None:
    streams = Scenario({**CONFIG, **FLAGS}).streams()
    assert {stream.name.removeprefix("scenario_"): (stream.role, stream.restates) for stream in streams} == {
        "consumption": ("bill", ()),
        "asset_usage": ("activity", ()),
        "moderation_usage": ("activity", ()),
        **dict.fromkeys(
            ("model_usage", "usage_by_type", "user_model_usage", "activity"), ("restates", ("scenario_consumption",))
        ),
    }
    assert not any(stream.counts_tokens for stream in streams)


def test_four_windows_at_a_time_for_all_streams_together() -> None:
    gates = {id(stream.api.window_queue) for stream in Scenario({**CONFIG, "include_activity": True}).streams()}
    assert len(gates) == 1
    assert Scenario(CONFIG).streams()[0].api.window_queue.capacity == 4
    assert isinstance(Scenario(CONFIG).streams()[0].api, Api)


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            fails("error_401_gateway", 401),
            KeyRefused,
            '401 "Unauthorized". Check scenario.api_key and scenario.api_sec',
        ),
        (
            fails("error_403_protected", 403),
            ConfigError,
            "Use an organisation Analytics API key (an admin mints it und",
        ),
        (fails("error_403_unknown_route", 403), ConfigError, f"Check base_url ({ADDRESS})"),
        (fails("error_404_team", 404), ConfigError, '404 "Team not found". Check scenario.team_id'),
        (fails("error_400_bad_range", 400), ConfigError, '400 "The time range must not exceed 120 days"'),
        (fails("error_400_end_without_start", 400), ConfigError, "startDate is required when endDate is provided"),
        (fails("error_429_gateway", 429), Unavailable, "the vendor limits the rate (429 Too Many Requests)"),
        ({"status_code": 409, "json": {"reason": "busy"}}, Unavailable, "409 busy"),
    ],
)
def test_an_error_names_vendor_stream_and_what_to_do(
    server: requests_mock.Mocker, answer: dict[str, Any], kind: type[SourceError], sentence: str
) -> None:
    server.get(URL, **answer)
    with pytest.raises(SourceError) as raised:
        read()
    assert type(raised.value) is kind
    assert str(raised.value).startswith("Scenario, stream scenario_consumption, /v1/usages: ")
    assert sentence in str(raised.value)


def test_waits_as_long_as_the_vendor_asks(server: requests_mock.Mocker, waits: list[float]) -> None:
    bare = {"status_code": 429, "json": {}}
    server.get(
        URL,
        [
            fails("error_429_cooldown", 429),
            {**bare, "headers": {"Retry-After": "90"}},
            {**bare, "headers": {"retry-after-ms": "1500"}, "json": {"remainingSeconds": 7}},
            {**bare, "json": {"reason": "cooldown", "remainingSeconds": "soon"}},
            body(),
        ],
    )
    assert read() == []
    assert waits[:3] == [12, 90, 1.5]
    assert 2 < waits[3] < 60


class Crowd:
    """Eight threads that ask at the same time; `most`: how many requests were in flight at once."""

    def __init__(self, api: Api, *, expected: int) -> None:
        self.most = self._now = 0
        self._api, self._expected = api, expected
        self._lock, self._together = Lock(), Event()

    def ask(self) -> None:
        threads = [Thread(target=self._ask, args=(f"s{number}",), daemon=True) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def _ask(self, stream: str) -> None:
        self._api.for_stream(stream).get("/v1/usages")

    def send(self, *_: Any, **__: Any) -> Answer:
        """Answers when as many as expected are in flight."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now == self._expected:
                self._together.set()
        assert self._together.wait(60)
        with self._lock:
            self._now -= 1
        return Answer("", {})


@pytest.mark.parametrize(("limited", "most"), [(False, 4), (True, 1)])
def test_four_requests_are_in_flight_at_most_and_one_after_a_429(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, limited: bool, most: int
) -> None:
    api = Scenario(CONFIG).streams()[0].api
    limit = {"status_code": 429, "json": {"message": "Too Many Requests"}}
    server.get(URL, [limit, {"json": {}}] if limited else [{"json": {}}])
    api.get("/v1/usages")
    crowd = Crowd(api, expected=most)
    monkeypatch.setattr(Api, "_send", crowd.send)
    crowd.ask()
    assert crowd.most == most
