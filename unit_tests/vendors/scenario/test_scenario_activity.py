"""How Scenario's feed of actions is paged and mapped."""

import tracemalloc
from datetime import date
from typing import Any

import pytest
import requests_mock
from pendulum import datetime

from source_unified_usage.core import piles
from source_unified_usage.core.errors import BrokenContract, Unavailable
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


ACTIONS = [
    action(f"2026-08-28T12:{m:02}:{s:02}.{n % 2}00Z", data={"assetId": f"a{m}"}, creativeUnitsCost=n)
    for m in reversed(range(8))
    for s in reversed(range(60))
    for n in reversed(range(3))
]


def feed(request: Any, _: Any) -> dict[str, Any]:
    """Three actions a second, some of them twins, and what they touched: collections, and assets that are renamed."""
    first, last, offset = (request.qs[name][0].upper() for name in ("startdate", "enddate", "activityoffset"))
    found = [row for row in ACTIONS if first <= row["time"] <= last][int(offset) : int(offset) + 100]
    touched = sorted({row["data"]["assetId"] for row in found})
    entities = {
        "assets": [{"id": id, "name": f"{id} on page {offset}" if id != "a0" else None} for id in touched],
        "collections": [{"id": id, "name": f"collection {id}"} for id in touched],
        "jobs": [{"id": "job", "metadata": {"input": {"prompt": "x" * 1_000_000}}}],
        "users": [{"id": "u", "email": f"u{offset}@acme.test", "fullName": "Uma"}],
    }
    return {"activity": found, "entities": entities}


@pytest.mark.parametrize("few", [1, 7, 150])
def test_actions_that_wait_compressed_are_those_that_wait_as_they_are(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    server.get(URL, json=feed)
    whole = read("activity")
    assert len(whole) == len({record["id"] for record in whole}) == 1440
    assert sum(record["id"].endswith("/1") for record in whole) == 480
    # an asset that has no name keeps none, whatever a collection of its id is called
    named = {record["resources"][1]["id"]: record["resources"][1].get("name") for record in whole}
    assert named["a0"] is None
    assert named["a4"] is not None
    monkeypatch.setattr(piles, "_FEW", few)
    assert read("activity") == whole


def test_of_a_day_its_actions_and_names_are_held(server: requests_mock.Mocker) -> None:
    """What describes them, as the prompts of jobs, takes many times their room: a megabyte on a page here."""
    server.get(URL, json=feed)
    read("activity")
    tracemalloc.start()
    try:
        assert len(read("activity")) == 1440
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


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
