"""Day buckets of the Claude Console: an answer of few rows is one request, many rows are read in parts of days."""

from contextlib import ExitStack
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
import requests_mock
from hypothesis import given, settings
from hypothesis import strategies as st
from pendulum import instance

from source_unified_usage.core import portions
from source_unified_usage.core.pages import pages
from source_unified_usage.core.times import midnight, parse_time
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.claude import console
from unit_tests.examples import share
from unit_tests.vendors.claude.answers import CONFIG, NAMES
from unit_tests.vendors.samples import mock_answers, stream_of, window

MONTH = ("2026-07-01", "2026-08-01")
REPORTS = {"claude_api_cost": "cost_report", "claude_api_usage": "usage_report/messages"}


class Console:
    """Answers a report, so many buckets in a page as it is asked for, or fewer."""

    def __init__(self, server: requests_mock.Mocker, name: str, rows: list[list[dict[str, Any]]], most: int) -> None:
        first = window(*MONTH).start
        self._rows = {first.add(days=number): results for number, results in enumerate(rows)}
        self._most = most
        self.asked: list[tuple[str, str]] = []
        self.restarts: list[int] = []  # after so many requests the data is refreshed under the cursor
        mock_answers(server, "claude", NAMES)
        server.get(f"https://api.anthropic.com/v1/organizations/{REPORTS[name]}", json=self._answer)

    def _answer(self, request: Any, context: Any) -> dict[str, Any]:
        query = {name: values[0] for name, values in request.qs.items()}
        start, end = (instance(parse_time(query[of].upper())) for of in ("starting_at", "ending_at"))
        self.asked.append((start.to_date_string()[8:], end.to_date_string()[5:]))
        if "page" in query and len(self.asked) in self.restarts:
            context.status_code = 410
            return {"error": {"message": "expired"}}
        offset, limit = int(query.get("page", 0)), min(self._most, int(query["limit"]))
        parts = [*days(1).cut(Window(start, end))]
        following = offset + limit if offset + limit < len(parts) else None
        data = [
            {
                "starting_at": midnight(day.start),
                "ending_at": midnight(day.end),
                "results": self._rows.get(day.start, []),
            }
            for day in parts[offset : offset + limit]
        ]
        return {"data": data, "has_more": following is not None, "next_page": following and str(following)}


def read(
    name: str,
    rows: list[list[dict[str, Any]]],
    *,
    most_rows: int = 20_000,
    most_bytes: float = 8 << 20,
    buckets: int = 31,
    restarts: tuple[int, ...] = (),
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The records of the month, in the order of their ids, and the days that were asked for."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(portions, "MOST_ROWS", most_rows))
        stack.enter_context(patch.object(console, "_MOST_BYTES", most_bytes))
        server = stack.enter_context(requests_mock.Mocker())
        vendor = Console(server, name, rows, buckets)
        vendor.restarts += restarts
        stream = stream_of("claude", CONFIG, name)
        found: list[Any] = [
            record for part in stream.step.cut(window(*MONTH)) for page in pages(stream, part) for record in page
        ]
    return sorted(found, key=lambda record: record["id"]), vendor.asked


def results(*amounts: int) -> list[dict[str, Any]]:
    """Rows of one day: every third agrees with others in its key."""
    return [
        {"workspace_id": f"w{number % 3}", "description": "Tokens", "model": "m", "amount": str(amount)}
        for number, amount in zip(count(), amounts)
    ]


DAYS = st.lists(
    st.lists(st.integers(1, 3), max_size=8).map(lambda amounts: results(*amounts)), min_size=31, max_size=31
)


@pytest.mark.parametrize("name", REPORTS)
@settings(max_examples=share(25))  # each reads a month twice
@given(rows=DAYS, most_rows=st.integers(1, 60), most_bytes=st.integers(1, 20_000), buckets=st.integers(1, 31))
def test_rows_in_parts_are_the_rows_at_once(
    name: str, rows: list[list[dict[str, Any]]], most_rows: int, most_bytes: int, buckets: int
) -> None:
    """Twins of a day are on one side of every cut, so their numbers are those of the whole."""
    whole, asked = read(name, rows)
    assert len(asked) == {"claude_api_cost": 1, "claude_api_usage": 5}[name]
    if name == "claude_api_cost":
        assert len(whole) == len({record["id"] for record in whole}) == sum(map(len, rows))
    in_parts, _ = read(name, rows, most_rows=most_rows, most_bytes=most_bytes, buckets=buckets)
    assert in_parts == whole


def test_few_rows_are_as_many_requests_as_without_parts() -> None:
    _, asked = read("claude_api_cost", [results(*range(600))] * 31)
    assert asked == [("01", "08-01")]


def test_an_answer_that_is_too_large_is_asked_for_in_shorter_parts() -> None:
    rows = [results(*range(40))] * 31
    found, asked = read("claude_api_cost", rows, most_rows=320, most_bytes=16_000)
    assert len(found) == 31 * 40
    # 31 days do not fit, and 7 do not; one day tells how many do
    assert asked[:4] == [("01", "08-01"), ("01", "07-08"), ("01", "07-02"), ("02", "07-10")]
    assert read("claude_api_cost", rows)[0] == found


def test_several_pages_have_the_room_of_one() -> None:
    """Else a part of many small pages would be held whole."""
    rows = [results(*range(40))] * 31
    _, asked = read("claude_api_cost", rows, most_bytes=16_000, buckets=1)
    assert asked[:6] == [("01", "08-01")] * 5 + [("01", "07-08")]


def test_a_part_whose_cursor_expires_is_read_again_alone() -> None:
    rows = [results(*range(40))] * 31
    whole, _ = read("claude_api_cost", rows)
    found, asked = read("claude_api_cost", rows, most_rows=320, buckets=4, restarts=(2,))
    assert found == whole
    assert asked[:3] == [("01", "08-01")] * 3
