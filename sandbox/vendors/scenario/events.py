"""What happened: one event list per team and day, from which every section of an answer is derived."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ZERO = Decimal(0)
DAY_MS = 86_400_000
# it is not documented whether the cost of a free action is 0 or absent, so both occur
_SILENT = frozenset({"captioning", "ip-detection", "custom-asset-created"})


def to_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def day_ms(day: date) -> int:
    """The day's midnight."""
    return (day - _EPOCH.date()).days * DAY_MS


def spelled(ms: int, form: str = "milliseconds") -> str:
    """A time as the vendor writes it: with milliseconds, without, or a midnight as a date."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    if form == "date" and ms % DAY_MS == 0:
        return moment.date().isoformat()
    timespec = "milliseconds" if form == "milliseconds" else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


@dataclass(frozen=True)
class Event:
    """One action, with all that it counts for.

    `cost` is what a model or tool charges after `discount`; `add_on` (a quality gate) is charged beside it and is in
    no model's series. `usages` are the categories that count the action; `billed`: activity names its cost.
    `late` and `late_discount` are the shares of the settling time after which it arrives and is discounted.
    """

    time: int
    user: str
    project: str
    action: str
    model: str | None = None
    billed: bool = False
    cost: Decimal = _ZERO
    discount: Decimal = _ZERO
    add_on: Decimal = _ZERO
    usages: tuple[str, ...] = ()
    assets: dict[str, int] = field(default_factory=dict)
    nsfw: dict[str, int] = field(default_factory=dict)
    gate: tuple[tuple[str, str], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    late: float = 0.0
    late_discount: float = 0.0

    @property
    def is_api(self) -> bool:
        return self.user.startswith("apiu_")

    @property
    def value(self) -> Decimal:
        """What its user is charged."""
        return self.cost + self.add_on

    def as_of(self, now: int, settle: int) -> "Event | None":
        """The event as the vendor knows it at a moment; None: not yet."""
        if now < self.time + int(self.late * settle):
            return None
        if self.late_discount and now < self.time + int(self.late_discount * settle):
            return replace(self, cost=self.cost + self.discount, discount=_ZERO)
        return self


def names_cost(usage: str, free_cost: str) -> bool:
    """Whether the points of this category have a cost at all."""
    if free_cost == "zero":
        return True
    return usage not in _SILENT and not (free_cost == "absent" and usage == "detection")


def days_between(start: int, end: int) -> Iterator[date]:
    """The UTC days that [start, end] touches."""
    for number in range(start // DAY_MS, end // DAY_MS + 1):
        yield _EPOCH.date() + timedelta(days=number)
