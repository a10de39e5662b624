"""Made-up answers of the Scenario tests, and what streams make of them."""

from datetime import date
from typing import Any

import orjson
import requests_mock
from pendulum import datetime

from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.window import Covered
from source_unified_usage.vendors.scenario import Scenario
from source_unified_usage.vendors.scenario.daily import Line, Place
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
FLAGS = {"include_activity": True, "include_user_model_usage": True, "include_moderation": True}


def read(stream: str = "consumption", day: str = DAY, **config: Any) -> list[dict[str, Any]]:
    found = stream_of("scenario", {**CONFIG, **FLAGS, **config}, f"scenario_{stream}")
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


def fails(name: str, status: int) -> dict[str, Any]:
    """A refusal with the body of a sample."""
    return {"status_code": status, "json": sample("scenario", name)}


def mapped(stream: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """What a daily stream makes of rows of DAY, without a request."""
    reader = stream_of("scenario", {**CONFIG, **FLAGS}, f"scenario_{stream}")
    place = Place(window(DAY, "2026-08-29"), {}, {})
    found = [usage for row in rows for usage in reader.usages(Line(row, place))]
    return [orjson.loads(orjson.dumps(usage)) for usage in found]
