"""What the vendor knows at a moment, as sections and entities of /usages."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sandbox.kit import Json
from sandbox.vendors.scenario.estate import Estate, Team, model_entity
from sandbox.vendors.scenario.events import Event, days_between, to_ms
from sandbox.vendors.scenario.knobs import Knobs
from sandbox.vendors.scenario.query import Query
from sandbox.vendors.scenario.sections import Series
from sandbox.vendors.scenario.studio import Studio

_HOUR_MS = 3_600_000
_COLLECTION_NAMES = ("Hero concepts", "Props", "Icons", "Backdrops", "Splash screens", "Mood boards")


class Usages:
    """The events as they are seen, with the knobs that change them."""

    def __init__(self, studio: Studio, estate: Estate, knobs: Knobs) -> None:
        self._studio, self._estate, self._knobs = studio, estate, knobs

    def known(self, team: Team, start: int, end: int, now: datetime) -> list[Event]:
        """The events of a window, both bounds inclusive, as they are known now and in their order."""
        moment, settle = to_ms(now), self._knobs.settle.total_seconds() * 1000
        found = []
        for day in days_between(start, min(end, moment)):
            for event in self._studio.of(team, day):
                if self._knobs.restless_activity:
                    event = replace(event, time=event.time - event.time % _HOUR_MS)
                seen = event.as_of(moment, int(settle)) if start <= event.time <= end else None
                if seen:
                    found.append(seen)
        return found

    def answer(self, query: Query, now: datetime) -> Json:
        """The body of /usages."""
        events = [
            event
            for event in self.known(query.team, query.start, query.end, now)
            if (query.projects is None or event.project in query.projects)
            and (not query.users or event.user in query.users)
        ]
        body = dict(Series(query, events, self._knobs).section(name) for name in query.sections)
        return {**body, "entities": self._entities(body, now)}

    def _entities(self, body: Json, now: datetime) -> Json:
        """What the answer's ids mean; a few of them are never described."""
        activity = body.get("activity", ())
        users = {row["userId"] for row in (*body.get("consumption", ()), *activity)}
        data = [row["data"] for row in activity]
        models = {row["modelId"] for row in (*body.get("modelUsages", ()), *(d for d in data if "modelId" in d))}
        found: Json = {}
        if self._knobs.describe_entities:
            found["models"] = [entity for id in sorted(models) if (entity := model_entity(id))]
            today = now.date()
            found["users"] = [entity for id in sorted(users) if (entity := self._estate.user_entity(id, today))]
        if "activity" in body:
            found["jobs"] = [_job(d["jobId"], d.get("modelId")) for d in _unique(data, "jobId")]
        found = {name: rows for name, rows in found.items() if rows}
        if "activity" in body:
            collections = sorted(d["collectionId"] for d in _unique(data, "collectionId"))
            found["collections"] = [{"id": id, "name": _COLLECTION_NAMES[int(id[-3:])]} for id in collections]
        return found


def _unique(data: Iterable[Json], name: str) -> Iterable[Json]:
    return {d[name]: d for d in data if name in d}.values()


def _job(id: str, model: str | None) -> Json:
    """With the prompt, which a reader must not keep."""
    asked = {"prompt": "a knight at dawn, oil on canvas", **({"modelId": model} if model else {})}
    return {"id": id, "jobType": "custom", "status": "success", "metadata": {"input": asked, "assetIds": []}}
