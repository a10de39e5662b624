"""How Scenario's feed of actions is paged and mapped."""

from datetime import date
from typing import Any

import pytest
import requests_mock
from pendulum import datetime

from source_unified_usage.core.errors import (
    BrokenContract,
    Unavailable,
)
from source_unified_usage.core.stream import Range
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.scenario.activity import Action, Known
from unit_tests.vendors.samples import stream_of
from unit_tests.vendors.scenario.answers import (
    CONFIG,
    FLAGS,
    SLOW,
    URL,
    action,
    asked,
    body,
    planned,
    read,
)


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (99, 1), (100, 2), (137, 2), (200, 3)])
def test_activity_is_paged_until_fewer_than_100_come(server: requests_mock.Mocker, count: int, requests: int) -> None:
    rows = [action(f"2026-08-28T12:{n // 60:02}:{n % 60:02}.000Z") for n in range(count)]

    def answer(request: Any, _: Any) -> Any:
        offset = int(request.qs["activityoffset"][0])
        return {"activity": rows[offset : offset + 100], "entities": {}}

    server.get(URL, json=answer)
    assert len(read("activity")) == count
    assert [request["activityoffset"] for request in asked(server)] == [str(100 * n) for n in range(requests)]
    assert {request["type"] for request in asked(server)} == {"activity"}


def test_activity_that_never_ends_breaks_the_contract(server: requests_mock.Mocker) -> None:
    server.get(URL, **body(activity=[action(data={"n": n}) for n in range(100)]))
    with pytest.raises(BrokenContract, match="the page at activityOffset 100 is the one before"):
        read("activity")
    assert len(asked(server)) == 2


def test_activity_that_is_ever_new_breaks_the_contract(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_unified_usage.vendors.scenario.activity._MOST_PAGES", 7)

    def ever_new(request: Any, _: Any) -> Any:
        rows = [action(data={"n": n, "at": request.qs["activityoffset"][0]}) for n in range(100)]
        return {"activity": rows, "entities": {}}

    server.get(URL, json=ever_new)
    with pytest.raises(BrokenContract, match="7 pages and no end"):
        read("activity")
    assert [request["activityoffset"] for request in asked(server)] == [str(100 * n) for n in range(7)]


def test_an_action_that_arrives_while_a_day_is_paged_has_it_read_again(server: requests_mock.Mocker) -> None:
    """It pushes the last action of a page onto the next one, where it comes a second time."""
    late, *rows = [action(f"2026-08-28T12:{59 - n // 60:02}:{59 - n % 60:02}.000Z") for n in range(121)]

    def answer(request: Any, _: Any) -> Any:
        first, last, offset = (request.qs[name][0].upper() for name in ("startdate", "enddate", "activityoffset"))
        known = rows if len(asked(server)) < arrives else [late, *rows]
        found = [row for row in known if first <= row["time"] <= last]
        return {"activity": found[int(offset) : int(offset) + 100], "entities": {}}

    server.get(URL, json=answer)
    arrives = 2
    assert len({record["id"] for record in read("activity")}) == 121
    # two pages, the second that both have, and two pages again
    assert len(asked(server)) == 5
    rows, arrives = rows[:100], 0

    def ever_later(request: Any, context: Any) -> Any:
        found = answer(request, context)
        rows.insert(0, action("2026-08-28T13:00:00.000Z"))
        return found

    server.get(URL, json=ever_later)
    with pytest.raises(Unavailable, match="stream scenario_activity: 2026-08-28 changed during each of 3 readings"):
        read("activity")


def test_activity_in_halves_starts_its_pages_anew(server: requests_mock.Mocker) -> None:
    whole = body(activity=[action(data={"n": n}) for n in range(100)])
    server.get(
        URL, [whole, SLOW, SLOW, SLOW, body(activity=[action("2026-08-28T01:00:00Z")]), body(activity=[action()])]
    )
    assert [r["start_date"] for r in read("activity")] == ["2026-08-28T01:00:00Z", "2026-08-28T12:00:00Z"]


def test_equal_actions_are_numbered_and_the_dearest_comes_first(server: requests_mock.Mocker) -> None:
    twins = [action(), action(creativeUnitsCost=1), action(creativeUnitsCost=7.5), action(creativeUnitsCost=-7.5)]
    for rows in (twins, twins[::-1]):
        server.get(URL, **body(activity=[*rows, action(data={"jobId": "j"})]))
        found = read("activity")
        numbers = {r["id"].rsplit("/", 1)[1]: r.get("usage", {}).get("quantity") for r in found if "~/0" not in r["id"]}
        assert len({r["id"] for r in found}) == 5
        assert numbers == {**numbers, "1": 1, "2": -7.5, "3": None}


def mapped(row: dict[str, Any]) -> Any:
    (record,) = stream_of("scenario", {**CONFIG, **FLAGS}, "scenario_activity").usages(
        Action(row, 0, {}, Known({}, {}, {}))
    )
    return record


def test_how_a_time_is_spelled_does_not_matter() -> None:
    times = ("2026-08-28", "2026-08-28T00:00:00Z", "2026-08-28T00:00:00.000Z")
    found = [mapped(action(time)) for time in times]
    assert {(record["id"], record["start_date"], record["end_date"]) for record in found} == {
        ("scenario_activity/~/2026-08-28T00:00:00.000Z/u/p/custom/~/0", "2026-08-28T00:00:00Z", "2026-08-28T00:00:00Z")
    }


def test_how_a_provider_is_displayed_does_not_matter() -> None:
    def ids(*providers: tuple[str, str]) -> set[str]:
        rows = (action(data={"byokProvider": {"id": id, "displayName": name}}) for id, name in providers)
        return {mapped(row)["id"] for row in rows}

    assert len(ids(("byok_a", "A"), ("byok_b", "A"))) == 2
    assert ids(("byok_a", "A"), ("byok_b", "A")) == ids(("byok_a", "A, renamed"), ("byok_b", "B"))


def test_activity_reads_what_is_five_minutes_old() -> None:
    (stream,) = planned("2026-09-20", "2026-09-30", "activity", include_activity=True)
    assert stream.windows[-1].last_day == "2026-09-21"
    early = datetime(2026, 9, 22, 10, 3)
    stream.plan(Range(date(2026, 9, 22), None, True, early), Covered())
    assert str(stream.windows[-1]) == "2026-09-22T00:00:00Z to 2026-09-22T09:00:00Z"
    stream.plan(Range(date(2026, 9, 20), None, False, datetime(2026, 9, 22, 0, 3)), Covered())
    assert stream.windows[-1].last_day == "2026-09-20"
