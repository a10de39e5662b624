"""The money feed: one row per model call."""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import from_epoch_ms
from source_unified_usage.core.usage import (
    Charge,
    Row,
    Usage,
    canonical_json,
    charges,
    compact,
    decimal,
    quantity,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi
from source_unified_usage.vendors.cursor.feed import Feed
from source_unified_usage.vendors.cursor.mapping import (
    PRODUCT,
    Item,
    People,
    Scope,
    amount_of,
    dollars,
    dollars_of,
    model_of,
    stated,
)

_ZERO = Decimal(0)
_NEVER_CHARGED = re.compile("(^|_)NO.*CHARGE").search
_KINDS = {
    "USAGE_BASED": "usage_based",
    "ON_DEMAND": "on_demand",
    "CUSTOM_SUBSCRIPTION": "on_demand",
    "FREE_CREDIT": "included",
    "USER_API_KEY": "api_key",
}

_RESOURCES = (
    ("conversationId", "conversation"),
    ("cloudAgentId", "cloud_agent"),
    ("automationId", "automation"),
)


class UsageEvents(UsageStream[CursorApi]):
    """Model calls of a team or organization."""

    name = "cursor_usage_events"
    about = (
        "One model call of one user: model, tokens, and what it cost. The sum of net is what Cursor charges by usage."
    )
    # This is the bill and cursor_spend restates it: what the events of a cycle are charged adds up to what spend says
    # (Admin API), and only events have days, models and tokens, and those of past cycles.
    role = "bill"
    counts_tokens = True
    step = days(1)
    lookback = days(2)
    grain = "event"

    def __init__(self, api: CursorApi, scope: Scope, members: Lookup) -> None:
        super().__init__(api)
        self._scope, self._members = scope, members
        self.scope = scope.options
        self._feed = Feed(self.api, scope)

    def path(self) -> str:
        return self._feed.path

    def questions(self) -> Iterable[Hashable]:
        return [(self.name, window) for window in self.windows[:: self._feed.days_at_once]]

    def rows(self, window: Window) -> Iterator[Item]:
        """Events with their ordinals among those of one millisecond and model."""
        following = [one for one in self.windows if one.start >= window.end]
        for events in self._feed.events(window, following):
            people = People(self._members())
            for event, ordinal in with_ordinals(events, self._key, _order):
                yield Item(event, people, ordinal)
            self.part_done()

    def usages(self, item: Item) -> list[Usage]:
        event = item.row
        milliseconds = int(event["timestamp"])
        model = event.get("model")
        kind = _kind(event.get("kind") or event.get("kindLabel") or "")
        chargeable = _chargeable(event, kind)
        instant = from_epoch_ms(milliseconds)
        scope = self._scope.of(event)
        record = usage(
            id=self.id(*self._scope.key(event), milliseconds, model, item.ordinal),
            product=PRODUCT,
            metric_name="usage_event",
            resources=_resources(event, scope.get("resources", ())),
            user=_user(event, item.people),
            model=model_of(model),
            charges=_charges(event, kind, chargeable),
            usage=_used(event, kind, chargeable),
            start_date=instant,
            end_date=instant,
            remote_data=event,
        )
        if scope:
            record["organization"] = scope["organization"]
        if surface := _surface(event):
            record["surface"] = surface
        return [record]

    def _key(self, event: Row) -> tuple[Any, ...]:
        team = event.get("teamId") if self._scope.organization else None
        return team, str(event["timestamp"]), event.get("model") or ""


def _user(event: Row, people: People) -> dict[str, Any]:
    if account := stated(event.get("serviceAccountId")):
        name = stated(event.get("serviceAccountName"))
        return compact(id=account, email=stated(event.get("userEmail")), name=name)
    return people.by_email(event.get("userEmail"))


def _order(event: Row) -> tuple[Any, ...]:
    """A fixed order among events of one millisecond and model; equal twins are interchangeable."""
    tokens = event.get("tokenUsage") or {}
    counts = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")
    names = ("conversationId", "cloudAgentId", "serviceAccountId")
    return (
        *(tokens.get(name) or 0 for name in counts),
        event.get("requestsCosts") or 0,
        bool(event.get("maxMode")),
        bool(event.get("isHeadless")),
        *(stated(event.get(name)) or "" for name in names),
        event.get("kind") or "",
        canonical_json(event),
    )


@cache
def _kind(text: str) -> str:
    """The class of a kind, which is spelled "Errored, No Charge" or USAGE_EVENT_KIND_ERRORED_NO_CHARGE."""
    kind = re.sub(r"[^A-Z0-9]+", "_", text.upper()).removeprefix("USAGE_EVENT_KIND_")
    if _NEVER_CHARGED(kind):
        return "never_charged"
    return "included" if kind.startswith("INCLUDED") else _KINDS.get(kind, "unknown")


def _chargeable(event: Row, kind: str) -> bool:
    """`isChargeable` decides, except for kinds that are never charged; where it is absent the kind does.

    It is absent from what clients recorded in 2025.
    """
    chargeable = event.get("isChargeable")
    if chargeable is None:
        return kind in ("usage_based", "on_demand")
    return bool(chargeable) and kind != "never_charged"


def _charges(event: Row, kind: str, chargeable: bool) -> list[Charge]:
    """The money of one event; its kind only names the class of what is not charged."""
    tokens = event.get("tokenUsage") or {}
    fee, cents = event.get("cursorTokenFee"), event.get("chargedCents")
    discount = _discount(tokens) if tokens.get("discountPercentOff") else _ZERO
    charged = amount_of(cents)
    if charged is None:  # as clients recorded it in 2025
        cost = decimal(tokens.get("totalCents"))
        if cost is None:
            free = not chargeable and kind in ("included", "never_charged", "api_key")
            return charges("USD", net=_ZERO) if free else []
        cents = cost - discount + (decimal(fee) or _ZERO)
        charged = dollars(cents)
    elif discount and event.get("isTokenBasedCall") is False:
        discount = _ZERO  # it is one on tokens, and this call is priced by requests
    if not chargeable:
        included = charged if kind == "included" else None
        return charges("USD", net=_ZERO, total=charged, included=included, platform_fee=amount_of(fee))
    total = dollars_of(discount + (decimal(cents) or _ZERO)) if discount else charged
    return charges("USD", net=charged, total=total, usage_based=charged, platform_fee=amount_of(fee))


def _discount(tokens: Row) -> Decimal:
    """In cents, on the tokens."""
    off = decimal(tokens["discountPercentOff"])
    return (decimal(tokens.get("totalCents")) or _ZERO) * off / 100 if off else _ZERO


def _used(event: Row, kind: str, chargeable: bool) -> dict[str, Any]:
    used: dict[str, Any] = {"requests": _requests(kind, chargeable, bool(event.get("isFreeBugbot")))}
    if (requests := event.get("requestsCosts")) is not None:
        used["quantity"], used["unit"] = quantity(requests), "request"
    if (tokens := event.get("tokenUsage")) is not None:
        used["tokens"] = _tokens(tokens)
    if (max_mode := event.get("maxMode")) is not None:
        used["activity"] = {"max_mode": max_mode}
    return used


@cache
def _requests(kind: str, chargeable: bool, bugbot: bool) -> dict[str, int]:
    requests = {"total": 1}
    if kind in ("included", "api_key", "usage_based"):
        requests[kind] = 1
    elif chargeable:
        requests["usage_based"] = 1
    if bugbot:
        requests["bugbot"] = 1
    return requests


def _tokens(tokens: Row) -> dict[str, Any]:
    """The classes are disjoint (Admin API); those that are zero may be missing, as in a post in Cursor's forum."""
    read, write = tokens.get("cacheReadTokens") or 0, tokens.get("cacheWriteTokens") or 0
    sent, got = tokens.get("inputTokens") or 0, tokens.get("outputTokens") or 0
    total = sent + got + read + write
    return {"input": sent, "output": got, "cache_read": read, "cache_write": write, "total": total}


def _resources(event: Row, of_team: Sequence[Row]) -> list[Row]:
    found = [*of_team]
    for field, name in _RESOURCES:
        if (id := event.get(field)) and stated(id):
            found.append({"id": id, "name": name})
    return found


def _surface(event: Row) -> str | None:
    if (id := event.get("automationId")) and stated(id):
        return "automation"
    if (id := event.get("cloudAgentId")) and stated(id):
        return "cloud_agent"
    if event.get("isFreeBugbot"):
        return "bugbot"
    return "headless" if event.get("isHeadless") else None
