"""What the ChatGPT workspace's members did with Codex and ChatGPT, and the rows it adds up to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import NamedTuple

from sandbox.kit import grouped
from sandbox.times import epoch
from sandbox.vendors.openai.usage_events import DAY, HOUR, intensity
from sandbox.world import Person, World

UNKNOWN_CLIENT = "CODEX_UNKNOWN_DEFAULT"
OTHER_MODEL = "other"
CODEX, CHATGPT = "codex", "chatgpt"
_CLIENTS = ("CODEX_CLI", "CODEX_WEB", "CODEX_DESKTOP_APP", "CODEX_IDE_VSCODE")
_MODELS = (
    ("gpt-5.4-codex", "standard"),
    ("gpt-5.4-codex", "fast"),
    ("gpt-5-nano-2025-08-07", None),
    (OTHER_MODEL, "standard"),
)


class Piece(NamedTuple):
    """One stretch of work; client or model None: it is in the totals alone."""

    seen: int
    person: Person
    product: str
    client: str | None
    model: str | None
    speed: str | None
    threads: int
    turns: int
    credits: Decimal
    uncached: int
    cached: int
    output: int
    added: int
    removed: int


class Review(NamedTuple):
    """One reviewed pull request; `comments` by priority."""

    seen: int
    comments: tuple[int, int, int]
    replies: int
    upvotes: int
    downvotes: int
    other: int


@dataclass(frozen=True)
class Figures:
    """Added up pieces; None: the vendor does not have it."""

    threads: int
    turns: int
    credits: Decimal
    cost: Decimal | None
    estimated: Decimal | None
    uncached: int | None
    cached: int | None
    output: int | None
    total: int | None


@dataclass(frozen=True)
class Row:
    """One member's day, or without a `person` the workspace's."""

    day: date
    person: Person | None
    totals: Figures
    clients: list[tuple[str, Figures]]
    models: list[tuple[str, str | None, Figures]] | None
    added: int
    removed: int


class CodexActivity:
    """The members' pieces and the reviews of a day, pure per day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pieces = world.by_day(self._made)

    def rows(self, day: date, now: float, products: Iterable[str]) -> list[Row]:
        """What is known of the members' day at `now`, one row per active member."""
        members = grouped(self._seen(day, now, products), lambda piece: piece.person.number)
        return [_row(day, pieces[0].person, pieces) for pieces in members.values()]

    def workspace_rows(self, day: date, now: float, products: Iterable[str]) -> list[Row]:
        """The same for the workspace: one row, or none without activity."""
        pieces = self._seen(day, now, products)
        return [_row(day, None, pieces)] if pieces else []

    def _seen(self, day: date, now: float, products: Iterable[str]) -> list[Piece]:
        return [piece for piece in self._pieces(day) if piece.seen <= now and piece.product in products]

    def reviews(self, day: date, now: float) -> list[Review]:
        if not self._world.has_data(day):
            return []
        draw = self._world.random("openai", "reviews", day)
        reviews = []
        for _ in range(round(20 * self._world.rhythm(day) * draw.uniform(0.5, 1.2))):
            ups, downs, other = draw.randint(0, 2), draw.randint(0, 1), draw.randint(0, 1)
            comments = (int(draw.random() < 0.1), draw.randint(0, 2), draw.randint(0, 3))
            seen = _seen(day, draw)
            reviews.append(Review(seen, comments, draw.randint(0, 1), ups, downs, other))
        return [review for review in reviews if review.seen <= now]

    def _made(self, day: date) -> list[Piece]:
        draw = self._world.random("openai", "workspace", day)
        return [piece for p in self._world.people if p.active_on(day) for piece in self._person(day, draw, p)]

    def _person(self, day: date, draw: Random, person: Person) -> Iterator[Piece]:
        if not intensity(person):
            if day.toordinal() % 3 == 0:
                # an idle seat that opened the app: a row of zeros
                seen = epoch(day) + 20 * HOUR
                nothing = (0, 0, Decimal(0), 0, 0, 0, 0, 0)
                yield Piece(seen, person, CODEX, None, None, None, *nothing)
            return
        rhythm = self._world.rhythm(day)
        if draw.random() > min(0.97, rhythm):
            return
        # the whole day of some members is exported days later
        exported = epoch(day) + DAY * draw.randint(2, 4) if draw.random() < 0.1 else 0
        for _ in range(draw.randint(2, 4)):
            turns = 1 + int(intensity(person) * rhythm * draw.expovariate(1 / 10))
            piece = _with_codex(day, draw, person, turns)
            yield piece._replace(seen=max(piece.seen, exported))
        if draw.random() < 0.6:
            piece = _with_chatgpt(day, draw, person)
            yield piece._replace(seen=max(piece.seen, exported))


