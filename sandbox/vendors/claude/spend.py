"""The Usage and Cost Analytics API: what the reports of before tell of either organization, cut by actor and key."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from zlib import crc32

from sandbox.kit import Json
from sandbox.times import DAY, days_between, stamp
from sandbox.vendors.claude import organizations
from sandbox.vendors.claude.admin import Admin
from sandbox.vendors.claude.console import ApiEvent, cost_lines
from sandbox.vendors.claude.credentials import Key
from sandbox.vendors.claude.knobs import Knobs
from sandbox.vendors.claude.metering import Event, Sums
from sandbox.vendors.claude.organizations import NO_TOKENS, SERVICES, Member, Tokens, account_id
from sandbox.vendors.claude.query import Query, bounds
from sandbox.vendors.claude.refusals import invalid, not_found
from sandbox.vendors.claude.reports import MAX_SPAN, Reports
from sandbox.world import World

BETA = "analytics-usage-cost-2026-08-24"
ENDPOINTS = ("cost", "usage")
KEYED = ("actor", "api_key_id", "workspace_id", "model", "product")
_KINDS = ("cost_type", "token_type")  # of costs only; the API also groups by them, which the source does not ask for
_DIMENSIONS = (
    *("actor", "actor_type", "agent_id", "api_key_id", "claude_tag_category", "claude_tag_user_id", "context_window"),
    *("deployment_id", "environment_id", "inference_geo", "model", "organization_id", "product", "rbac_group_id"),
    *("service_tier", "session_id", "slack_channel_id", "speed", "user_profile_id", "workspace_id"),
)
_MOST_DIMENSIONS = 5
_MOST_ROWS = 1000
_MINUTES, _HOURS = "1m", "1h"
_ORDERS = {"cost": ("amount", "list_amount", "time"), "usage": ("total_tokens", "requests", "time")}
_SPAN_PRICE = 275_000  # of code execution, in millionths of a cent


class Actor(NamedTuple):
    """`key`: what tells it from others; `unseen`: an identity that the server cannot name, which reads null."""

    type: str | None = None
    key: Any = None
    unseen: str = ""


NOBODY = Actor()


@dataclass
class Line(Sums):
    """Use of one combination on one day; amounts in millionths of a cent."""

    day: date
    actor: Actor = NOBODY
    api_key_id: str | None = None
    workspace_id: str | None = None
    model: str | None = None
    product: str | None = None
    tokens: Tokens = NO_TOKENS
    searches: int = 0
    requests: int | None = None
    amount: int = 0
    list_amount: int = 0


class SpendReports:
    """Answers of `analytics/cost` and `analytics/usage`, for the organization of the key."""

    def __init__(self, world: World, knobs: Knobs, reports: Reports, admin: Admin) -> None:
        self._knobs, self._reports, self._admin = knobs, reports, admin
        seated = [Member(account_id(p), p.email, p.name, person=p) for p in organizations.console_people(world)]
        self._people = {member.user_id: member for member in (*reports.members, *seated)}

    def lines(
        self, organization: str, day: date, now: datetime, dimensions: Sequence[str] = KEYED, *, cost: bool
    ) -> list[Line]:
        """The sums of a day by the dimensions; what cannot be named is a row of its own."""
        if organization == "enterprise":
            parts: Iterable[Line] = (_of_event(event, day) for event in self._reports.events(day, now))
        else:
            traffic = self._admin.traffic(day, now)
            parts = (part for event in traffic for part in (_billed(event, day) if cost else _used(event, day)))
        sums: dict[tuple[Any, ...], Line] = {}
        for part in parts:
            shown: dict[str, Any] = {name: getattr(part, name) for name in KEYED if name in dimensions}
            if (key := (repr(shown),)) not in sums:
                sums[key] = Line(day, **shown)
            sums[key].add(part)
        return list(sums.values())

    def answer(self, endpoint: Literal["cost", "usage"], query: Query, key: Key) -> Json:
        refused = self._knobs.spend_refused.get(key.organization)
        if refused:
            hipaa = "This endpoint is not available to organizations with HIPAA readiness enabled"
            raise not_found() if refused == 404 else invalid(hipaa)
        export = self._reports.refreshed_at(query.now)
        query.resume(f"{stamp(export)} {self._knobs.refreshes}")
        dimensions = query.some_of("group_by", _DIMENSIONS)
        if len(dimensions) > _MOST_DIMENSIONS:
            raise invalid("group_by[]: at most 5 dimensions, not counting cost_type and token_type")
        limit = query.whole("limit", 20, _MOST_ROWS)
        start, end = self._range(query)
        days = days_between(start.date(), min((end - timedelta(microseconds=1)).date() + DAY, query.now.date() + DAY))
        rows = [
            line
            for day in days
            for line in self.lines(key.organization, day, query.now, dimensions, cost=endpoint == "cost")
        ]
        page, next_page = query.cut(_sorted(rows, endpoint, query), self._knobs.spend_page_rows or limit)
        today = query.now.date()
        shown = [self._row(line, endpoint, dimensions, today) for line in page]
        refreshed = {"data_refreshed_at": stamp(export)} if self._knobs.spend_refreshed_named else {}
        # on the last page the cursor may be the one that led there: has_more alone ends it
        return {
            "data": shown,
            "has_more": next_page is not None,
            "next_page": next_page or query.text("page"),
            **refreshed,
        }

    def _range(self, query: Query) -> tuple[datetime, datetime]:
        start, end = query.required_instant("starting_at"), query.instant("ending_at")
        width = query.one_of("time_bucket_width", ("1d", _HOURS, _MINUTES), "")
        if start < self._reports.oldest(query.now):
            raise invalid("starting_at must be within the last 365 days and no earlier than 2026-01-01T00:00:00Z")
        if width and end is None:
            raise invalid("ending_at is required when time_bucket_width is set")
        if width != "1d":
            raise invalid("time_bucket_width: the sandbox serves days only")
        assert end is not None
        if end <= start:
            raise invalid("ending_at: must be after starting_at")
        if end - start > MAX_SPAN:
            raise invalid("The range may span at most 31 days")
        return start, end

    def _row(self, line: Line, endpoint: str, dimensions: Sequence[str], today: date) -> Json:
        group: dict[str, Any] = dict.fromkeys(_DIMENSIONS)
        group |= {name: getattr(line, name) for name in KEYED if name != "actor"}
        group["actor"] = self._shown(line.actor, today)
        figures = _cost(line) if endpoint == "cost" else _usage(line)
        return {
            **bounds(line.day),
            "group": {**group, **dict.fromkeys(_KINDS if endpoint == "cost" else ())},
            endpoint: figures,
        }

    def _shown(self, actor: Actor, today: date) -> Mapping[str, Any] | None:
        if actor.type == "user_actor":
            shown = {"email": None, "name": None, **self._people[actor.key].actor(today)}
            shown["email_address"] = shown.pop("email")
            return shown
        if actor.type == "federated_actor":
            kind, id, subject = actor.key
            named = {"aws": "account_id", "oidc": "issuer"}[kind]
            session = {"signed_principal": f"arn:aws:sts::{id}:assumed-role/batch/{today}"} if kind == "aws" else {}
            return {"type": actor.type, "provider": {"type": kind, named: id, **session}, "subject": subject}
        if actor.type == "robot_actor":
            return {"type": actor.type, "robot_id": "robot_1"}
        members = {"service_account_actor": "service_account_id", "api_actor": "api_key_id"}
        return {"type": actor.type, members[actor.type]: actor.key} if actor.type else None


def identity(actor: Actor) -> tuple[str | None, Any]:
    """The parts of a row's natural key that name its actor; what cannot be named has none."""
    return actor.type, None if actor.type == "robot_actor" else actor.key


