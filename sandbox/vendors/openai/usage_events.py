"""What the organization did with the API, event by event, and how events add up to rows."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import count
from random import Random
from typing import Any, NamedTuple

from sandbox.kit import grouped
from sandbox.times import epoch
from sandbox.vendors.openai.directory import ApiKey, Directory
from sandbox.vendors.openai.endpoints import Endpoint
from sandbox.vendors.openai.token_counts import CHAT_MODELS, EVALS_MODEL, chat, picture, speech
from sandbox.world import Person, World

DAY = 86_400
HOUR = 3_600

SIZES = ("256x256", "512x512", "1024x1024", "1792x1792", "1024x1792")
SOURCES = ("image.generation", "image.edit", "image.variation")
OLD_MODEL = "gpt-4o-mini-2024-07-18"
REALTIME_MODEL = "gpt-realtime-2025-08-28"
IMAGE_MODEL = "gpt-image-2"
FINE_TUNED_MODEL = "ft:gpt-4o-mini-2024-07-18:acme:tag:AbC123xY:ckpt-step-84"
EMBEDDING_MODEL = "text-embedding-3-small"
OLD_EMBEDDING_MODEL = "text-embedding-ada-002-v2"
MODERATION_MODEL = "text-moderation:2023-10-25"
API_SOURCES = ("agents_api", "unlabeled", None)
TIERS = ("default", "default", "default", "default", "priority", "flex", "fast", "scale")


class Event(NamedTuple):
    """`at`: when it happened; `seen`: when it is first reported; `old`: without newer fields."""

    at: int
    seen: int
    dimensions: tuple[Any, ...]
    metrics: tuple[int, ...]
    old: bool = False


class Row(NamedTuple):
    """Events added up; a dimension that was not asked for is None."""

    dimensions: tuple[Any, ...]
    metrics: tuple[int, ...]
    old: bool = False


def add_up(endpoint: Endpoint, events: Iterable[Event], by: Collection[str]) -> list[Row]:
    """One row per combination of the `by` dimensions, in an order that is not sorted by anything.

    "" and None are different values here, as they are on the wire.
    """
    kept = [name in by for name in endpoint.dimensions]

    def key(event: Event) -> tuple[Any, ...]:
        return tuple(v if k else None for v, k in zip(event.dimensions, kept, strict=True))

    def metrics(group: list[Event]) -> tuple[int, ...]:
        return tuple(map(sum, zip(*(event.metrics for event in group), strict=True)))

    groups = grouped(events, key).items()
    return [Row(key, metrics(group), all(event.old for event in group)) for key, group in groups]


class UsageEvents:
    """All events `of` an endpoint and day, those included that the vendor does not report yet."""

    def __init__(self, world: World, directory: Directory) -> None:
        self._world, self._directory = world, directory
        self.of: Callable[[str, date], list[Event]] = cache(self._made)
        self._special: Mapping[str, Callable[[date, Random], Iterator[Event]]] = {
            "completions": self._completions,
            "decisions": self._decisions,
            "vector_stores": self._vector_stores,
            "code_interpreter_sessions": self._code_interpreter,
        }

    def _made(self, endpoint: str, day: date) -> list[Event]:
        if not self._world.has_data(day):
            return []
        draw = self._world.random("openai", endpoint, day)
        make = self._special.get(endpoint)
        events = list(make(day, draw) if make else self._by_people(endpoint, day, draw))
        draw.shuffle(events)
        return events

    def _workers(self, day: date) -> list[Person]:
        """Who has an API key in use on the day; none is on a company holiday."""
        if is_holiday(day):
            return []
        return [p for p in self._world.people if p.active_on(day) and intensity(p)]

    def _owner(self, person: Person) -> tuple[str, str, str]:
        key = self._directory.keys[person.number]
        return key.project.id, self._directory.user_id(person), key.id

    def _completions(self, day: date, draw: Random) -> Iterator[Event]:
        rhythm = self._world.rhythm(day)
        for person in self._workers(day):
            if draw.random() > min(0.95, rhythm):
                continue
            for model in draw.sample(CHAT_MODELS, draw.choice((1, 2, 2, 3))):
                dimensions = (*self._owner(person), model, False, draw.choice(TIERS))
                for _ in range(draw.randint(1, 4)):
                    requests = 1 + int(intensity(person) * rhythm * draw.expovariate(1 / 12))
                    yield self._event(day, draw, dimensions, chat(draw, requests, model))
        if not is_holiday(day):
            yield from self._services(day, draw)

    def _services(self, day: date, draw: Random) -> Iterator[Event]:
        """Programs, and what else no key of a person does; in this order, because they draw one after another."""
        yield from self._platform_services(day, draw)
        yield from self._batches(day, draw)
        yield from self._oddities(day, draw)
        prototype = self._directory.prototype
        if prototype.archived and day < prototype.archived:
            key = self._directory.workers[prototype.name].id
            dimensions = (prototype.id, None, key, CHAT_MODELS[0], False, "default")
            yield self._event(day, draw, dimensions, chat(draw, 20, CHAT_MODELS[0]))

    def _platform_services(self, day: date, draw: Random) -> Iterator[Event]:
        directory = self._directory
        platform = directory.teams["platform"]
        worker = directory.workers[platform.name].id
        midnights = (platform.id, None, worker, "gpt-5.4-codex", False, "fast")
        for at in (epoch(day), epoch(day) + DAY - 1):
            # the last second of a day is lost by readers that think end_time is inclusive
            yield Event(at, at + 120, midnights, chat(draw, 3, "gpt-5.4-codex"))
        unknown = (platform.id, None, worker, CHAT_MODELS[0], False, "ultrafast")
        yield self._event(day, draw, unknown, chat(draw, 5, CHAT_MODELS[0]))
        realtime = directory.workers[directory.teams["mobile"].name]
        for _ in range(3):
            voice = (realtime.project.id, None, realtime.id, REALTIME_MODEL, False, None)
            yield self._event(day, draw, voice, speech(draw))

    def _batches(self, day: date, draw: Random) -> Iterator[Event]:
        """Reported when they are done: whole rows appear a day or two late."""
        evals = self._directory.evals
        worker = self._directory.workers[evals.name].id
        dimensions = (evals.id, self._directory.service_user, worker, EVALS_MODEL, True, "default")
        for _ in range(4):
            at = epoch(day) + draw.randrange(6 * HOUR)
            seen = at + draw.randint(26, 46) * HOUR
            yield Event(at, seen, dimensions, chat(draw, draw.randint(200, 900), EVALS_MODEL))

    def _oddities(self, day: date, draw: Random) -> Iterator[Event]:
        """Pictures, a fine-tuned model of no project, rows of an old model in the old shape."""
        directory = self._directory
        owner, user = directory.keys[1], directory.user_id(self._world.people[0])
        pictures = (owner.project.id, user, owner.id, IMAGE_MODEL, False, "default")
        yield self._event(day, draw, pictures, picture(draw))
        for project in ("", None) if day.toordinal() % 3 == 0 else ("",):
            tuned = (project, user, None, FINE_TUNED_MODEL, False, "flex")
            metrics = chat(draw, draw.randint(1, 40), FINE_TUNED_MODEL)
            yield self._event(day, draw, tuned, metrics)
        search = directory.teams["search"]
        old = (search.id, user, directory.workers[search.name].id, OLD_MODEL, None, None)
        for _ in range(2):
            event = self._event(day, draw, old, chat(draw, draw.randint(1, 9), OLD_MODEL))
            yield event._replace(old=True)

    def _decisions(self, day: date, draw: Random) -> Iterator[Event]:
        for person in self._workers(day):
            if draw.random() > min(1.0, self._world.rhythm(day)) * 0.3:
                continue
            for source in draw.sample(API_SOURCES, draw.randint(1, 2)):
                model = draw.choice(CHAT_MODELS)
                dimensions = (*self._owner(person), model, False, draw.choice(TIERS), source)
                yield self._event(day, draw, dimensions, chat(draw, draw.randint(1, 30), model))
        if not is_holiday(day):
            worker = self._directory.workers[self._directory.evals.name]
            nobody = (worker.project.id, None, worker.id, EVALS_MODEL, True, "default")
            for source in API_SOURCES:
                yield self._event(day, draw, (*nobody, source), chat(draw, 60, EVALS_MODEL))

    def _by_people(self, endpoint: str, day: date, draw: Random) -> Iterator[Event]:
        """The endpoints that a person uses now and then."""
        share = {"embeddings": 0.7, "web_search_calls": 0.6}.get(endpoint, 0.4)
        for person in self._workers(day):
            if draw.random() > min(1.0, self._world.rhythm(day)) * share:
                continue
            project, user, key = self._owner(person)
            for _ in range(draw.randint(1, 3)):
                rest, metrics = self._figures(endpoint, draw, self._directory.keys[person.number])
                yield self._event(day, draw, (project, user, key, *rest), metrics)
        if endpoint == "embeddings" and not is_holiday(day):
            for unassigned in ("", None):
                unnamed = (unassigned, None, None, OLD_EMBEDDING_MODEL)
                yield self._event(day, draw, unnamed, (draw.randint(20, 900), 2))
        if endpoint == "audio_transcriptions" and not is_holiday(day):
            worker = self._directory.workers[self._directory.evals.name]
            service = (worker.project.id, self._directory.service_user, worker.id, "whisper-1")
            yield self._event(day, draw, service, (draw.randint(2000, 9000), 44))

    def _figures(self, endpoint: str, draw: Random, key: ApiKey) -> tuple[tuple[Any, ...], tuple[int, ...]]:
        """The dimensions after the owner's, and the metrics."""
        requests = draw.randint(1, 40)
        if endpoint == "embeddings":
            return (EMBEDDING_MODEL,), (requests * draw.randint(20, 900), requests)
        if endpoint == "moderations":
            return (MODERATION_MODEL,), (requests * draw.randint(10, 90), requests)
        if endpoint == "images":
            size = draw.choice((*SIZES, "1536x1024", None))
            model = "dall-e-2" if size in SIZES[:2] else "dall-e-3"
            source = draw.choice((*SOURCES, "image.remix"))
            return (model, size, source), (requests * draw.randint(1, 2), requests)
        if endpoint == "audio_speeches":
            model = draw.choice(("tts-1", "tts-1-hd"))
            return (model,), (requests * draw.randint(40, 900), requests)
        if endpoint == "audio_transcriptions":
            return ("whisper-1",), (requests * draw.randint(5, 400), requests)
        if endpoint == "file_search_calls":
            store = self._directory.vector_store_id(key.project)
            return (draw.choice((store, store, store, None)),), (requests,)
        level = draw.choice(("low", "medium", "medium", "high", None))
        return (draw.choice(CHAT_MODELS[:2]), level), (requests, requests + draw.randint(0, 9))

    def _vector_stores(self, day: date, draw: Random) -> Iterator[Event]:
        """Stored bytes: one reading a day, on holidays too."""
        at = epoch(day) + 300
        age = (day - self._world.first_day).days
        for number, project in zip(count(1), self._directory.teams.values(), strict=False):
            size = number * 100 * 2**20 + age * draw.randint(1, 2**20)
            yield Event(at, at + 600, (project.id,), (size,))
        yield Event(at, at + 600, (None,), (1024,))

    def _code_interpreter(self, day: date, draw: Random) -> Iterator[Event]:
        if is_holiday(day):
            return
        for project in self._directory.teams.values():
            sessions = round(draw.randint(0, 30) * self._world.rhythm(day))
            if sessions:
                yield self._event(day, draw, (project.id,), (sessions,))

    def _event(self, day: date, draw: Random, dimensions: tuple[Any, ...], metrics: tuple[int, ...]) -> Event:
        """Within working hours, reported minutes later; one in twelve up to two days later."""
        at = epoch(day) + 6 * HOUR + draw.randrange(14 * HOUR)
        late = draw.random() < 1 / 12
        delay = draw.randint(2 * HOUR, 46 * HOUR) if late else draw.randint(60, 600)
        return Event(at, at + delay, dimensions, metrics)


def intensity(person: Person) -> float:
    """The person's own; who has left since did work before, so that usage outlives the account."""
    return person.intensity or (0.5 if person.left else 0.0)


def is_holiday(day: date) -> bool:
    """A day without work, so that buckets come back empty."""
    return day.toordinal() % 29 == 0
