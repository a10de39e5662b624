"""Which days of Claude's reports by person are read again: those that changed, the last three, once a week all."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import requests_mock
from pendulum import DateTime, datetime, instance

from source_unified_usage.core.reading import StreamReading
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.times import parse_time
from source_unified_usage.core.window import Covered, Window, days
from unit_tests.vendors.claude.answers import CONFIG
from unit_tests.vendors.samples import stream_of

REPORTS = "https://api.anthropic.com/v1/organizations/analytics"
NAME = "claude_user_cost"
FIRST = date(2026, 6, 1)
TODAY = datetime(2026, 9, 22)


class Vendor:
    """Answers both reports: every day costs what `amounts` says, of one person, and all of them at once."""

    def __init__(self, server: requests_mock.Mocker) -> None:
        self.amounts: dict[str, int] = {}
        self.rows_a_day = 1
        self.refreshed, self.totals_refreshed = "2026-12-01T04:00:00Z", ""
        self.read: list[str] = []
        self.totals_asked = 0
        server.get(f"{REPORTS}/user_cost_report", json=self._by_person)
        server.get(f"{REPORTS}/cost_report", json=self._together)

    def _days(self, request: Any) -> list[tuple[str, str, int]]:
        start, end = (instance(parse_time(request.qs[name][0])) for name in ("starting_at", "ending_at"))
        return [
            (day.start.to_date_string(), day.end.to_date_string(), self.amounts.get(day.start.to_date_string(), 100))
            for day in days(1).cut(Window(start, end))
        ]

    def _by_person(self, request: Any, _: Any) -> dict[str, Any]:
        asked = self._days(request)
        self.read.append(f"{asked[0][0][5:]}..{asked[-1][0][5:]}")
        rows = [
            {
                "starting_at": f"{day}T00:00:00Z",
                "ending_at": f"{end}T00:00:00Z",
                "product": "chat",
                "model": f"m{number}",
                "amount": str(amount),
                "currency": "USD",
                "actor": {"type": "user_actor", "user_id": "user_1"},
            }
            for day, end, amount in asked
            for number in range(self.rows_a_day)
        ]
        return {"data": rows, "has_more": False, "data_refreshed_at": self.refreshed}

    def _together(self, request: Any, _: Any) -> dict[str, Any]:
        self.totals_asked += 1
        assert "group_by[]" not in request.qs
        buckets = [
            {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{end}T00:00:00Z", "results": [{"amount": str(amount)}]}
            for day, end, amount in self._days(request)
        ]
        refreshed = self.totals_refreshed or self.refreshed
        return {"data": buckets, "has_more": False, "data_refreshed_at": refreshed}


class Syncs:
    """A connection: each sync of the stream goes on from the state of the one before."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor, self.lookback = vendor, days(31)
        self.covered = Covered()
        self.memory: Mapping[str, Any] = {}

    def sync(self, today: DateTime, start: date = FIRST) -> list[str]:
        """The ranges that were read by person, written as the first and the last day."""
        self.vendor.read.clear()
        stream: UsageStream = stream_of("claude", {"analytics_api_key": CONFIG["analytics_api_key"]}, NAME)
        stream.lookback = self.lookback
        stream.recall(self.memory)
        covered = stream.plan(Range(start, None, False, today.add(hours=9)), self.covered)
        reading = StreamReading(stream, closed=today)
        for window in stream.windows:
            written: list[Window] = []
            for _ in generator_result(written, reading.read(window)):
                pass
            covered = covered.add(*written)
        self.covered, self.memory = Covered.from_state(covered.to_state()), stream.memory()
        assert reading.failure is None
        return [*self.vendor.read]


def generator_result(into: list[Any], generator: Any) -> Any:
    """The generator's items; its return value is put into the list."""
    into.append((yield from generator))


@pytest.fixture
def vendor(requests_mock: requests_mock.Mocker) -> Vendor:
    return Vendor(requests_mock)


def first_sync(vendor: Vendor, start: date = FIRST) -> Syncs:
    syncs = Syncs(vendor)
    assert syncs.sync(TODAY, start)[0].startswith(f"{start:%m-%d}")
    assert vendor.totals_asked == 1
    return syncs


def test_a_day_later_the_new_day_and_the_last_three_are_read(vendor: Vendor) -> None:
    syncs = first_sync(vendor)
    assert syncs.sync(TODAY.add(days=1)) == ["09-19..09-22"]
    assert vendor.totals_asked == 2
    assert syncs.sync(TODAY.add(days=2)) == ["09-20..09-23"]
    assert syncs.covered.windows == (Window(datetime(2026, 6, 1), TODAY.add(days=2)),)


