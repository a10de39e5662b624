"""What the usage costs: billed lines per day, from the usage events and the price list."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sandbox.kit import grouped
from sandbox.times import epoch
from sandbox.vendors.openai.directory import Directory
from sandbox.vendors.openai.endpoints import COMPLETION_METRICS, ENDPOINTS
from sandbox.vendors.openai.usage_events import DAY, HOUR, Event, UsageEvents
from sandbox.world import World

# dollars per million tokens: input, cached input, cache write, output
_PRICES = {
    "gpt-5.4-2026-03-05": ("2.5", "0.25", "3.125", "15"),
    "gpt-5.4-codex": ("2.5", "0.25", "3.125", "15"),
    "gpt-5-nano-2025-08-07": ("0.05", "0.005", "0.05", "0.4"),
    "gpt-4o-mini-2024-07-18": ("0.15", "0.075", "0.15", "0.6"),
    "gpt-realtime-2025-08-28": ("4", "0.4", "4", "16"),
    "gpt-image-2": ("5", "1.25", "5", "10"),
}
_OTHER_PRICES = ("0.3", "0.15", "0.3", "1.2")
# what follows the model's name: the metric, the column of its price, and how many times that
_KINDS = (
    (", input", "input_text_tokens", 0, 1),
    (", cached input", "input_cached_text_tokens", 1, 1),
    (", cache writes", "input_cache_write_30m_tokens", 2, 1),
    (", cache writes - 12hr", "input_cache_write_12h_tokens", 2, 2),
    (", output", "output_text_tokens", 3, 1),
    (" audio, input", "input_audio_tokens", 0, 8),
    (" audio, cached input", "input_cached_audio_tokens", 1, 1),
    (" audio, output", "output_audio_tokens", 3, 4),
    (" image, input", "input_image_tokens", 0, 2),
    (" image, cached input", "input_cached_image_tokens", 1, 2),
    (" image, output", "output_image_tokens", 3, 3),
)
# line item ({}: the model), unit and price per unit of the endpoints' first metric
_PER_UNIT = {
    "embeddings": ("{}, input", "tokens", "0.00000002"),
    "moderations": ("{}, input", "tokens", "0"),
    "images": ("Image models", "images", "0.04"),
    "audio_speeches": ("{}", "characters", "0.00003"),
    "audio_transcriptions": ("{}", "duration_seconds", "0.0001"),
    "code_interpreter_sessions": ("code interpreter sessions", None, "0.03"),
    "file_search_calls": ("file search tool calls", None, "0.0025"),
    "web_search_calls": ("web search tool calls", "calls", "0.01"),
}
_MILLION = Decimal(1_000_000)
_ONE = Decimal(1)

_Parts = tuple[str | None, str | None, str | None, str | None, str | None]


class CostEvent(NamedTuple):
    """One billed amount; `currency` None: the row comes without `amount`."""

    at: int
    seen: int
    project: str | None
    line_item: str | None
    api_key: str | None
    amount: Decimal | None
    quantity: Decimal | None = None
    unit: str | None = None
    currency: str | None = "usd"
    user: str | None = None


class CostRow(NamedTuple):
    """Cost events added up; `amount` None: not rated."""

    project: str | None
    line_item: str | None
    api_key: str | None
    user: str | None
    currency: str | None
    amount: Decimal | None
    quantity: Decimal | None
    unit: str | None


def add_up_costs(events: Iterable[CostEvent], by: Collection[str]) -> list[CostRow]:
    """One row per `by` dimensions and currency; quantities only by line item."""

    project, line_item, key, user = (n in by for n in ("project_id", "line_item", "api_key_id", "user_id"))

    def parts(event: CostEvent) -> _Parts:
        return (
            event.project if project else None,
            event.line_item if line_item else None,
            event.api_key if key else None,
            event.user if user else None,
            event.currency,
        )

    def row(parts: _Parts, group: list[CostEvent]) -> CostRow:
        units = {event.unit for event in group}
        quantity = _sum(event.quantity for event in group) if line_item else None
        unit = units.pop() if line_item and len(units) == 1 else None
        return CostRow(*parts, _sum(event.amount for event in group), quantity, unit)

    return [row(*one) for one in grouped(events, parts).items()]


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


class CostLines:
    """All cost events `of` a day, those included that the vendor does not report yet."""

    def __init__(self, world: World, directory: Directory, usage: UsageEvents) -> None:
        self._world, self._directory, self._usage = world, directory, usage
        self.of = world.by_day(self._made)

    def _made(self, day: date) -> list[CostEvent]:
        events = [*self._metered(day), *self._unmetered(day)]
        self._world.random("openai", "costs order", day).shuffle(events)
        return events

    def storage_in(self, currency: str, day: date) -> CostEvent:
        """Storage that is billed in another currency, beside the line of the same name."""
        project = self._directory.teams["data"].id
        at = epoch(day) + DAY - HOUR
        amount, size = Decimal("0.08"), Decimal("20.5")
        return CostEvent(at, at + HOUR, project, "file storage", None, amount, size, "gibibyte_hours", currency)

    def _metered(self, day: date) -> Iterator[CostEvent]:
        draw = self._world.random("openai", "costs", day)
        for endpoint in ENDPOINTS:
            for event in self._usage.of(endpoint, day):
                lag = draw.randint(HOUR, 6 * HOUR)
                corrected = draw.random() < 0.03
                later = draw.randint(24, 72) * HOUR
                for line in _lines(endpoint, event):
                    line = line._replace(seen=event.seen + lag)
                    yield line
                    if corrected and line.amount:
                        # a tenth of the price is taken back days later, the quantity stays
                        off = -(line.amount / 10)
                        yield line._replace(seen=line.seen + later, amount=off, quantity=Decimal(0))

    def _unmetered(self, day: date) -> Iterator[CostEvent]:
        """Storage, credits, and lines that are not rated yet."""
        at = epoch(day) + DAY - HOUR
        age = (day - self._world.first_day).days
        for number, project in enumerate(self._directory.teams.values(), 1):
            size = Decimal(number * 20 + age) + Decimal("0.5")
            price = size * Decimal("0.004")
            yield CostEvent(at, at + HOUR, project.id, "file storage", None, price, size, "gibibyte_hours")
        data = self._directory.teams["data"].id
        if day.day in (1, 15):
            for unnamed in ("", None):
                yield CostEvent(at, at + 2 * HOUR, unnamed, None, None, Decimal("-5.00"), user=unnamed)
        if day.toordinal() % 5 == 0:
            yield CostEvent(at, at + HOUR, data, "unrated", None, None)
        if day.toordinal() % 5 == 1:
            yield CostEvent(at, at + HOUR, data, "no amount key", None, None, currency=None)


def _lines(endpoint: str, event: Event) -> Iterator[CostEvent]:
    """The billed lines of one usage event; `seen` is the caller's."""
    of = dict(zip(ENDPOINTS[endpoint].dimensions, event.dimensions, strict=True))
    owner = (event.at, event.seen, of["project_id"])
    user = of.get("user_id")
    if endpoint in ("completions", "decisions"):
        prices = _PRICES.get(of["model"], _OTHER_PRICES)
        share = Decimal("0.5") if of["batch"] else _ONE
        figures = dict(zip(COMPLETION_METRICS, event.metrics, strict=True))
        written = figures["input_cache_write_tokens"]
        figures["input_cache_write_30m_tokens"] = written - figures["input_cache_write_12h_tokens"]
        for kind, metric, column, times in _KINDS:
            # a cached input line is there even when nothing was cached
            if (used := figures[metric]) or kind == ", cached input":
                amount = used * Decimal(prices[column]) * times * share / _MILLION
                item = f"{of['model']}{kind}"
                quantity = Decimal(used)
                yield CostEvent(*owner, item, of["api_key_id"], amount, quantity, "tokens", user=user)
    elif endpoint in _PER_UNIT:
        name, unit, price = _PER_UNIT[endpoint]
        used = event.metrics[-1] if endpoint == "web_search_calls" else event.metrics[0]
        item = name.format(of.get("model"))
        amount = used * Decimal(price)
        yield CostEvent(*owner, item, of.get("api_key_id"), amount, Decimal(used), unit, user=user)