_AUTOMATION_KEY = "apikey_01SandboxAutomation"
_AUTOMATED = (
    Actor("api_actor", _AUTOMATION_KEY),
    Actor("federated_actor", ("aws", "123456789012", "arn:aws:iam::123456789012:role/batch")),
    Actor("federated_actor", ("oidc", "https://token.example.com", None)),
    Actor("robot_actor"),
    Actor(unseen="one"),
    Actor(unseen="other"),
)


def _of_event(event: Event, day: date) -> Line:
    """The Enterprise organization's use: of seats, of services, and of what nobody is signed in to."""
    where, who = event.dimensions, event.member
    if who is None:
        actor = _AUTOMATED[int(event.at.timestamp()) % len(_AUTOMATED)]
    elif who in SERVICES:
        actor = Actor("service_account_actor", who.user_id.replace("user_", "svac_"))
    else:
        actor = Actor("user_actor", who.user_id)
    product = {"claude-in-slack": "claude_tag", "claude-tag": "claude_tag"}.get(where.get("product") or "")
    return Line(
        day,
        actor,
        api_key_id=_AUTOMATION_KEY if actor.type == "api_actor" else None,
        model=_undated(where.get("model")),
        product=product or where.get("product"),
        tokens=event.tokens,
        searches=event.searches,
        requests=event.requests,
        amount=event.amount,
        list_amount=event.list_amount,
    )


