"""The ledger: what a faultless reader emits for these days, as of now."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sandbox.ledger import Entry, Ledger
from sandbox.times import DAY, day_stamp, days_between, epoch, exact_stamp, midnight, stamp
from sandbox.vendors.cursor.customer import Customer
from sandbox.vendors.cursor.enterprise import METRICS, Enterprise, user_id
from sandbox.vendors.cursor.events import INCLUDED, team_of
from sandbox.vendors.cursor.money import group_cents, groups_of, pool_cents
from sandbox.world import Person

Charges = dict[tuple[str, str], Decimal]
_CENT = Decimal("0.01")


class CursorLedger:
    """Entries by stream for some teams; organization keys lead with the team."""

    def __init__(self, customer: Customer, enterprise: Enterprise, teams: set[int], *, organization: bool) -> None:
        self._customer, self._enterprise, self._teams = customer, enterprise, teams
        self._organization = organization

    def ledger(self, start: date, end: date) -> Ledger:
        days = days_between(start, end)
        found: Ledger = {
            "cursor_usage_events": list(self._events(start, end)),
            "cursor_daily_usage": list(self._daily(days)),
            "cursor_spend": list(self._spend()),
        }
        if self._organization:
            found["cursor_pooled_usage"] = list(self._pooled())
            return found
        (team,) = self._teams
        found["cursor_ai_code_commits"] = [
            Entry(
                (row["commitHash"], row["repoName"], row["branchName"], row["userId"], row["createdAt"]),
                _short(row["commitTs"] or row["createdAt"]),
                usage={"code.lines_added": Decimal(row["totalLinesAdded"])},
            )
            for day in days
            for row in self._enterprise.commits(day, team)
        ]
        found["cursor_ai_code_changes"] = [
            Entry((row["changeId"],), _short(row["createdAt"]), usage={"code.accepts": Decimal(1)})
            for day in days
            for row in self._enterprise.changes(day, team)
        ]
        for metric in METRICS:
            found[f"cursor_analytics_{metric.replace('-', '_')}"] = list(self._analytics(metric, days, team))
        found["cursor_bugbot"] = [
            Entry((row["repo"], row["pr_number"]), _short(row["timestamp"]))
            for d in days
            for row in self._enterprise.bugbot(d)
        ]
        found["cursor_bugbot_reviews"] = [
            Entry((row["request_id"],), _short(row["timestamp"]), _review(row), {"requests.bugbot": Decimal(1)})
            for d in days
            for row in self._enterprise.reviews(d)
        ]
        found["cursor_group_spend"] = list(self._groups(start, end))
        return found

    def _lead(self, team: int) -> tuple[int, ...]:
        return (team,) if self._organization else ()

    def _events(self, start: date, end: date) -> Iterator[Entry]:
        first, last = (epoch(day) * 1000 for day in (start, end))
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in self._customer.events(first, last - 1, self._teams):
            key = (*self._lead(row["teamId"]), int(row["timestamp"]), row["model"])
            groups[key].append(row)
        for key, rows in groups.items():
            for ordinal, row in enumerate(sorted(rows, key=_twin_order)):
                moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=int(row["timestamp"]))
                usage = {"requests.total": Decimal(1), **_tokens(row)}
                yield Entry((*key, ordinal), exact_stamp(moment), event_charges(row), usage)

    def _people(self) -> list[Person]:
        return [p for p in self._customer.world.people if team_of(p) in self._teams]

    def _daily(self, days: list[date]) -> Iterator[Entry]:
        for person in self._people():
            who = user_id(person) if self._organization else 12_000 + person.number
            for day in filter(person.active_on, days):
                row = self._customer.daily(day, person)
                requests = sum(row[n] for n in ("subscriptionIncludedReqs", "usageBasedReqs", "apiKeyReqs"))
                figures = {
                    "requests.total": Decimal(requests),
                    "code.lines_added": Decimal(row["totalLinesAdded"]),
                    "requests.tab_shown": Decimal(row["totalTabsShown"]),
                }
                key = (*self._lead(team_of(person)), day.isoformat(), who)
                yield Entry(key, day_stamp(day), usage=figures)

    def _spend(self) -> Iterator[Entry]:
        start, end = (
            self._customer.contract() if self._organization else self._customer.cycle(self._customer.clock.now())
        )
        milliseconds = round(start.timestamp() * 1000)
        for person in self._people():
            on_demand, included = (round(v, 6) * _CENT for v in self._customer.spend(start, end, person))
            if self._organization:
                charges = {"net": included, "total": included, "included": included}
            else:
                charges = {
                    "net": on_demand,
                    "total": on_demand + included,
                    "on_demand": on_demand,
                    "included": included,
                }
                if included:
                    charges["discount"] = included
            key = (milliseconds, *self._lead(team_of(person)), user_id(person))
            yield Entry(key, stamp(start), _usd(charges))

    def _pooled(self) -> Iterator[Entry]:
        start, _ = self._customer.contract()
        for team in sorted(self._teams):
            used = round(pool_cents(self._customer, team), 6) * _CENT
            charges = {"net": used, "total": used}
            if team == 101:
                charges["committed"] = Decimal(20_000)
            yield Entry((exact_stamp(start), team), stamp(start), _usd(charges))

    def _analytics(self, metric: str, days: list[date], team: int) -> Iterator[Entry]:
        for person in self._customer.teams[team]:
            if self._customer.gone(person):
                continue
            for day in days:
                for row in self._enterprise.by_user(metric, day, person):
                    for name in row.get("model_breakdown", {None: None}):
                        names = {
                            "models": (name,),
                            "mcp": (row.get("mcp_server_name"), row.get("tool_name")),
                            "skills": (row.get("skill_name"),),
                            "commands": (row.get("command_name"),),
                            "plans": (row.get("model"),),
                            "ask-mode": (row.get("model"),),
                        }.get(metric, ())
                        key = (day.isoformat(), person.email, *names)
                        yield Entry(key, day_stamp(day))

    def _groups(self, start: date, end: date) -> Iterator[Entry]:
        """Every cycle in which one of the days begins."""
        moment = midnight(start)
        last = midnight(end)
        while moment < last:
            begin, finish = self._customer.cycle(moment)
            for group, people in groups_of(self._customer).items():
                spent = round(group_cents(self._customer, people, begin, finish), 6) * _CENT
                charges = _usd({"net": spent, "total": spent})
                yield Entry((exact_stamp(begin), group), stamp(begin), charges)
            moment = midnight(finish.date()) + DAY


def event_charges(row: dict[str, Any]) -> Charges:
    """From the vendor's own figures; independent on purpose of the source's mapping."""
    tokens = row.get("tokenUsage", {})
    cost = Decimal(repr(tokens.get("totalCents", 0))) if row["isTokenBasedCall"] else Decimal(0)
    off = Decimal(tokens.get("discountPercentOff", 0))
    charged, discount = Decimal(repr(row["chargedCents"])), cost * off / 100
    charges: dict[str, Decimal] = {}
    if row["isChargeable"]:
        charges |= {"net": charged, "total": charged + discount, "usage_based": charged}
    else:
        charges |= {"net": Decimal(0), "total": charged}
        if row["kind"] in INCLUDED:
            charges["included"] = charged
    if charges["total"] != charges["net"]:
        charges["discount"] = charges["total"] - charges["net"]
    if "cursorTokenFee" in row:
        charges["platform_fee"] = Decimal(repr(row["cursorTokenFee"]))
    return _usd({kind: round(value * _CENT, 10) for kind, value in charges.items()})


def _usd(charges: dict[str, Decimal]) -> Charges:
    return {(kind, "USD"): value for kind, value in charges.items()}


def _tokens(row: dict[str, Any]) -> dict[str, Decimal]:
    if "tokenUsage" not in row:
        return {}
    names = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")
    return {"tokens.total": Decimal(sum(row["tokenUsage"].get(name, 0) for name in names))}


def _twin_order(row: dict[str, Any]) -> tuple[Any, ...]:
    """The order inside a group of one millisecond and model; independent on purpose of the source's."""
    tokens = row.get("tokenUsage", {})
    seen = {name: value for name, value in row.items() if name != "teamId"}
    return (
        *(tokens.get(n, 0) for n in ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")),
        row.get("requestsCosts", 0),
        row.get("maxMode", False),
        row.get("isHeadless", False),
        *(_stated(row.get(n, "")) for n in ("conversationId", "cloudAgentId", "serviceAccountId")),
        row["kind"],
        json.dumps(seen, sort_keys=True, separators=(",", ":")),
    )


def _stated(text: str) -> str:
    return "" if text.strip().lower() in ("", "null", "undefined", "none") else text


def _short(text: str) -> str:
    """Milliseconds only where there are some."""
    return text.replace(".000Z", "Z")


def _review(row: dict[str, Any]) -> Charges:
    if row["cost_cents"] is None:
        return {}
    cost = Decimal(repr(row["cost_cents"])) * _CENT
    views = {"net": cost, "total": cost}
    if not row.get("billed", True):
        views = {"net": Decimal(0), "total": cost, "discount": cost, "included": cost}
    return {(kind, "USD"): amount for kind, amount in views.items()}
