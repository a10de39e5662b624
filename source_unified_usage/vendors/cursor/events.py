"""The money feed: one row per model call."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache, partial
from typing import Any

from source_unified_usage.core.errors import Unavailable
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.usage import (
    Charge,
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    decimal,
    from_epoch_ms,
    numbered,
    quantity,
    usage,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi, Scope, model_of, person

_PAGE_SIZE = 1000  # the documented maximum
_TRIES = 3
_CENT = Decimal("0.01")
_FREE = re.compile("NOT_CHARGED|USER_API_KEY").search  # whatever it would have cost
_PLACES = Decimal("1e-10")  # float noise such as 40.16699999999999 cents exists

_RESOURCES = (
    ("conversationId", "conversation"),
    ("cloudAgentId", "cloud_agent"),
    ("automationId", "automation"),
)
_SURFACES = (
    ("automationId", "automation"),
    ("cloudAgentId", "cloud_agent"),
    ("isFreeBugbot", "bugbot"),
    ("isHeadless", "headless"),
)

PRODUCT = {"id": "cursor", "name": "Cursor"}


class UsageEvents(UsageStream):
    """Model calls of a team or organization."""

    name = "cursor_usage_events"
    about = (
        "One model call of one user: model, tokens, and what it cost. The sum of net is what Cursor charges by usage."
    )
    step = days(1)
    lookback = days(2)
    grain = "event"
    api: CursorApi

    def __init__(self, api: CursorApi, scope: Scope, people: Lookup, lookback_days: int | None = None) -> None:
        super().__init__(api, lookback_days)
        self._scope, self._people = scope, people
        self.scope = scope.options
        self._person = cache(partial(person, {}))

    def path(self) -> str:
        return self._scope.path("filtered-usage-events")

    def rows(self, window: Window) -> Iterator[tuple[Row, int]]:
        """Events with their ordinals. Newest-first offset paging drifts: a window counts only when its totals agree."""
        for _ in range(_TRIES):
            events, totals = self._walk(window)
            if not totals or totals == {len(events)}:
                self._person = cache(partial(person, self._people()))
                yield from numbered(events, self._key, _order)
                return
        raise Unavailable(
            f"Cursor, stream {self.name}: {window.first_day} changed under every one of {_TRIES} readings (counted "
            f"{len(events)} events, announced {sorted(totals)})."
        )

    def _walk(self, window: Window) -> tuple[list[Row], set[int]]:
        """All events of the window, and the totals that its pages announced."""
        body = {"startDate": int(window.start.timestamp() * 1000), "endDate": window.last_ms}
        events: list[Row] = []
        totals: set[int] = set()
        for page in self.api.pages("POST", self.path(), "usageEvents", self._scope.body(body), _PAGE_SIZE):
            events += page.rows("usageEvents")
            if (total := page.body.get("totalUsageEventsCount")) is not None:
                totals.add(total)
        return events, totals

    def usages(self, row: tuple[Row, int], window: Window) -> list[Usage]:
        event, ordinal = row
        milliseconds = int(event["timestamp"])
        model = event.get("model")
        kind = _kind(event.get("kind") or event.get("kindLabel") or "")
        instant = from_epoch_ms(milliseconds)
        scope = self._scope.of(event)
        record = usage(
            id=self.id(*self._scope.key(event), milliseconds, model, ordinal),
            product=PRODUCT,
            metric_name="usage_event",
            resources=[*scope.get("resources", ()), *_resources(event)],
            user=self._user(event),
            model=model_of(model),
            charges=_charges(event, kind),
            usage=_used(event, kind),
            start_date=instant,
            end_date=instant,
            remote_data=event,
        )
        if scope:
            record["organization"] = scope["organization"]
        if surface := _surface(event):
            record["surface"] = surface
        return [record]

    def _user(self, event: Row) -> dict[str, Any]:
        if account := event.get("serviceAccountId"):
            name = event.get("serviceAccountName")
            return compact(id=account, email=event.get("userEmail"), name=name)
        return self._person(event.get("userEmail"))

    def _key(self, event: Row) -> tuple[Any, ...]:
        team = event.get("teamId") if self._scope.organization else None
        return team, str(event["timestamp"]), event.get("model") or ""


def _order(event: Row) -> tuple[Any, ...]:
    """A fixed order among events of one millisecond and model; equal twins are interchangeable."""
    tokens = event.get("tokenUsage") or {}
    counts = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")
    names = ("conversationId", "cloudAgentId", "serviceAccountId", "kind")
    return (
        *(tokens.get(name) or 0 for name in counts),
        event.get("requestsCosts") or 0,
        bool(event.get("maxMode")),
        bool(event.get("isHeadless")),
        *(event.get(name) or "" for name in names),
        canonical_json(event),
    )


@cache
def _kind(text: str) -> str:
    """ "Included in Business" and USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS are one: INCLUDED_IN_BUSINESS."""
    return re.sub(r"[^A-Z0-9]+", "_", text.upper()).removeprefix("USAGE_EVENT_KIND_")


def _charges(event: Row, kind: str) -> list[Charge]:
    """`isChargeable` decides the money, the kind only names the class of what is not charged."""
    tokens = event.get("tokenUsage") or {}
    fee = decimal(event.get("cursorTokenFee"))
    discount = Decimal(0)
    if off := decimal(tokens.get("discountPercentOff")):
        discount = (decimal(tokens.get("totalCents")) or discount) * off / 100
    charged = decimal(event.get("chargedCents"))
    if charged is None:  # the payloads of 2025
        cost = decimal(tokens.get("totalCents"))
        if cost is None:
            return charges("USD", net=Decimal(0)) if _FREE(kind) else []
        charged = cost - discount + (fee or Decimal(0))
    chargeable = event.get("isChargeable")
    if chargeable is None:
        chargeable = kind == "USAGE_BASED"
    platform_fee = None if fee is None else dollars(fee)
    if chargeable:
        net = dollars(charged)
        return charges(
            "USD",
            net=net,
            total=dollars(charged + discount) if discount else net,
            usage_based=net,
            platform_fee=platform_fee,
        )
    value = dollars(charged)
    included = value if kind.startswith("INCLUDED") else None
    return charges("USD", net=Decimal(0), total=value, included=included, platform_fee=platform_fee)


def dollars(cents: Decimal) -> Decimal:
    """Rounded to ten places, never to cents."""
    return (cents * _CENT).quantize(_PLACES)


def _used(event: Row, kind: str) -> dict[str, Any]:
    used: dict[str, Any] = {"requests": _requests(kind, bool(event.get("isFreeBugbot")))}
    if (requests := event.get("requestsCosts")) is not None:
        used["quantity"], used["unit"] = quantity(requests), "request"
    if (tokens := event.get("tokenUsage")) is not None:
        used["tokens"] = _tokens(tokens)
    if (max_mode := event.get("maxMode")) is not None:
        used["activity"] = {"max_mode": max_mode}
    return used


@cache
def _requests(kind: str, bugbot: bool) -> dict[str, int]:
    requests = {"total": 1}
    if kind == "USAGE_BASED":
        requests["usage_based"] = 1
    elif kind.startswith("INCLUDED"):
        requests["included"] = 1
    elif kind == "USER_API_KEY":
        requests["api_key"] = 1
    if bugbot:
        requests["bugbot"] = 1
    return requests


def _tokens(tokens: Row) -> dict[str, Any]:
    """The classes are disjoint; members that are zero may be missing."""
    read, write = tokens.get("cacheReadTokens") or 0, tokens.get("cacheWriteTokens") or 0
    sent, got = tokens.get("inputTokens") or 0, tokens.get("outputTokens") or 0
    total = sent + got + read + write
    return {"input": sent, "output": got, "cache_read": read, "cache_write": write, "total": total}


def _resources(event: Row) -> Iterator[dict[str, Any]]:
    for field, name in _RESOURCES:
        if id := event.get(field):
            yield {"id": id, "name": name}


def _surface(event: Row) -> str | None:
    for field, surface in _SURFACES:
        if event.get(field):
            return surface
    return None