def _used(event: ApiEvent, day: date) -> Iterator[Line]:
    yield _of_traffic(event, day, tokens=event.tokens, searches=event.searches, requests=1)


def _billed(event: ApiEvent, day: date) -> Iterator[Line]:
    """What the bill says; code execution belongs to no product and model, and counts its spans as requests."""
    executed = event.code_execution
    for line in cost_lines(event):
        amount = {"amount": line.amount, "list_amount": line.amount}
        if line.parsed[0] == "code_execution":
            yield _of_traffic(event, day, requests=executed // _SPAN_PRICE, model=None, product=None, **amount)
        else:
            yield _of_traffic(event, day, **amount)


def _of_traffic(event: ApiEvent, day: date, **facts: Any) -> Line:
    """The Console's use; its default workspace has an id here, and none in the reports of before."""
    where = event.dimensions
    account, service, key = (where.get(name) for name in ("account_id", "service_account_id", "api_key_id"))
    if account:
        actor, product = Actor("user_actor", account), "claude_console"
    elif service:
        actor, product = Actor("service_account_actor", service), "managed_agents_api"
    else:
        actor, product = Actor("api_actor", key) if key else Actor(unseen="one"), "messages_api"
    if where["service_tier"] == "batch":
        product = "message_batches_api"
    product = {organizations.DEMO_KEY: "new-in-2027", organizations.CI_KEY: "claude_code"}.get(key or "", product)
    place = where.get("workspace_id") or organizations.DEFAULT_WORKSPACE_ID
    known = {"model": _undated(event.model.id), "product": product}
    return Line(day, actor, api_key_id=key, workspace_id=place, **{**known, **facts})


def _undated(model: str | None) -> str | None:
    """As the filter takes it, without the day of its release."""
    return re.sub(r"-20\d{6}$", "", model) if model else None


def _sorted(rows: Sequence[Line], endpoint: str, query: Query) -> list[Line]:
    """By figure, the greatest first, unless the query says another order; ties in an order that says nothing."""
    order = query.one_of("order_by", _ORDERS[endpoint], _ORDERS[endpoint][0])
    descending = query.one_of("order", ("asc", "desc"), "desc") == "desc"

    def by(line: Line) -> tuple[int, int]:
        figure: int = line.day.toordinal() if order == "time" else getattr(line, order) or 0
        return (-figure if descending else figure), crc32(repr(line).encode())

    return sorted(rows, key=by)


def _cost(line: Line) -> Json:
    net, whole = (f"{Decimal(amount).scaleb(-6):.6f}" for amount in (line.amount, line.list_amount))
    return {"amount": net, "list_amount": whole, "currency": "USD", "requests": line.requests}


def _usage(line: Line) -> Json:
    return {
        "uncached_input_tokens": line.tokens.uncached,
        "cache_read_input_tokens": line.tokens.cache_read,
        "cache_creation": {
            "ephemeral_1h_input_tokens": line.tokens.write_1h,
            "ephemeral_5m_input_tokens": line.tokens.write_5m,
        },
        "output_tokens": line.tokens.output,
        "server_tool_use": {"web_search_requests": line.searches},
        "total_tokens": line.total_tokens,
        "requests": line.requests,
    }
