"""What a sync logs at its start about its number of requests."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from datetime import date
from typing import Any

import pytest
import requests_mock
from pendulum import datetime

from source_unified_usage.core.outlook import outlook
from source_unified_usage.core.reading import StreamReading
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.core.window import Covered
from source_unified_usage.streams import OFFER
from source_unified_usage.vendors.claude import Claude
from source_unified_usage.vendors.cursor import Cursor
from source_unified_usage.vendors.openai import OpenAI
from source_unified_usage.vendors.scenario import Scenario

NINETY_DAYS = Range(date(2026, 6, 24), None, False, datetime(2026, 9, 22, 9, 30))
ANALYTICS = {"analytics_api_key": "sk-ant-api01-analytics"}
CODEX = {"codex": {"api_key": "key-of-codex", "workspace_id": "w"}}
SCENARIO = {"api_key": "key-of-scenario", "api_secret": "secret"}


def looked_out(streams: Iterable[UsageStream], covered: Covered | None = None) -> Sequence[str]:
    """What is logged before they are read."""
    readings = []
    for stream in streams:
        stream.plan(NINETY_DAYS, covered or Covered())
        readings.append(StreamReading(stream, closed=NINETY_DAYS.closed(stream.grain)))
    return list(outlook(readings))


@pytest.mark.parametrize(
    ("vendor", "block", "sentence"),
    [
        # six streams by the day, four of 13 weeks, two of them asked twice each, three of 31 days
        (Claude, ANALYTICS, "Claude: about 627 requests, at least 13 minutes (50 requests in 60 s)"),
        # the Console's are paced by another limit, which is over earlier
        (
            Claude,
            {**ANALYTICS, "admin_api_key": "sk-ant-admin01-a"},
            "Claude: about 733 requests, at least 13 minutes (50 requests in 60 s)",
        ),
        # every endpoint has a limit of its own: 90 days of events are the longest
        (Cursor, {"api_key": "key-of-cursor"}, "Cursor: about 17 requests, at least 13 s (60 requests in 61 s)"),
        # three streams read one answer
        (OpenAI, CODEX, "OpenAI: about 9 requests, at least 18 s (30 requests in 60 s)"),
        (Scenario, SCENARIO, "Scenario: at least 90 requests, as fast as it answers"),
        (
            Scenario,
            {**SCENARIO, "split_by_project": True, "project_ids": ["a", "b"], "include_activity": True},
            "Scenario: at least 270 requests, as fast as it answers",
        ),
    ],
)
def test_one_line_per_vendor_counts_the_requests_of_all_its_streams(
    vendor: type[Vendor], block: dict[str, Any], sentence: str
) -> None:
    assert looked_out(vendor(block).streams()) == [sentence]


def test_a_short_time_is_left_out_and_no_requests_make_no_line() -> None:
    stream = Claude(ANALYTICS).streams()[0]
    all_but_a_day = NINETY_DAYS.window("day").until(datetime(2026, 9, 21))
    assert looked_out([stream], Covered().add(all_but_a_day)) == ["Claude: about 8 requests"]
    assert list(outlook([])) == []


def test_it_asks_no_vendor_and_each_stream_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams read in threads of their own; what comes before them is done for all vendors, one after another."""
    streams = [stream for _, stream in OFFER.all_streams()]
    calls: Counter[str] = Counter()

    def count(stream: UsageStream) -> None:
        questions = stream.questions

        def counted() -> Iterable[Hashable]:
            calls[stream.name] += 1
            return questions()

        monkeypatch.setattr(stream, "questions", counted)

    for stream in streams:
        count(stream)
    with requests_mock.Mocker() as server:
        lines = looked_out(streams)
    assert not server.called
    assert {line.partition(":")[0] for line in lines} == {stream.api.title for stream in streams}
    assert calls == {stream.name: 1 for stream in streams}
