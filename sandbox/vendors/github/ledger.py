"""The ledger: what a faultless reader emits, counted from the credits, the bill, the activity and the seats."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.kit import grouped
from sandbox.ledger import Entry, Ledger
from sandbox.times import DAY, day_stamp, days_between
from sandbox.vendors.github.activity import Activity, ActivityReports
from sandbox.vendors.github.bill import Bill, BillRow
from sandbox.vendors.github.billing import ModelRow, by_model, oldest
from sandbox.vendors.github.credits import Credits
from sandbox.vendors.github.estate import Account
from sandbox.vendors.github.exports import COLUMNS
from sandbox.vendors.github.knobs import Knobs
from sandbox.vendors.github.lookups import Lookups
from sandbox.vendors.github.spelling import folded

Figures = dict[str, Decimal]
_TOKENS = ("input", "output", "cache_read", "cache_write")


class _Priced(NamedTuple):
    """A row before it has its ordinal."""

    key: tuple[Any, ...]
    day: date
    sku: str
    price: Decimal
    gross: Decimal
    discount: Decimal
    usage: Figures


@dataclass
class GitHubLedger:
    account: Account
    bill: Bill
    credits: Credits
    reports: ActivityReports
    lookups: Lookups
    knobs: Knobs

    def ledger(self, start: date, end: date, now: datetime) -> Ledger:
        """Days that the vendor does not serve any more are left out; only an enterprise has the export."""
        days = days_between(max(start, oldest(now.date()) + DAY), min(end, now.date() + DAY))
        found: Ledger = {
            "github_billing_usage": list(_numbered(self._billed(days, now))),
            "github_ai_credits": list(_numbered(self._by_model(days, now))),
            "github_ai_credits_by_user": list(_numbered(self._by_user(days, now))),
            "github_copilot_user_activity": list(self._activity(days, now)),
            "github_copilot_seats": list(self._seats(now)),
        }
        if self.account.enterprise:
            complete = [day for day in days if day < now.date()]
            found["github_ai_usage"] = list(_numbered(self._exported(complete, now)))
        return found

    def _billed(self, days: Iterable[date], now: datetime) -> Iterator[_Priced]:
        for day in days:
            for row in self.bill.served(day, now):
                yield _Priced(
                    _bill_key(row), day, row.sku, row.price, row.gross, row.discount, {"quantity": row.quantity}
                )

    def _by_model(self, days: Iterable[date], now: datetime) -> Iterator[_Priced]:
        """Cost center by cost center."""
        for day in days:
            credits = self.credits.served(day, now)
            for center in (None, *self.account.centers):
                rows = by_model(credit for credit in credits if credit.center == center)
                id = center.id if center else None
                yield from (_credit((day.isoformat(), id), day, row) for row in rows)

    def _by_user(self, days: Iterable[date], now: datetime) -> Iterator[_Priced]:
        """A person's usage whatever its cost center; that of nobody is missing."""
        for day in days:
            for login, credits in grouped(self.credits.served(day, now), lambda credit: credit.login).items():
                if login is None:
                    continue
                yield from (_credit((day.isoformat(), login, None), day, row) for row in by_model(credits))

    def _exported(self, days: Iterable[date], now: datetime) -> Iterator[_Priced]:
        """A column of the key that the file lacks is missing from the key too."""
        columns = COLUMNS[self.knobs.export_columns]
        for day in days:
            for line in self.credits.served(day, now):
                center = line.center.name if line.center else None
                repository = line.repository if "repository" in columns else None
                who = (day.isoformat(), line.organization, center, line.login)
                key = (*who, "copilot", line.sku, folded(line.model), repository)
                usage = {"quantity": line.quantity}
                if line.tokens is not None and self.knobs.export_columns != "few":
                    counts = map(Decimal, line.tokens)
                    usage |= {f"tokens.{name}": count for name, count in zip(_TOKENS, counts, strict=True)}
                    usage["tokens.total"] = Decimal(sum(line.tokens))
                yield _Priced(key, day, line.sku, line.price, line.gross, line.discount, usage)

    def _activity(self, days: Iterable[date], now: datetime) -> Iterator[Entry]:
        for day in days:
            if day < self.reports.earliest(now.date()):
                continue
            for activity in self.reports.served(day, now) or ():
                member = activity.member
                organization = None if self.account.enterprise else member.organization.id
                key = (day.isoformat(), organization, member.id)
                yield Entry(key, day_stamp(day), usage=_used(activity))

    def _seats(self, now: datetime) -> Iterator[Entry]:
        for seat in self.lookups.granted(now):
            organization = seat.organization.id if self.account.enterprise else None
            team = seat.member.team_id if seat.team else None
            key = (self.account.name, organization, team, seat.member.id)
            yield Entry(key, "", usage={"quantity": Decimal(1)})


def _bill_key(row: BillRow) -> tuple[Any, ...]:
    center = row.center.id if row.center else None
    return row.day.isoformat(), center, row.organization, row.product, row.sku, row.repository


def _credit(question: tuple[Any, ...], day: date, row: ModelRow) -> _Priced:
    """What the question says comes before what the row says."""
    usage = {"quantity": row.gross / row.price}
    if "premium_request" in row.sku:
        usage["requests.total"] = usage["quantity"]
    key = (*question, "copilot", row.sku, folded(row.model))
    return _Priced(key, day, row.sku, row.price, row.gross, row.discount, usage)


# independent on purpose: the source ranks the rows of one key with code of its own
def _numbered(rows: Iterable[_Priced]) -> Iterator[Entry]:
    """The ordinal counts the rows of one key, the dearest first."""
    for key, found in grouped(rows, lambda row: row.key).items():
        for ordinal, row in enumerate(sorted(found, key=lambda row: (-row.price, row.gross, row.discount))):
            yield Entry((*key, ordinal), day_stamp(row.day), _charges(row), row.usage)


def _charges(row: _Priced) -> dict[tuple[str, str], Decimal]:
    """To ten places, as amounts are read."""
    total = round(row.gross, 10)
    net = round(row.gross - row.discount, 10)
    committed = row.sku in ("copilot_for_business", "copilot_enterprise", "ghec_licenses")
    charges = {("net", "USD"): net, ("total", "USD"): total, ("committed" if committed else "usage_based", "USD"): net}
    if total != net:
        charges["discount", "USD"] = total - net
        if row.sku.endswith(("ai_credit", "premium_request")):
            charges["included", "USD"] = total - net
    return charges


def _used(activity: Activity) -> Figures:
    counts, modes, cli = activity.counts, activity.modes, activity.cli
    figures = {
        "requests.total": counts["user_initiated_interaction_count"],
        "code.lines_added": counts["loc_suggested_to_add_sum"],
        "code.lines_removed": counts["loc_suggested_to_delete_sum"],
        "code.lines_accepted_added": counts["loc_added_sum"],
        "code.lines_accepted_removed": counts["loc_deleted_sum"],
        "code.accepts": counts["code_acceptance_activity_count"],
    }
    if modes:
        figures["requests.agent"] = modes["agent"]
        figures["requests.chat"] = sum(modes[mode] for mode in ("ask", "edit", "plan", "custom", "unknown"))
    if cli:
        figures["sessions.distinct"] = cli["session_count"]
        figures["tokens.input"], figures["tokens.output"] = cli["prompt_tokens_sum"], cli["output_tokens_sum"]
        figures["tokens.total"] = cli["prompt_tokens_sum"] + cli["output_tokens_sum"]
    found = {path: Decimal(count) for path, count in figures.items()}
    return found if activity.credits is None else {**found, "quantity": activity.credits}
