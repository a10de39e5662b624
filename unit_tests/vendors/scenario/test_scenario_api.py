"""How the Scenario streams share, page, divide, wait and fail."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import pytest
import requests_mock
from pendulum import DateTime, datetime

from source_unified_usage.core import clock
from source_unified_usage.core.api import Api
from source_unified_usage.core.errors import (
    BrokenContract,
    ConfigError,
    KeyRefused,
    SourceError,
    Unavailable,
    Unmappable,
)
from source_unified_usage.core.stream import Range, RetentionStart, UsageStream
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.scenario import Scenario
from unit_tests.vendors.samples import records, sample, stream_of, window

CONFIG = {"api_key": "api_EXAMPLE", "api_secret": "not-a-real-secret"}
ADDRESS = "https://api.cloud.scenario.com"
URL = f"{ADDRESS}/v1/usages"
DAY = "2026-08-28"
NOON = "2026-08-28T12:00:00.000Z"
MEMBERS = {
    "consumption": "consumption",
    "model-usages": "modelUsages",
    "asset-usages": "assetUsages",
    "usages": "usages",
    "nsfw-usages": "nsfwUsages",
    "quality-gate-usages": "qualityGateUsages",
    "activity": "activity",
}
GATEWAY = {"status_code": 502, "json": sample("scenario", "error_502_payload_too_large")}
SLOW = {"status_code": 504, "json": sample("scenario", "error_504_timeout")}


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        for what in ("teams", "projects"):
            mocker.get(f"{ADDRESS}/v1/{what}", json={what: []})
        yield mocker


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> DateTime:
    now = datetime(2026, 9, 22, 9, 30)
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


def read(stream: str = "consumption", day: str = DAY, **config: Any) -> list[dict[str, Any]]:
    flags = {"include_activity": True, "include_user_model_usage": True, "include_moderation": True}
    found = stream_of("scenario", {**CONFIG, **flags, **config}, f"scenario_{stream}")
    return records(found, window(day, str(window(day, day).start.add(days=1))))


def asked(server: requests_mock.Mocker, path: str = "/v1/usages") -> list[dict[str, str]]:
    found = (request for request in server.request_history if request.path == path)
    return [{name: values[0] for name, values in request.qs.items()} for request in found]


def body(**sections: Any) -> dict[str, Any]:
    return {"json": {**{member: [] for member in MEMBERS.values()}, "entities": {}, **sections}}


def spent(user: str, value: float, discount: float = 0, **more: Any) -> dict[str, Any]:
    return {"userId": user, "value": value, "discount": discount, "total": value + discount, **more}


def point(time: str = NOON, **figures: Any) -> dict[str, Any]:
    return {"time": time, "cost": 1, "discount": 0, "jobs": 1, "apiKeyCost": 0, "apiKeyDiscount": 0, **figures}


def model(*points: dict[str, Any], id: str = "model_a") -> dict[str, Any]:
    return {"modelId": id, "points": list(points)}


def action(time: str = NOON, **more: Any) -> dict[str, Any]:
    return {"action": "custom", "data": {}, "projectId": "p", "time": time, "userId": "u", **more}


def planned(start: str, end: str, *names: str, **config: Any) -> list[UsageStream]:
    """The streams of one sync over these days, end included."""
    offered = {stream.name.removeprefix("scenario_"): stream for stream in Scenario({**CONFIG, **config}).streams()}
    streams = [offered[name] for name in names]
    for stream in streams:
        wanted = Range(date.fromisoformat(start), date.fromisoformat(end), False, datetime(2026, 9, 22, 9, 30))
        stream.plan(wanted, Covered())
    return streams


# --- requests


def test_the_bounds_of_a_request(server: requests_mock.Mocker) -> None:
    server.get(URL, **body())
    read(team_id="team_a", project_ids=["p1", "p2"])
    assert asked(server) == [
        {
            "startdate": "2026-08-28t00:00:00.000z",
            "enddate": "2026-08-28t23:59:59.999z",
            "type": "consumption",
            "dropzeropoints": "true",
            "teamid": "team_a",
            "projectids": "p1,p2",
        }
    ]


def test_streams_share_one_request_a_day(server: requests_mock.Mocker) -> None:
    server.get(URL, **body(consumption=[spent("u", 1)], modelUsages=[model(point())]))
    names = ["consumption", "model_usage", "asset_usage", "usage_by_type"]
    streams = planned(DAY, "2026-08-30", *names, include_moderation=True)
    for day in streams[0].windows:
        for stream in streams:
            list(stream.rows(day))
    types = "consumption,model-usages,asset-usages,usages"
    assert [request["type"] for request in asked(server)] == [types] * 3
    assert len(asked(server, "/v1/teams")) == len(asked(server, "/v1/projects")) == 1


def test_who_has_other_days_to_read_is_not_asked_for(server: requests_mock.Mocker) -> None:
    server.get(URL, **body())
    early, late = planned(DAY, "2026-08-30", "consumption", "model_usage")
    late.plan(Range(date(2026, 8, 30), date(2026, 8, 30), False, datetime(2026, 9, 22)), Covered())
    for day in early.windows:
        list(early.rows(day))
    list(late.rows(late.windows[0]))
    assert [request["type"] for request in asked(server)] == ["consumption", "consumption", "consumption,model-usages"]


def test_a_failure_is_shared_in_each_streams_own_name(server: requests_mock.Mocker) -> None:
    server.get(URL, status_code=503, json={})
    first, second = planned(DAY, DAY, "consumption", "model_usage")
    for stream in (first, second):
        with pytest.raises(Unavailable, match=rf"^Scenario, stream {stream.name}, /v1/usages: .* 503 "):
            list(stream.rows(stream.windows[0]))
        tries = len(asked(server))
    assert tries == 6


def test_for_a_stream_that_has_stopped_nothing_is_asked(server: requests_mock.Mocker) -> None:
    server.get(URL, **body())
    going, stopped = planned(DAY, "2026-08-30", "consumption", "model_usage")
    first, second, third = going.windows
    for day, streams in ((first, [going, stopped]), (second, [going]), (third, [going])):
        for stream in streams:
            list(stream.rows(day))
    types = [request["type"] for request in asked(server)]
    assert types == ["consumption,model-usages", "consumption,model-usages", "consumption"]


# --- answers that do not pass whole


@pytest.mark.parametrize("trouble", [GATEWAY, SLOW, {"status_code": 502, "text": "<html>Bad Gateway</html>"}])
def test_a_day_that_does_not_pass_is_read_in_halves(server: requests_mock.Mocker, trouble: dict[str, Any]) -> None:
    morning = body(
        consumption=[spent("u", 1.5, 0.5, costDetails={"gate": 0.5}), spent("v", 2)],
        modelUsages=[model(point("2026-08-28T00:00:00Z", cost=1, jobs=2))],
        entities={"users": [{"id": "u", "email": "u@example.com"}]},
    )
    evening = body(
        consumption=[spent("u", -4, 0, costDetails={"gate": 0.25, "extra": 1})],
        modelUsages=[model(point(cost=2.5)), model(point(cost=9), id="model_b")],
    )
    server.get(URL, [trouble, trouble, trouble, morning, evening])
    (consumption, models) = planned(DAY, DAY, "consumption", "model_usage")
    (one, other) = records(consumption, consumption.windows[0])
    assert [request["startdate"][11:13] + request["enddate"][11:13] for request in asked(server)[3:]] == [
        "0011",
        "1223",
    ]
    assert one["id"] == "scenario_consumption/~/~/2026-08-28/u"
    assert one["remote_data"] == {
        "userId": "u",
        "value": -2.5,
        "discount": 0.5,
        "total": -2,
        "costDetails": {"gate": 0.75, "extra": 1},
    }
    assert [(c["type"], c["amount"]) for c in one["charges"]] == [("net", -2.5), ("total", -2), ("discount", 0.5)]
    assert one["user"]["email"] == "u@example.com"
    assert other["remote_data"] == spent("v", 2)
    found = {r["model"]["id"]: (r["usage"]["quantity"], r["usage"]["requests"]["total"]) for r in model_records(models)}
    assert found == {"model_a": (3.5, 3), "model_b": (9, 1)}


def model_records(stream: UsageStream) -> list[dict[str, Any]]:
    return records(stream, stream.windows[0])


def test_the_zero_bucket_behind_a_half_is_no_point_of_the_other(server: requests_mock.Mocker) -> None:
    zero = {name: 0 for name in point() if name != "time"}
    morning, noon = point("2026-08-28T11:00:00Z"), point(NOON)
    halves = body(modelUsages=[model(morning, point(NOON, **zero))]), body(modelUsages=[model(noon)])
    server.get(URL, [GATEWAY, GATEWAY, GATEWAY, *halves])
    (record,) = read("model_usage")
    assert record["remote_data"] == model(morning, noon)


def test_two_such_answers_are_no_reason_to_divide(server: requests_mock.Mocker) -> None:
    server.get(URL, [GATEWAY, SLOW, body(consumption=[spent("u", 1)])])
    assert len(read()) == 1
    assert len({request["enddate"] for request in asked(server)}) == 1
    server.get(URL, [GATEWAY, SLOW, {"status_code": 500}, GATEWAY, SLOW, body()])
    assert read() == []


def test_half_a_figure_is_no_figure(server: requests_mock.Mocker) -> None:
    unknown = {"userId": "u", "value": None, "discount": 0}
    server.get(URL, [GATEWAY, GATEWAY, GATEWAY, body(consumption=[spent("u", 1)]), body(consumption=[unknown])])
    with pytest.raises(ValueError, match="no value"):
        read()


def test_an_hour_is_not_divided(server: requests_mock.Mocker) -> None:
    server.get(URL, **GATEWAY)
    with pytest.raises(Unavailable, match="502 Internal server error"):
        read()
    starts_and_ends = [request["startdate"][11:13] + request["enddate"][11:13] for request in asked(server)]
    assert list(dict.fromkeys(starts_and_ends)) == ["0023", "0011", "0005", "0002", "0000"]
    assert starts_and_ends.count("0002") == 3
    assert starts_and_ends.count("0000") == 6


@pytest.mark.parametrize("answer", [{}, {"entities": {}}, {"consumption": None}, []])
def test_a_missing_section_is_asked_for_again(server: requests_mock.Mocker, waits: list[float], answer: Any) -> None:
    server.get(URL, [{"json": answer}, body(consumption=[spent("u", 1)])])
    assert len(read()) == 1
    assert len(waits) == 1
    server.get(URL, json=answer)
    with pytest.raises(BrokenContract, match=r"stream scenario_consumption, .* no list of objects under 'consumption'"):
        read()
    assert len(asked(server)) == 2 + 6


def test_a_missing_section_stops_only_the_stream_that_needs_it(server: requests_mock.Mocker) -> None:
    server.get(URL, json={"consumption": [spent("u", 1)]})
    consumption, models = planned(DAY, DAY, "consumption", "model_usage")
    assert len(records(consumption, consumption.windows[0])) == 1
    with pytest.raises(BrokenContract, match=r"stream scenario_model_usage, .* under 'modelUsages'"):
        list(models.rows(models.windows[0]))


# --- errors and waits


def fails(name: str, status: int) -> dict[str, Any]:
    return {"status_code": status, "json": sample("scenario", name)}


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


def test_waits_exactly_as_told(server: requests_mock.Mocker, waits: list[float]) -> None:
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


# --- what the vendor keeps


def keeping(oldest: str) -> Callable[[Any, Any], Any]:
    def answer(request: Any, context: Any) -> Any:
        if request.qs["startdate"][0][:10] >= oldest:
            return body(consumption=[spent("u", 1)])["json"]
        context.status_code = 400
        return {"reason": "too old"}

    return answer


@pytest.mark.parametrize("oldest", ["2025-05-01", "2026-08-24", "2026-09-21", "2026-09-20"])
def test_the_oldest_day_is_found_by_halving(server: requests_mock.Mocker, today: DateTime, oldest: str) -> None:
    server.get(URL, json=keeping(oldest))
    streams = planned("2025-04-30", "2026-09-21", "consumption", "model_usage", "activity", include_activity=True)
    for stream in streams:
        with pytest.raises(RetentionStart) as told:
            list(stream.rows(stream.windows[0]))
        assert told.value.day.to_date_string() == oldest
    assert len(asked(server)) <= 1 + 10
    count = len(asked(server))
    served = [day for day in streams[0].windows if day.first_day >= oldest]
    list(streams[0].rows(served[0]))
    assert [request["type"] for request in asked(server)[count:]] == ["consumption,model-usages"]


def test_nine_requests_find_the_oldest_of_500_days(server: requests_mock.Mocker, today: DateTime) -> None:
    server.get(URL, json=keeping("2026-08-24"))
    (stream,) = planned("2025-05-10", "2026-09-21", "consumption")
    with pytest.raises(RetentionStart):
        list(stream.rows(stream.windows[0]))
    assert len(asked(server)) == 1 + 9


def test_a_400_that_yesterday_gets_too_is_a_config_error(server: requests_mock.Mocker, today: DateTime) -> None:
    server.get(URL, status_code=400, json={"reason": "projectIds is invalid"})
    with pytest.raises(ConfigError, match=r'400 "projectIds is invalid"\. Check scenario.team_id'):
        read()
    assert len(asked(server)) < 10
    with pytest.raises(ConfigError, match="projectIds is invalid"):
        read(day="2026-09-21")


@pytest.mark.parametrize(
    ("stream", "refused"),
    [
        ("user_model_usage", lambda query: "userids" in query),
        ("moderation_usage", lambda query: "quality-gate-usages" in query["type"][0]),
        ("consumption", lambda query: query["startdate"][0].startswith("2026-08-30")),
    ],
    ids=["one user", "one section", "one day amid others"],
)
def test_a_400_for_another_reason_than_age_is_a_config_error(
    server: requests_mock.Mocker, today: DateTime, stream: str, refused: Callable[[Any], bool]
) -> None:
    def answer(request: Any, context: Any) -> Any:
        if refused(request.qs):
            context.status_code = 400
            return {"reason": "it is invalid"}
        return body(consumption=[spent("u", 1)])["json"]

    server.get(URL, json=answer)
    flags = {"include_user_model_usage": True, "include_moderation": True}
    (reader,) = planned(DAY, "2026-09-21", stream, **flags)
    with pytest.raises(ConfigError, match='400 "it is invalid"'):
        [line for day in reader.windows for line in reader.rows(day)]


# --- rows


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([point(), point("2026-08-28T12:00:00Z")], "a time comes twice"),
        ([point("2026-08-29T00:00:00.000Z")], "is outside of"),
        ([point("2026-08-27")], "is outside of"),
        ([{"time": NOON, "cost": 1, "discount": 0}], "jobs"),
        ([point(cost="much")], "is not a number"),
        ([point(cost=None)], "no cost"),
    ],
)
def test_points_that_cannot_be_mapped(server: requests_mock.Mocker, points: Any, reason: str) -> None:
    server.get(URL, **body(modelUsages=[model(*points)]))
    with pytest.raises((ValueError, KeyError), match=reason):
        read("model_usage")


def test_points_that_say_nothing(server: requests_mock.Mocker) -> None:
    zero: dict[str, Any] = {"cost": 0, "jobs": 0}
    inside, outside = point("2026-08-28"), point("2026-08-29T00:00:00.000Z", **zero)
    server.get(URL, **body(modelUsages=[model(inside, outside), model(point(**zero), id="idle"), model(id="none")]))
    (record,) = read("model_usage")
    assert record["remote_data"] == model(inside)


def test_a_text_under_a_new_name_is_no_figure(server: requests_mock.Mocker) -> None:
    zero: dict[str, Any] = {"cost": 0, "jobs": 0, "endTime": "2026-08-28T12:59:59.999Z"}
    series = [model(point(**zero)), model(point(**{**zero, "newFigure": 1}), id="odd")]
    server.get(URL, **body(modelUsages=series))
    assert [r["model"]["id"] for r in read("model_usage")] == ["odd"]


def test_rows_that_are_not_all_zero_are_kept(server: requests_mock.Mocker) -> None:
    zero: dict[str, Any] = {"cost": 0, "jobs": 0}
    series = [
        model(point(cost=0), id="free"),
        model(point(**zero, discount=5), id="discounted"),
        model(point(cost=-3), id="refunded"),
        model(point(cost=5), point("2026-08-28T13:00:00Z", cost=-5), id="balanced"),
        model(point(**zero, apiKeyDiscount=1), id="odd"),
    ]
    server.get(URL, **body(modelUsages=series, consumption=[spent("u", 0)]))
    assert [r["model"]["id"] for r in read("model_usage")] == ["free", "discounted", "refunded", "balanced", "odd"]
    assert [r["usage"]["quantity"] for r in read("consumption")] == [0]


@pytest.mark.parametrize("stream", ["model_usage", "consumption", "asset_usage"])
def test_a_row_that_comes_twice_breaks_the_contract(server: requests_mock.Mocker, stream: str) -> None:
    twice = {
        "modelUsages": [model(), model()],
        "consumption": [spent("u", 1), spent("u", 2)],
        "assetUsages": [{"kind": "image", "points": []}] * 2,
    }
    server.get(URL, **body(**twice))
    with pytest.raises(BrokenContract, match="comes twice under"):
        read(stream)


@pytest.mark.parametrize("key", [[], [None], [""]], ids=str)
@pytest.mark.parametrize(
    ("member", "name", "streams"),
    [
        ("consumption", "userId", ["consumption", "user_model_usage"]),
        ("modelUsages", "modelId", ["model_usage"]),
        ("assetUsages", "kind", ["asset_usage"]),
        ("usages", "usageName", ["usage_by_type"]),
        ("nsfwUsages", "label", ["moderation_usage"]),
        ("qualityGateUsages", "verdict", ["moderation_usage"]),
    ],
)
def test_a_row_without_its_key_cannot_be_mapped(
    server: requests_mock.Mocker, member: str, name: str, streams: list[str], key: list[Any]
) -> None:
    row = {"value": 1, "discount": 0, "points": [point(value="1", count=1)], **dict(zip([name], key, strict=False))}
    server.get(URL, **body(**{member: [row]}))
    for stream in streams:
        with pytest.raises(Unmappable) as raised:
            read(stream)
        assert repr(raised.value.reason) == f"KeyError('{name}')"


def test_types_count_texts_and_may_be_free(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    def typed(name: str, *points: dict[str, Any]) -> dict[str, Any]:
        times = (f"2026-08-28T{n:02}:00:00Z" for n in range(24))
        return {"usageName": name, "granularity": "1h", "points": [{"time": next(times), **p} for p in points]}

    rows = [
        typed("captioning", {"value": "2", "apiKey": "0"}, {"value": "3", "apiKey": "1"}),
        typed("detection", {"value": "2", "apiKey": "0", "cost": 0, "discount": 0}),
        typed("custom", {"value": "2", "cost": 1.5}, {"value": "many", "cost": 2, "discount": 0.5}),
        typed("patch", {"value": None, "cost": 1}),
        typed("new-thing", {"value": "0.125", "apiKey": "0"}),
        typed("models-training", {"value": "1", "apiKey": "0", "discount": 150}),
        typed("repaint", {"value": "0", "apiKey": "0"}),
        typed("creative-unit-cost", {"value": "7", "cost": 7}),
        typed("creative-unit-discount", {"value": "1", "discount": 1}),
    ]
    server.get(URL, **body(usages=rows))
    with caplog.at_level(logging.WARNING, "airbyte"):
        found = {r["metric_name"]: r for r in read("usage_by_type")}
    charges = {name: {c["type"]: c["amount"] for c in r.get("charges", ())} for name, r in found.items()}
    assert charges == {
        "captioning": {},
        "detection": {"net": 0, "total": 0},
        "custom": {"net": 3.5, "total": 4, "discount": 0.5},
        "patch": {"net": 1, "total": 1},
        "new-thing": {},
        "models-training": {"net": 0, "total": 150, "discount": 150},
    }
    assert {name: r.get("usage", {}).get("quantity") for name, r in found.items()} == {
        "captioning": 5,
        "detection": 2,
        "custom": None,
        "patch": None,
        "new-thing": 0.125,
        "models-training": 1,
    }
    (warning,) = caplog.messages
    assert "custom: Scenario sent 'many' as a value, which is no number" in warning


def test_nothing_of_the_entities_gets_into_the_records(server: requests_mock.Mocker) -> None:
    user = {"id": "u", "isApiKey": False, "avatar": {"url": "https://cdn.example.invalid/a.png?Signature=x"}}
    entities = {"users": [user], "jobs": [{"id": "job_1", "metadata": {"input": {"prompt": "a knight"}}}]}
    server.get(URL, **body(consumption=[spent("u", 1)], activity=[action(data={"jobId": "job_1"})], entities=entities))
    text = str([*read(), *read("activity")])
    assert "Signature" not in text and "knight" not in text


@pytest.mark.parametrize("entities", [None, [], {}, {"users": None, "models": [None, {}]}])
def test_ids_need_not_be_described(server: requests_mock.Mocker, entities: Any) -> None:
    server.get(URL, **body(consumption=[spent("u", 1)], modelUsages=[model(point())], entities=entities))
    assert [r["user"] for r in read()] == [{"id": "u"}]
    assert [r["resources"] for r in read("model_usage")] == [[{"id": "model_a"}]]


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

    def ever_later(request: Any, told: Any) -> Any:
        found = answer(request, told)
        rows.insert(0, action("2026-08-28T13:00:00.000Z"))
        return found

    server.get(URL, json=ever_later)
    with pytest.raises(Unavailable, match="stream scenario_activity: 2026-08-28 changed under every one of 3 readings"):
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


def test_how_a_time_is_spelled_does_not_matter(server: requests_mock.Mocker) -> None:
    ids = set()
    for time in ("2026-08-28", "2026-08-28T00:00:00Z", "2026-08-28T00:00:00.000Z"):
        server.get(URL, **body(activity=[action(time)]))
        (record,) = read("activity")
        ids.add((record["id"], record["start_date"], record["end_date"]))
    assert ids == {
        ("scenario_activity/~/2026-08-28T00:00:00.000Z/u/p/custom/~/0", "2026-08-28T00:00:00Z", "2026-08-28T00:00:00Z")
    }


def test_how_a_provider_is_displayed_does_not_matter(server: requests_mock.Mocker) -> None:
    def ids(*providers: tuple[str, str]) -> set[str]:
        rows = [action(data={"byokProvider": {"id": id, "displayName": name}}) for id, name in providers]
        server.get(URL, **body(activity=rows))
        return {record["id"] for record in read("activity")}

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


# --- look-ups, projects, users


def test_the_look_ups_may_be_refused(server: requests_mock.Mocker) -> None:
    for what in ("teams", "projects"):
        server.get(f"{ADDRESS}/v1/{what}", **fails("error_403_protected", 403))
    server.get(URL, **body(consumption=[spent("u", 1)]))
    (record,) = read()
    assert "organization" not in record
    (record,) = read(team_id="team_a")
    assert record["organization"] == {"id": "team_a"}
    assert record["id"] == "scenario_consumption/team_a/~/2026-08-28/u"


def test_the_team_is_the_configured_or_the_only_one(server: requests_mock.Mocker) -> None:
    teams = [{"id": "team_a", "name": "A"}, {"id": "team_b", "name": "B"}]
    server.get(URL, **body(consumption=[spent("u", 1)]))
    server.get(f"{ADDRESS}/v1/teams", json={"teams": teams})
    assert "organization" not in read()[0]
    assert read(team_id="team_b")[0]["organization"] == teams[1]
    server.get(f"{ADDRESS}/v1/teams", json={"teams": teams[:1]})
    (record,) = read()
    assert record["organization"] == teams[0]
    assert record["id"] == "scenario_consumption/~/~/2026-08-28/u"


def test_look_ups_come_after_the_first_answer(server: requests_mock.Mocker) -> None:
    server.get(URL, **fails("error_403_protected", 403))
    with pytest.raises(ConfigError):
        read()
    assert [request.path for request in server.request_history] == ["/v1/usages"]


def listing(server: requests_mock.Mocker, *pages: Mapping[str, Any]) -> None:
    server.get(f"{ADDRESS}/v1/projects", [{"json": page} for page in pages])


def test_projects_are_read_one_by_one(server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    listing(
        server,
        {"projects": [{"id": "p1", "name": "One"}], "nextPaginationToken": "2"},
        {"projects": [{"id": "p2", "name": "Two", "keys": [{"id": "apiu_1", "name": "robot"}]}]},
    )
    one, two, whole = (body(consumption=[spent(*row)]) for row in (("apiu_1", 1), ("apiu_1", 2), ("apiu_1", 5.5)))
    server.get(URL, [one, two, whole])
    with caplog.at_level(logging.WARNING, "airbyte"):
        found = read(split_by_project=True)
    assert [request.get("projectids") for request in asked(server)] == ["p1", "p2", None]
    assert asked(server, "/v1/projects") == [{"pagesize": "100"}, {"pagesize": "100", "paginationtoken": "2"}]
    assert [(r["id"].split("/")[2], r["resources"], r["user"]["name"]) for r in found] == [
        (id, [{"id": id, "name": name, "workspace": {"id": id, "name": name}}], "robot")
        for id, name in (("p1", "One"), ("p2", "Two"))
    ]
    (warning,) = caplog.messages
    assert "2026-08-28: 2.5 CU belong to projects that are not listed" in warning


def test_configured_projects_are_all_that_is_asked_for(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    listing(server, {"projects": [{"id": "p1"}]})
    server.get(URL, **body(consumption=[spent("u", 1)]))
    found = read(split_by_project=True, project_ids=["p9", "p1", "p9"])
    assert [request["projectids"] for request in asked(server)] == ["p9", "p1"]
    assert [r["resources"] for r in found] == [[{"id": id, "workspace": {"id": id}}] for id in ("p9", "p1")]
    assert caplog.messages == []


def test_projects_that_cannot_be_listed_are_an_error(server: requests_mock.Mocker) -> None:
    server.get(URL, **body(consumption=[spent("u", 1)]))
    server.get(f"{ADDRESS}/v1/projects", **fails("error_403_protected", 403))
    with pytest.raises(ConfigError, match=r"list the projects \(403 .*list them in scenario.project_ids"):
        read(split_by_project=True)
    for stream in planned(DAY, DAY, "consumption", "model_usage", split_by_project=True):
        with pytest.raises(ConfigError, match=rf"^Scenario, stream {stream.name}, /v1/projects: "):
            list(stream.rows(stream.windows[0]))
    assert len(asked(server, "/v1/projects")) == 2
    server.get(f"{ADDRESS}/v1/projects", **fails("error_404_team", 404))
    with pytest.raises(ConfigError, match=r'/v1/projects: 404 "Team not found"\. Check scenario\.team_id'):
        read(split_by_project=True)
    listing(server, {"projects": []})
    with pytest.raises(ConfigError, match=r"no project is listed.*scenario.project_ids"):
        read(split_by_project=True)
    listing(server, {"projects": [{"id": "p"}], "nextPaginationToken": "t"})
    with pytest.raises(BrokenContract, match="the cursor 't' came twice"):
        read(split_by_project=True)
    assert asked(server) == []


def test_models_by_user_ask_once_for_each_consumer(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    whole = body(
        consumption=[spent("u", 3), spent("v", 1)],
        modelUsages=[model(point(cost=4, jobs=5)), model(point(cost=0, jobs=2), id="free"), model(point(), id="same")],
    )
    of_u = body(modelUsages=[model(point(cost=3, jobs=4)), model(point(), id="same")])
    of_v = body(modelUsages=[model(point(cost=1, jobs=1))])
    server.get(URL, [whole, of_u, of_v])
    with caplog.at_level(logging.WARNING, "airbyte"):
        found = read("user_model_usage", project_ids=["p"])
    assert [(r["type"], r.get("userids"), r["projectids"]) for r in asked(server)] == [
        ("consumption,model-usages", None, "p"),
        ("model-usages", "u", "p"),
        ("model-usages", "v", "p"),
    ]
    assert [r["id"].removeprefix("scenario_user_model_usage/~/~/2026-08-28/") for r in found] == [
        "u/model_a",
        "u/same",
        "v/model_a",
    ]
    (warning,) = caplog.messages
    assert "do not account for all of 1 models: free 0 CU and 2 jobs." in warning


def test_models_by_user_and_project_name_the_project_that_differs(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    whole = body(consumption=[spent("u", 1)], modelUsages=[model(point())])
    of_u = body(modelUsages=[model(point()), model(id="idle")])
    server.get(URL, [whole, body(consumption=[spent("u", 1)]), of_u, of_u])
    with caplog.at_level(logging.WARNING, "airbyte"):
        read("user_model_usage", split_by_project=True, project_ids=["p", "q"])
    (warning,) = caplog.messages
    assert "2026-08-28, project q: the users" in warning
    assert "of 1 models: model_a -1 CU and -1 jobs." in warning


# --- check and the config


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


def test_one_request_at_a_time() -> None:
    gates = {id(stream.api.window_queue) for stream in Scenario({**CONFIG, "include_activity": True}).streams()}
    assert len(gates) == 1
    assert Scenario(CONFIG).streams()[0].api.window_queue.capacity == 1
    assert isinstance(Scenario(CONFIG).streams()[0].api, Api)