def test_a_day_whose_total_changed_is_read_and_is_known_then(vendor: Vendor) -> None:
    syncs = first_sync(vendor)
    vendor.amounts["2026-08-25"] = vendor.amounts["2026-09-02"] = 90
    assert syncs.sync(TODAY.add(days=1)) == ["08-25..08-25", "09-02..09-02", "09-19..09-22"]
    assert syncs.sync(TODAY.add(days=2)) == ["09-20..09-23"]


@pytest.mark.parametrize(("rows_a_day", "read"), [(100, ["08-22..08-26"]), (600, ["08-22..08-22", "08-26..08-26"])])
def test_what_costs_less_than_a_request_is_read_with_the_days_around_it(
    vendor: Vendor, rows_a_day: int, read: list[str]
) -> None:
    vendor.rows_a_day = rows_a_day
    start = date(2026, 8, 20)  # only what is looked at again: with so many rows, each day takes long
    syncs = first_sync(vendor, start)
    vendor.amounts["2026-08-22"] = vendor.amounts["2026-08-26"] = 90
    assert syncs.sync(TODAY.add(days=1), start)[: len(read)] == read


def test_once_a_week_all_is_read_and_what_may_have_changed_unseen_since_then(vendor: Vendor) -> None:
    """A revision may move figures from one person to another; it comes up to 30 days late, and a week later here."""
    syncs = first_sync(vendor)
    read = [syncs.sync(TODAY.add(days=day))[0][:5] for day in range(1, 15)]
    assert read[:6] == [f"09-{day}" for day in range(19, 25)]
    assert read[6] == "08-22"  # 31 days before the sync that read all last
    assert read[7] == "09-26"
    assert read[13] == "08-29"


def test_without_totals_all_days_are_read(vendor: Vendor, requests_mock: requests_mock.Mocker) -> None:
    syncs = first_sync(vendor)
    answers: list[dict[str, Any]] = [
        {"status_code": 403, "json": {"error": {"message": "no"}}},
        {"status_code": 503},
        {"json": {}},
    ]
    for answer in answers:
        requests_mock.get(f"{REPORTS}/cost_report", **answer)
        assert syncs.sync(TODAY.add(days=1))[0].startswith("08-2")
    Vendor(requests_mock)
    requests_mock.get(f"{REPORTS}/user_cost_report", json=vendor._by_person)
    assert syncs.sync(TODAY.add(days=2))[0].startswith("08-2")  # nothing is known of any day
    assert syncs.sync(TODAY.add(days=3)) == ["09-21..09-24"]


def test_a_state_without_the_memory_reads_all_once(vendor: Vendor) -> None:
    for memory in ({}, {"days": None}, {"whole": "2026-09-21T00:00:00Z"}, {"whole": 1, "days": {"2026-09-01": [1]}}):
        syncs = first_sync(vendor)
        vendor.totals_asked, syncs.memory = 0, memory
        assert syncs.sync(TODAY.add(days=1))[0].startswith("08-22")
        vendor.totals_asked = 1
        assert syncs.sync(TODAY.add(days=2)) == ["09-20..09-23"]
        vendor.totals_asked = 0


def test_figures_that_are_older_than_their_totals_are_read_again(vendor: Vendor) -> None:
    """The report by person may be served from an export of before."""
    syncs = first_sync(vendor)
    vendor.amounts["2026-09-02"] = 90
    vendor.totals_refreshed = "2026-12-01T05:00:00Z"
    assert "09-02..09-02" in syncs.sync(TODAY.add(days=1))
    vendor.refreshed = vendor.totals_refreshed
    assert "09-02..09-02" in syncs.sync(TODAY.add(days=2))
    assert syncs.sync(TODAY.add(days=3)) == ["09-21..09-24"]


def test_a_day_that_was_not_written_is_read_whatever_its_total(vendor: Vendor) -> None:
    syncs = first_sync(vendor)
    whole = syncs.covered
    syncs.covered = Covered(
        (Window(whole.windows[0].start, datetime(2026, 9, 4)), Window(datetime(2026, 9, 5), TODAY)), TODAY
    )
    assert syncs.sync(TODAY.add(days=1)) == ["09-04..09-04", "09-19..09-22"]


@pytest.mark.parametrize("lookback", [0, 3])
def test_a_short_lookback_needs_no_totals(vendor: Vendor, lookback: int) -> None:
    syncs = first_sync(vendor)
    syncs.lookback = days(lookback)
    for day in range(1, 9):
        read = syncs.sync(TODAY.add(days=day))
        first = TODAY.add(days=day - 1 - lookback)
        assert read[0].startswith(first.format("MM-DD"))
