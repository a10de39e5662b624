"""Metered use of the Enterprise organization: what each day's tokens and money are made of."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.times import midnight
from sandbox.vendors.claude import organizations
from sandbox.vendors.claude.organizations import HAIKU, MODELS, NO_TOKENS, OPUS, SONNET, Member, Model, Tokens
from sandbox.world import World

RENAMED_ON = date(2026, 9, 1)  # Claude in Slack became Claude Tag
REVISED_FOR = timedelta(days=30)
SLACK_SINCE = date(2026, 7, 1)
DIMENSIONS = (
    "product",
    "model",
    "context_window",
    "inference_geo",
    "speed",
    "rbac_group_id",
    "slack_channel_id",
    "claude_tag_category",
    "claude_tag_user_id",
)
_PRODUCTS: Mapping[str, tuple[float, Sequence[Model]]] = {
    "chat": (0.9, (SONNET, OPUS)),
    "claude_code": (0.55, (OPUS, SONNET, HAIKU)),
    "cowork": (0.4, (SONNET, OPUS)),
    "office_agent": (0.25, (SONNET,)),
    "claude_in_chrome": (0.12, (HAIKU,)),
    "claude_design": (0.1, (OPUS,)),
    "slack": (0.2, (SONNET,)),
}
_DISCOUNT = {"chat": 20, "claude_code": 20, "cowork": 20}  # per cent; the rest 10, code execution 0


@dataclass(frozen=True)
class Event:
    """One piece of use, counted from `arrives` on; amounts are in millionths of a cent.

    A correction is an event with negative tokens and no requests.
    """

    at: datetime
    arrives: datetime
    member: Member | None
    dimensions: Mapping[str, str | None]
    tokens: Tokens = NO_TOKENS
    searches: int = 0
    requests: int | None = None
    list_amount: int = 0
    amount: int = 0


class Sums:
    """What sums of use have in common; amounts are in millionths of a cent."""

    tokens: Tokens
    searches: int
    requests: int | None
    list_amount: int
    amount: int

    @property
    def total_tokens(self) -> int:
        return sum(self.tokens)

    def add(self, other: "Sums | Event") -> None:
        self.tokens = self.tokens.plus(other.tokens)
        self.searches += other.searches
        if other.requests is not None:
            self.requests = (self.requests or 0) + other.requests
        self.list_amount += other.list_amount
        self.amount += other.amount


@dataclass
class Group(Sums):
    """Events of one actor, day and set of dimensions, summed."""

    day: date
    member: Member | None
    dimensions: Mapping[str, str | None]
    tokens: Tokens = NO_TOKENS
    searches: int = 0
    requests: int | None = None
    list_amount: int = 0
    amount: int = 0


def group(events: Iterable[Event], dimensions: Sequence[str], day: date, *, per_actor: bool) -> list[Group]:
    """Sums of a day's events by the dimensions, and by actor where `per_actor`.

    An actor in several groups is in each of them, so that `rbac_group_id` rows overlap.
    """
    groups: dict[tuple[Any, ...], Group] = {}
    for event in events:
        member = event.member if per_actor else None
        teams = event.member.groups if event.member else ()
        for team in (teams or (None,)) if "rbac_group_id" in dimensions else (None,):
            values = {**event.dimensions, "rbac_group_id": team}
            shown = {name: values.get(name) for name in dimensions}
            key = (member and member.user_id, *shown.values())
            if key not in groups:
                groups[key] = Group(day, member, shown)
            groups[key].add(event)
    return list(groups.values())


class Metering:
    """The Enterprise organization's events, pure per day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._members = organizations.members(world)
        self.events = world.by_day(self._events)

    def _events(self, day: date) -> Iterable[Event]:
        for member in self._members:
            person = member.person
            if person is None or not person.intensity or not member.active_on(day):
                continue
            draw = self._world.random("claude", "metering", day, member.user_id)
            busy = person.intensity * self._world.rhythm(day)
            if draw.random() < min(0.98, 0.35 + busy):
                yield from self._person(draw, day, member, busy)
        draw = self._world.random("claude", "metering", day, "machines")
        busy = self._world.rhythm(day)
        for service in organizations.SERVICES:
            yield from _work(draw, day, service, {"product": "other", "model": HAIKU.id}, 0.02)
        for product, model in (("claude_code", OPUS), ("chat", SONNET), ("other", HAIKU)):
            automated = {"product": product, "model": model.id, "context_window": "0-200k"}
            yield from _work(draw, day, None, automated, 0.4 * busy)

    def _person(self, draw: random.Random, day: date, member: Member, busy: float) -> Iterable[Event]:
        for product, (likely, models) in _PRODUCTS.items():
            if draw.random() > likely or (product == "slack" and day < SLACK_SINCE):
                continue
            model = draw.choice(models)
            long = product == "claude_code" and draw.random() < 0.15
            unified = product in ("chat", "cowork") and organizations.unified_on(self._world, member, day)
            where: dict[str, str | None] = {
                "product": "chat_cowork_unified" if unified else product,
                "model": model.id,
                "context_window": "200k-1M" if long else "0-200k",
                "inference_geo": draw.choice(("global", "global", "us")),
                "speed": "fast" if model is OPUS and draw.random() < 0.2 else "standard",
            }
            if product == "slack":
                where["product"] = "claude-in-slack" if day < RENAMED_ON else "claude-tag"
                where["slack_channel_id"] = draw.choice(("C0SANDBOX1", "C0SANDBOX2"))
                where["claude_tag_category"] = draw.choice(("question", "code"))
                where["claude_tag_user_id"] = f"U0SANDBOX{member.user_id[-3:]}"
            yield from _work(draw, day, member, where, busy)
        if draw.random() < 0.25:
            at, arrives = _times(draw, day)
            spans, price = draw.randint(1, 9), 500_000
            yield Event(at, arrives, member, {}, requests=spans, list_amount=spans * price, amount=spans * price)


