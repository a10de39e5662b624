"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.scenario.credentials import KEYS, Key

Granularity = Literal["1m", "5m", "15m", "30m", "1h", "1d", "7d"]
Trouble = Literal["cooldown", "retry-after", "retry-after-ms", "bare", "502", "504", "html", "truncated", "empty"]
Ladder = tuple[tuple[timedelta, Granularity], ...]

# the thresholds are not documented; these are chosen
LADDER: Ladder = (
    (timedelta(hours=1), "1m"),
    (timedelta(days=1), "1h"),
    (timedelta(days=7), "1h"),
    (timedelta(days=31), "1d"),
    (timedelta.max, "7d"),
)


@dataclass
class Reader:
    """The options of the reader that the ledger describes; what they do to keys, rows and charges."""

    team_id: str | None = None
    """The configured team, which leads every key; also the team that is read."""
    split_by_project: bool = False
    """One row per project, for `project_ids` or else the listed projects."""
    project_ids: tuple[str, ...] = ()
    """Only these projects; empty: all."""
    cu_price: Decimal | None = None
    """Money per compute unit: the same charges once more, in `cu_currency`."""
    cu_currency: str = "USD"
    """The currency of `cu_price`."""


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    keys: dict[str, Key] = field(default_factory=lambda: dict(KEYS))
    """Key -> its secret and what it may read."""
    denied: set[str] = field(default_factory=set)
    """Look-ups that answer 403: `teams`, `projects`."""
    reader: Reader = field(default_factory=Reader)
    """The reader that `ledger` describes."""

    limit: Limit = field(default_factory=lambda: Limit(600, 60))
    """Requests per key; the vendor says "fair use" and no figure."""
    throttle_form: Literal["cooldown", "retry-after", "retry-after-ms", "bare"] = "cooldown"
    """How a 429 of the limit names the wait."""
    troubles: list[Trouble] = field(default_factory=list)
    """What becomes of the next answers of /usages, one each, in this order."""
    payload_limit: int | None = 6 * 1024 * 1024
    """A body of /usages with more bytes becomes a 502."""
    slow_window: timedelta | None = None
    """A window of /usages wider than this becomes a 504."""
    retention: timedelta | None = None
    """A custom window that starts longer ago than this is a 400; None: it is empty."""

    ladder: Ladder = LADDER
    """(Widest window, granularity) in ascending order."""
    times: Literal["milliseconds", "seconds", "date"] = "milliseconds"
    """How buckets spell their `time`; `date` shortens only midnights."""
    idle_parents: bool = True
    """Every known usageName, kind and verdict is listed, with or without usage."""
    zero_bucket_outside: bool = False
    """Zero-filled series end with one bucket behind the window."""
    free_cost: Literal["absent", "zero", "mixed"] = "mixed"
    """Whether usage points of free actions have a cost; mixed: it depends on the action."""
    describe_entities: bool = True
    """Whether `entities` describes users and models at all."""
    endless_activity: bool = False
    """Every offset has a full page of entries that are ever new."""
    restless_activity: bool = False
    """Actions happen at full hours only, and those of one instant come in another order behind the first page."""
    project_page_cap: int | None = None
    """The most projects of a page, whatever pageSize says."""
    settle: timedelta = timedelta(hours=48)
    """How long after it happened an event may still arrive or get its discount; zero: at once."""