def _with_codex(day: date, draw: Random, person: Person, turns: int) -> Piece:
    client: str | None = draw.choice((*_CLIENTS, None))
    model: str | None
    model, speed = draw.choice((*_MODELS, (None, None)))
    return Piece(
        _seen(day, draw),
        person,
        CODEX,
        client if _has_tokens(person) else UNKNOWN_CLIENT,
        model,
        speed,
        1 + turns // 5,
        turns,
        Decimal(turns * draw.randint(10, 99)) / 100,
        turns * draw.randint(500, 4000),
        turns * draw.randint(1000, 12000),
        turns * draw.randint(50, 500),
        draw.randint(0, 20) * turns,
        draw.randint(0, 5) * turns,
    )


def _with_chatgpt(day: date, draw: Random, person: Person) -> Piece:
    turns = draw.randint(1, 30)
    credits = Decimal(turns * 5) / 100
    client = draw.choice(("CHATGPT_WEB", "WORK", None))
    work = (1, turns, credits, turns * 700, 0, turns * 300, 0, 0)
    return Piece(_seen(day, draw), person, CHATGPT, client, None, None, *work)


def _seen(day: date, draw: Random) -> int:
    """Up to 12 hours after the work, one piece in eight up to four days after it."""
    at = epoch(day) + 7 * HOUR + draw.randrange(13 * HOUR)
    late = draw.random() < 1 / 8
    return at + (draw.randint(DAY, 4 * DAY) if late else draw.randint(HOUR, 12 * HOUR))


def is_dollar_billed(person: Person) -> bool:
    """Billed in USD; the others' `cost_usd` is null."""
    return person.number % 5 == 0


def _has_tokens(person: Person) -> bool:
    """Otherwise the client is unknown, and so are the models and every token figure."""
    return person.number % 7 != 3


def has_flat_attribution(person: Person) -> bool:
    """Reported in the older layout of `code_attribution`, with a top-level e-mail."""
    return person.number % 11 == 4


def _row(day: date, person: Person | None, pieces: list[Piece]) -> Row:
    clients: dict[tuple[str, int], list[Piece]] = {}
    models: dict[tuple[str, str | None, int], list[Piece]] = {}
    for number, piece in enumerate(pieces):
        # what has no name is not merged: such entries repeat within a row
        if piece.client:
            apart = number if person and piece.client == UNKNOWN_CLIENT else -1
            clients.setdefault((piece.client, apart), []).append(piece)
        if piece.model:
            apart = number if piece.model == OTHER_MODEL else -1
            models.setdefault((piece.model, piece.speed, apart), []).append(piece)
    return Row(
        day,
        person,
        _figures(person, pieces),
        [(client, _figures(person, some)) for (client, _), some in clients.items()],
        [(model, speed, _figures(person, some)) for (model, speed, _), some in models.items()]
        if person and _has_tokens(person)
        else None,
        sum(piece.added for piece in pieces),
        sum(piece.removed for piece in pieces),
    )


def _figures(person: Person | None, pieces: list[Piece]) -> Figures:
    credits = sum((piece.credits for piece in pieces), Decimal(0))
    known = [piece for piece in pieces if _has_tokens(piece.person)]
    uncached, cached, output = (
        sum(getattr(piece, part) for piece in known) for part in ("uncached", "cached", "output")
    )
    # some rows have no cached part, although the total includes it
    partial = person is not None and person.number % 7 == 5
    billed = person is not None and (is_dollar_billed(person) or not intensity(person))
    return Figures(
        threads=sum(piece.threads for piece in pieces),
        turns=sum(piece.turns for piece in pieces),
        credits=credits,
        cost=credits * Decimal("0.04") if billed else None,
        estimated=credits * Decimal("0.04") if credits and not billed else None,
        uncached=uncached if known else None,
        cached=cached if known and not partial else None,
        output=output if known else None,
        total=uncached + cached + output if known else None,
    )