def _work(
    draw: random.Random, day: date, member: Member | None, where: Mapping[str, str | None], busy: float
) -> Iterable[Event]:
    """One to three pieces of work with one product and model; now and then a later correction."""
    model = next(model for model in MODELS if model.id == where["model"])
    discount = _DISCOUNT.get(where["product"] or "", 10)
    for _ in range(draw.randint(1, 3)):
        at, arrives = _times(draw, day)
        size = busy * draw.lognormvariate(0, 0.7)
        coding = where["product"] == "claude_code"
        tokens = Tokens(
            uncached=int(9_000 * size) + draw.randint(1, 99),
            cache_read=int((400_000 if coding else 40_000) * size),
            write_5m=int(12_000 * size),
            write_1h=int(3_000 * size) if draw.random() < 0.3 else 0,
            output=int(5_000 * size) + draw.randint(1, 99),
        )
        searches = draw.randint(1, 6) if where["product"] == "chat" and draw.random() < 0.4 else 0
        # The browser extension reports no requests, so that the legal null occurs.
        requests = None if where["product"] == "claude_in_chrome" else 1 + int(30 * size)
        yield Event(at, arrives, member, where, tokens, searches, requests, *_priced(model, tokens, searches, discount))
        if draw.random() < 0.06:
            less = Tokens(*(-count // 25 if count > 25 else 0 for count in tokens))
            arrives = min(arrives + timedelta(hours=draw.uniform(24, 480)), at + REVISED_FOR)
            yield Event(at, arrives, member, where, less, 0, None, *_priced(model, less, 0, discount))


def _times(draw: random.Random, day: date) -> tuple[datetime, datetime]:
    """When it happened and when it counts: most within hours, a few up to 30 days later."""
    at = midnight(day) + timedelta(seconds=draw.randrange(86_400))
    luck = draw.random()
    if luck < 0.8:
        delay = draw.uniform(0, 1)
    elif luck < 0.9:
        delay = draw.uniform(1, 20)
    else:
        delay = 24 + draw.expovariate(1 / 72)
    return at, at + min(timedelta(hours=delay), REVISED_FOR)


def _priced(model: Model, tokens: Tokens, searches: int, discount: int) -> tuple[int, int]:
    """The list amount, and what is left of it after the discount, which is taken off part by part."""
    parts = [count * price for count, price in zip(tokens, model.prices, strict=True)]
    parts.append(searches * organizations.WEB_SEARCH_PRICE)
    return sum(parts), sum(part * (100 - discount) // 100 for part in parts)
