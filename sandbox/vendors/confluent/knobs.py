"""What a test can change about the vendor, as plain attributes of the vendor object."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from sandbox.limits import Limit
from sandbox.vendors.confluent.credentials import KEYS, Key


@dataclass
class Knobs:
    """Each attribute with its default; the line after it says what it does."""

    keys: dict[str, Key] = field(default_factory=lambda: dict(KEYS))
    """Key id -> key: its secret and what it may read."""
    organizations: dict[str, str] = field(
        default_factory=lambda: {"9bb441c4-edef-46ac-8a41-c49e44a3fd9a": "Acme Streaming"}
    )
    """Organization id -> display name, as the look-up lists them; a key sees one."""
    denied: set[str] = field(default_factory=set)
    """Look-ups that answer 403: `environments`, `organizations`, `clusters`."""

    limit: Limit = field(default_factory=lambda: Limit(10, 60))
    """Requests for costs, of the whole organization; no figure is published."""
    lookup_limit: Limit = field(default_factory=lambda: Limit(100, 60))
    """Requests of the look-ups, of the whole organization; no figure is published."""
    metrics_limit: Limit = field(default_factory=lambda: Limit(60, 60))
    """Metrics queries per address."""
    retry_after: bool = True
    """A 429 carries Retry-After."""
    rate_headers: tuple[str, str, str] = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    """How the costs and the look-ups spell what they say about the limit."""
    reset_as_epoch: bool = False
    """The reset is an epoch in place of the seconds from now."""
    throttle_body: Literal["short", "empty"] = "short"
    """The body of a 429: an error of two members, or nothing."""
    transient_400: int = 0
    """So many good requests for costs are still refused as too far in the past."""

    settle: timedelta = timedelta(hours=72)
    """How long after a day's end its costs go on changing."""
    page_cap: int | None = None
    """The most rows of a page of costs, whatever page_size says."""
    lookup_page_cap: int | None = None
    """The most items of a page of a look-up, whatever page_size says."""
    slow_pages: int = 0
    """After each of so many pages of costs an hour passes."""
    empty_pages: bool = False
    """An empty page with a `next` comes before every page of costs but the first."""
    last_page: Literal["missing", "null", "empty", "no metadata"] = "missing"
    """How the last page says that there is no next."""
    broken_next: Literal["tokenless", "repeated"] | None = None
    """`next` comes without a page_token, or with the one that was just used."""
    next_base: str | None = None
    """Scheme, host and prefix of `next`; None: where the request came in."""
    token_lifetime: timedelta | None = None
    """How long a page token of costs or a look-up is good; None: for ever."""
    null_data: bool = False
    """Costs without rows have `data: null`."""
    null_clusters: bool = True
    """An environment without clusters lists `data: null`."""

    shape: Literal["current", "legacy"] = "current"
    """The rows' shape; legacy is the one of organizations from before 2024-05-15."""
    ids: Literal["absent", "given", "repeated"] = "absent"
    """Whether rows carry `id`, and whether two rows share one."""
    api_version: Literal["v1", "billing/v1"] = "v1"
    """The `api_version` of a page of costs."""
    numbers: Literal["number", "string"] = "number"
    """How figures are spelled."""
    dates: Literal["plain", "midnight"] = "plain"
    """How dates are spelled: YYYY-MM-DD, or with ` 00:00:00` behind it."""
    missing_date: Literal["start_date", "end_date"] | None = None
    """The date that audit log rows lack."""

    combined: Literal["answered", "refused", "unlabelled", "empty"] = "answered"
    """What a metrics query for several clusters gets: its points, a 400, points without their cluster, no points."""
    metrics_history: timedelta = timedelta(days=7)
    """How far before today the metrics reach."""
    metrics_token_lifetime: timedelta = timedelta(minutes=5)
    """How long a page token of a metrics query is good."""
