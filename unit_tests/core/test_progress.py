"""What the log shows while a stream works or waits: nothing is silent for long."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from pendulum import DateTime, datetime
from requests_mock import Mocker

from source_unified_usage.core import clock, progress
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.progress import Heartbeat, StreamStats
from source_unified_usage.core.rate_limit import RateLimit
from source_unified_usage.core.reading import StreamReading, WindowPartition
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import midnight
from source_unified_usage.core.usage import Usage, usage
from source_unified_usage.core.window import Window
from source_unified_usage.core.window_queue import Place, WindowQueue

URL = "https://api.acme.example"


class Acme(Api):
    title = "Acme"


class Log:
    """Lines with the second in which they were logged. Time moves only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.logged: list[tuple[float, str]] = []
        self.stats: list[StreamStats] = []

    def line(self, text: object) -> None:
        self.logged.append((self.now, str(text)))

    def sleep(self, seconds: float) -> None:
        """A wait, during which the regular log lines continue."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + progress._LOOK_EVERY_SECONDS)
            for stats in self.stats:
                stats.remind()

    @property
    def lines(self) -> list[str]:
        return [line for _, line in self.logged]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    found = Log()
    monkeypatch.setattr(progress.logger, "info", found.line)
    monkeypatch.setattr(clock, "monotonic", lambda: found.now)
    monkeypatch.setattr(clock, "sleep", found.sleep)
    return found


class Days(UsageStream):
    """One request and one row a day."""

    name = "acme_usage"
    role = "bill"

    def __init__(self) -> None:
        super().__init__(Acme(URL, Credential("acme.api_key", {})))
        self.windows = [Window(datetime(2026, 9, day), datetime(2026, 9, day + 1)) for day in (1, 2)]

    def rows(self, window: Window) -> Iterator[DateTime]:
        self.api.get("/usage")
        yield window.start

    def usages(self, item: DateTime) -> Iterator[Usage]:
        day = midnight(item)
        yield usage(id=self.id(day), start_date=day, end_date=day, product={"id": "acme"}, remote_data={"day": day})


def sync(stream: UsageStream, log: Log) -> None:
    reading = StreamReading(stream, closed=stream.windows[-1].end)
    log.stats.append(reading.stats)
    for partition in reading.generate():
        assert isinstance(partition, WindowPartition)
        list(partition.read())
        partition.close()


def test_lines_are_logged_before_and_during_a_wait_of_an_hour(log: Log, requests_mock: Mocker) -> None:
    limited = {"status_code": 429, "headers": {"Retry-After": "3600"}, "json": {"error": "slow down"}}
    requests_mock.get(f"{URL}/usage", [{"json": {}}, limited, {"json": {}}])
    sync(Days(), log)
    assert log.logged[:3] == [
        (0, "acme_usage: 2 windows to read, 2026-09-01 to 2026-09-02"),
        (0, "acme_usage: waiting 3600 s, then asking Acme again after: 429 slow down"),
        (
            25,
            "acme_usage: reading 2026-09-02 to 2026-09-02, 1 rows and 2 requests so far; waiting 3575 s more, then "
            "asking Acme again after: 429 slow down",
        ),
    ]
    times = [second for second, _ in log.logged]
    assert max(after - before for before, after in pairwise(times)) <= 30
    assert log.logged[-1] == (3600, "acme_usage: 2 rows, 3 requests, 3600 s of which 3600 s waiting")


@pytest.mark.parametrize("held", [True, False])
def test_a_wait_for_the_limit_is_announced_with_its_reason_before_it_begins(
    log: Log, requests_mock: Mocker, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests_mock.get(f"{URL}/usage", json={})
    stream = Days()
    rate_limit = stream.api.rate_limit_for("")
    rate_limit.requests = 60
    waits = iter([(40.0, "has no request left for the moment" if held else str(rate_limit)), (0, ""), (0, "")])
    monkeypatch.setattr(rate_limit, "_wait", lambda: next(waits))
    sync(stream, log)
    why = "Acme has no request left for the moment" if held else "Acme allows 60 requests in 60 s"
    assert log.logged[1:3] == [
        (0, f"acme_usage: waiting 40 s, {why}"),
        (25, f"acme_usage: reading 2026-09-01 to 2026-09-01, 0 rows and 0 requests so far; waiting 15 s more, {why}"),
    ]


def test_a_held_limit_is_the_reason_even_where_one_is_published() -> None:
    rate_limit = RateLimit(requests=1, seconds=60)
    assert rate_limit._wait() == (0, "")
    assert rate_limit._wait()[1] == "allows 1 requests in 60 s"
    rate_limit.hold(90)
    assert rate_limit._wait()[1] == "has no request left for the moment"


def test_a_stream_that_waits_for_another_says_so(
    log: Log, requests_mock: Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests_mock.get(f"{URL}/usage", json={})

    class Taken(WindowQueue):
        def take(self, place: Place, start: DateTime) -> None:
            log.sleep(60)
            super().take(place, start)

    stream = Days()
    stream.api.window_queue = Taken(1)
    sync(stream, log)
    waiting = [(second, line) for second, line in log.logged if "waiting for another" in line]
    assert waiting[:2] == [
        (second, "acme_usage: waiting for another stream of Acme, 0 rows and 0 requests so far") for second in (25, 50)
    ]


def test_lines_are_logged_during_a_slow_answer(log: Log, requests_mock: Mocker) -> None:
    def slowly(*_: Any) -> dict[str, Any]:
        log.sleep(28)
        return {}

    requests_mock.get(f"{URL}/usage", json=slowly)
    sync(Days(), log)
    assert (25, "acme_usage: reading 2026-09-01 to 2026-09-01, 0 rows and 1 requests so far") in log.logged
    assert (53, "acme_usage: reading 2026-09-02 to 2026-09-02, 1 rows and 2 requests so far") in log.logged


def test_a_stream_that_does_not_run_is_silent(log: Log, requests_mock: Mocker) -> None:
    requests_mock.get(f"{URL}/usage", json={})
    log.stats.append(StreamStats("acme_costs"))
    sync(Days(), log)
    before = log.lines
    log.sleep(3600)
    assert log.lines == before


def test_charges_without_a_type_are_not_added_up(log: Log) -> None:
    stats = StreamStats("acme_costs")
    net, unknown = {"amount": 2.5, "currency": "USD", "type": "net"}, {"amount": 4, "currency": "USD"}
    stats.add([{"charges": [net, unknown]}, {"charges": [unknown]}, {}])
    stats.finish()
    assert log.lines == ["acme_costs: 3 rows, 0 requests, 0 s of which 0 s waiting, net 2.50 USD"]


def test_a_look_up_does_not_wait_in_the_name_of_the_check(log: Log, requests_mock: Mocker) -> None:
    limited = {"status_code": 429, "headers": {"Retry-After": "20"}, "json": {"error": "slow down"}}
    requests_mock.get(f"{URL}/names", [limited, {"json": {"a": {}}}])
    api = Acme(URL, Credential("acme.api_key", {}))
    assert Lookup(api, "names", lambda api: [api.get("/names").body])() == {"a": {}}
    assert log.lines == ["Acme look-up: waiting 20 s, then asking Acme again after: 429 slow down"]


def test_lines_are_logged_regularly_until_the_block_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_LOOK_EVERY_SECONDS", 0.001)
    stats, reminded = StreamStats("acme_usage"), threading.Event()
    monkeypatch.setattr(stats, "remind", reminded.set)
    with Heartbeat([stats]) as heart:
        assert reminded.wait(60)
    heart._thread.join(60)
    assert not heart._thread.is_alive()


def test_an_amount_of_an_unknown_kind_is_not_added_to_the_net(log: Log) -> None:
    stats = StreamStats("acme_costs")
    stats.add([{"charges": [{"amount": 7, "currency": "USD"}, {"amount": 2, "currency": "USD", "type": "net"}]}])
    stats.finish()
    assert "net 2.00 USD" in log.lines[-1]
