"""The sections of an answer, each derived from the same events."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil
from operator import attrgetter

from sandbox.kit import Json, grouped, number
from sandbox.vendors.scenario.events import Event, names_cost, spelled
from sandbox.vendors.scenario.knobs import Granularity, Knobs
from sandbox.vendors.scenario.query import Query

Figures = Callable[[Sequence[Event]], Json]

USAGE_NAMES = (
    "background-removal",
    "captioning",
    "creative-unit-cost",
    "creative-unit-discount",
    "custom",
    "custom-asset-created",
    "detection",
    "image-prompt-editing",
    "images-generation",
    "ip-detection",
    "models-training",
    "patch",
    "pixelate",
    "refunds",
    "repaint",
    "restyle",
    "segmentation",
    "skybox-base-360",
    "skybox-upscale-360",
    "texture",
    "upscale",
    "vectorization",
)
_KINDS = ("3d", "audio", "document", "image", "image-hdr", "json", "text", "video")
_VERDICTS = ("total", "pass", "warn", "fail")
_SYNTHESIS = ("creative-unit-cost", "creative-unit-discount")
_ACTIVITY_PAGE = 100  # entries of an answer
_STEP = {
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "1d": 86_400_000,
    "7d": 604_800_000,
}


def granularity(width: timedelta, knobs: Knobs) -> Granularity:
    """The granularity that the vendor chooses for a window of this width."""
    return next(name for widest, name in knobs.ladder if width <= widest)


def step_ms(width: timedelta, knobs: Knobs) -> int:
    return _STEP[granularity(width, knobs)]


@dataclass(frozen=True)
class Series:
    """The events of one window, in buckets that begin at its start."""

    query: Query
    events: Sequence[Event]
    knobs: Knobs

    def section(self, name: str) -> tuple[str, list[Json]]:
        """The member's name in the answer, and its rows."""
        sections: dict[str, tuple[str, Callable[[], list[Json]]]] = {
            "activity": ("activity", self._activity),
            "asset-usages": ("assetUsages", self._assets),
            "consumption": ("consumption", self._consumption),
            "model-usages": ("modelUsages", self._models),
            "nsfw-usages": ("nsfwUsages", self._nsfw),
            "quality-gate-usages": ("qualityGateUsages", self._gate),
            "usages": ("usages", self._usages),
        }
        member, rows = sections[name]
        return member, rows()

    def _points(self, events: Iterable[Event], figures: Figures) -> list[Json]:
        step = step_ms(self.query.width, self.knobs)
        buckets = grouped(events, lambda event: (event.time - self.query.start) // step)
        indexes: Iterable[int] = sorted(buckets)
        if not self.query.drop_zeros:
            count = (self.query.end - self.query.start) // step + 1
            indexes = range(count + self.knobs.zero_bucket_outside)
        points = (
            {"time": spelled(self.query.start + index * step, self.knobs.times), **figures(buckets.get(index, ()))}
            for index in indexes
        )
        return [point for point in points if not self.query.drop_zeros or _nonzero(point)]

    def _listed(self, known: Sequence[str], found: Iterable[str]) -> list[str]:
        """The parents of a section: the known ones with or without usage, then the others."""
        seen = set(found)
        return [name for name in known if self.knobs.idle_parents or name in seen] + sorted(seen - set(known))

    def _usages(self) -> list[Json]:
        by_name: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            for name in event.usages:
                by_name[name].append(event)
            if event.value or event.discount:
                for name in _SYNTHESIS:
                    by_name[name].append(event)
        chosen = granularity(self.query.width, self.knobs)
        return [
            {"usageName": name, "granularity": chosen, "points": self._points(by_name[name], self._usage_figures(name))}
            for name in self._listed(USAGE_NAMES, by_name)
        ]

    def _usage_figures(self, name: str) -> Figures:
        if name == "creative-unit-cost":
            return lambda events: _synthesis(_costs(events), "cost", "apiKeyCost")
        if name == "creative-unit-discount":
            return lambda events: _synthesis(_costs(events), "discount", "apiKeyDiscount")
        priced = names_cost(name, self.knobs.free_cost)

        def figures(events: Sequence[Event]) -> Json:
            counts = {"value": str(len(events)), "apiKey": str(sum(event.is_api for event in events))}
            costs = _costs(events) if priced else {}
            return {**counts, **{key: number(amount) for key, amount in costs.items()}}

        return figures

    def _models(self) -> list[Json]:
        by_model = grouped(self.events, lambda event: event.model or "")
        models = sorted(filter(None, by_model))
        return [{"modelId": model, "points": self._points(by_model[model], _model_figures)} for model in models]

    def _assets(self) -> list[Json]:
        found = {kind for event in self.events for kind in event.assets}
        return [
            {"kind": kind, "points": self._points(self.events, _counting(attrgetter("assets"), kind))}
            for kind in self._listed(_KINDS, found)
        ]

    def _nsfw(self) -> list[Json]:
        labels = sorted({label for event in self.events for label in event.nsfw})
        counting = {label: _counting(attrgetter("nsfw"), label) for label in labels}
        return [{"label": label, "points": self._points(self.events, count)} for label, count in counting.items()]

    def _gate(self) -> list[Json]:
        found = {verdict for event in self.events for _, verdict in event.gate}
        checked = [event for event in self.events if event.gate]
        return [
            {"verdict": verdict, "points": self._points(checked, _distinct(verdict))}
            for verdict in self._listed(_VERDICTS, {*found, *(("total",) if found else ())})
        ]

    def _consumption(self) -> list[Json]:
        """Jobs that cost nothing are no consumption."""
        rows = []
        charged = (event for event in self.events if event.value or event.discount)
        for user, events in grouped(charged, lambda event: event.user).items():
            value, discount, add_on = (_sum(events, figure) for figure in ("value", "discount", "add_on"))
            figures = {"value": number(value), "discount": number(discount), "total": number(value + discount)}
            details = {"costDetails": {"quality-gate": number(add_on)}} if add_on else {}
            rows.append({"userId": user, **figures, **details})
        return sorted(rows, key=lambda row: (-row["value"], row["userId"]))

    def _activity(self) -> list[Json]:
        newest_first = list(reversed(self.events))
        offset = self.query.offset
        again: Json = {}
        if self.knobs.restless_activity and offset:
            newest_first = sorted(self.events, key=lambda event: -event.time)
        if self.knobs.endless_activity and newest_first:
            newest_first *= ceil(_ACTIVITY_PAGE / len(newest_first))
            offset, again = 0, {"offset": offset}
        page = newest_first[offset : offset + _ACTIVITY_PAGE]
        return [
            {
                "action": event.action,
                "data": {**event.data, **again},
                "projectId": event.project,
                "time": spelled(event.time),
                "userId": event.user,
                **({"creativeUnitsCost": number(event.cost)} if event.billed else {}),
            }
            for event in page
        ]


def _sum(events: Iterable[Event], figure: str) -> Decimal:
    return sum((getattr(event, figure) for event in events), Decimal(0))


def _costs(events: Sequence[Event], cost: str = "value") -> dict[str, Decimal]:
    api = [event for event in events if event.is_api]
    return {
        "cost": _sum(events, cost),
        "discount": _sum(events, "discount"),
        "apiKeyCost": _sum(api, cost),
        "apiKeyDiscount": _sum(api, "discount"),
    }


def _synthesis(costs: dict[str, Decimal], figure: str, api_figure: str) -> Json:
    """The rows that restate all others: the figure is value and cost at once, the other figure is 0."""
    shown = {key: number(amount) if key in (figure, api_figure) else 0 for key, amount in costs.items()}
    return {"value": str(number(costs[figure])), "apiKey": str(number(costs[api_figure])), **shown}


def _model_figures(events: Sequence[Event]) -> Json:
    """Without add-ons, which no model charges."""
    costs = {name: number(amount) for name, amount in _costs(events, "cost").items()}
    return {"cost": costs.pop("cost"), "discount": costs.pop("discount"), "jobs": len(events), **costs}


def _counting(counts: Callable[[Event], dict[str, int]], name: str) -> Figures:
    return lambda events: {
        "count": sum(counts(event).get(name, 0) for event in events),
        "countApiKey": sum(counts(event).get(name, 0) for event in events if event.is_api),
    }


def _distinct(verdict: str) -> Figures:
    """Distinct assets of a bucket: one with two verdicts counts in both, and once in the total."""

    def assets(events: Iterable[Event]) -> int:
        return len({asset for event in events for asset, given in event.gate if verdict in ("total", given)})

    return lambda events: {"count": assets(events), "countApiKey": assets(event for event in events if event.is_api)}


def _nonzero(point: Json) -> bool:
    return any(float(figure) != 0 for name, figure in point.items() if name != "time")
