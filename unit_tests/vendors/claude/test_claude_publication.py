"""How far back and up to which day Claude has figures, by its answers and refusals."""

import pendulum
import pytest
import requests_mock

from source_unified_usage.core import clock
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import RetentionStart
from unit_tests.vendors.claude.answers import BASE, CONFIG
from unit_tests.vendors.samples import mock_answers, records, stream_of, window


def test_nothing_exported_yet_gives_no_record_and_keeps_the_state() -> None:
    stream = stream_of("claude", CONFIG, "claude_cost")
    with requests_mock.Mocker() as server:
        mock_answers(server, "claude", {f"{BASE}/analytics/cost_report": ["scenario_no_export_yet"]})
        assert records(stream, asked := window("2026-07-01", "2026-07-15")) == []
    assert stream.bounds.available_until == asked.start


@pytest.mark.parametrize(
    ("stream", "start", "wording"),
    [
        ("claude_skills", "2026-07-14", "The latest available date is 2026-07-12."),
        ("claude_skills", "2026-07-14", "2026-07-14 comes at 2026-07-15T10:00:00Z, latest is 2026-07-12"),
        ("claude_skills", "2026-07-14", "must be on or after 2026-01-01 and on or before 2026-07-12"),
        ("claude_activity_summary", "2026-07-13", "ending_date 2026-07-15 is too late, use 2026-07-12."),
    ],
)
def test_a_day_not_published_yet_ends_the_stream_whatever_else_is_named(
    stream: str, start: str, wording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 7, 15, 9))
    read = stream_of("claude", CONFIG, stream)
    with requests_mock.Mocker() as server:
        server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
        assert records(read, window(start, "2026-07-15")) == []
    assert read.bounds.available_until == pendulum.datetime(2026, 7, 13)


@pytest.mark.parametrize(
    "wording",
    [
        "Data for 2026-07-14 is not yet available. The most recent available date is 2026-07-13.",
        "Not yet available: 2026-07-14. The most recent date is 2026-07-13.",
        "No data is available for 2026-07-14, the most recent date is 2026-07-13.",
    ],
)
def test_an_export_that_stands_still_ends_the_stream_with_one_warning(
    wording: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 8, 3, 9))
    for name, start in (("claude_skills", "2026-07-14"), ("claude_activity_summary", "2026-07-14")):
        caplog.clear()
        read = stream_of("claude", CONFIG, name)
        with requests_mock.Mocker() as server:
            server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
            assert records(read, window(start, "2026-07-15")) == []
        assert read.bounds.available_until == pendulum.datetime(2026, 7, 14)
        (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
        assert "2026-07-14 is not available yet, the last day is 2026-07-13" in warning.getMessage()


@pytest.mark.parametrize(
    "wording",
    [
        "date: must be on or after 2026-04-16",
        "Data is kept for 90 days. The earliest date with available analytics data is 2026-04-16.",
        "2026-03-01 is too old, the oldest available date is 2026-04-16, the latest 2026-07-14",
        "Data of before is gone: not before 2026-04-16T00:00:00Z.",
    ],
)
@pytest.mark.parametrize("name", ["claude_skills", "claude_activity_summary"])
def test_the_oldest_day_is_read_from_the_refusal(wording: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 7, 15, 9))
    with requests_mock.Mocker() as server:
        server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
        with pytest.raises(RetentionStart) as refused:
            records(stream_of("claude", CONFIG, name), window("2026-03-01", "2026-03-02"))
    assert refused.value.day == pendulum.datetime(2026, 4, 16)


@pytest.mark.parametrize(
    "wording",
    [
        "date: must be on or after 2026-01-01",
        "date: must be on or before 2026-07-20",
        "date: 2026-07-14 is no date",
        "limit: no",
    ],
)
def test_another_refusal_of_a_young_day_is_loud(wording: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: pendulum.datetime(2026, 7, 15, 9))
    with requests_mock.Mocker() as server:
        server.get(requests_mock.ANY, status_code=400, json={"type": "error", "error": {"message": wording}})
        with pytest.raises(ConfigError):
            records(stream_of("claude", CONFIG, "claude_skills"), window("2026-07-14", "2026-07-15"))
