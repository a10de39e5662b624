"""Spend without a day of its own: billing cycles by member, by billing group, and the pool of a contract."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from pendulum import DateTime, instance

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.paging import PageInfo, walk
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import from_epoch_ms, midnight, parse_time, rfc3339
from source_unified_usage.core.usage import Charge, Row, Usage, charges, compact, measured, quantity, usage
from source_unified_usage.core.window import Window, days, months
from source_unified_usage.vendors.cursor.api import CursorApi, integer
from source_unified_usage.vendors.cursor.listing import MEMBER, settled
from source_unified_usage.vendors.cursor.mapping import PRODUCT, People, Scope, Snapshot, dollars_of, member_key

_TEAM_PAGE = 100  # more is documented for organizations only
_ORGANIZATION_PAGE = 1000  # the documented maximum (Organization Admin API)
_NOBODY = People({})  # the rows name their members themselves


class Spend(UsageStream[CursorApi]):
    """The open billing cycle by member; with an organization, its contract window."""

    name = "cursor_spend"
    about = (
        "What one member spent so far in the open billing cycle (organization: contract period). Each sync overwrites "
        "it until the cycle ends, so the last figures of every cycle stay."
    )
    role = "restates"
    restates = ("cursor_usage_events",)
    grain = "snapshot"

    def __init__(self, api: CursorApi, scope: Scope) -> None:
        super().__init__(api)
        self._scope = scope

    def rows(self, window: Window) -> Iterator[Snapshot]:
        """The members' rows, each with the start of its cycle or period."""
        path, organization = self._scope.path("spend"), self._scope.organization
        # in a fixed order, pages change only when members come or go
        by, size = ("email", _ORGANIZATION_PAGE) if organization else ("user", _TEAM_PAGE)
        body = {"sortBy": by, "sortDirection": "asc", "pageSize": size}

        def ask(number: int) -> Answer:
            return self.api.post(path, self._scope.body({**body, "page": number}))

        for answer, rows in settled(partial(walk, ask, _page_of), lambda page: page.rows("teamMemberSpend"), MEMBER):
            bounds = (
                {"period": answer.object("period")}
                if organization
                else {"subscriptionCycleStart": answer.body.get("subscriptionCycleStart")}
            )
            yield from (Snapshot({**row, **bounds}, window.start) for row in rows)

    def usages(self, item: Snapshot) -> Iterator[Usage]:
        row, reading = item.row, rfc3339(item.time)
        start = row["period"]["startDate"] if self._scope.organization else row["subscriptionCycleStart"]
        yield usage(
            id=self.id(start, *self._scope.key(row), member_key(row)),
            product=PRODUCT,
            metric_name="billing_cycle_spend",
            **self._scope.of(row),
            user={**_NOBODY.user(row.get("email"), row.get("userId")), **compact(name=row.get("name"))},
            charges=self._charges(row),
            usage=measured(quantity(row.get("fastPremiumRequests")), "request"),
            start_date=rfc3339(_from_ms(start)),
            end_date=reading,
            updated_at=reading,
            remote_data=row,
        )

    def _charges(self, row: Row) -> list[Charge]:
        spent = dollars_of(row.get("spendCents"))
        if self._scope.organization:  # there it is the member's part of the pool (Organization Admin API)
            return charges("USD", net=spent, included=spent)
        included = _included(row, spent)
        total = None if spent is None else spent + (included or 0)
        return charges("USD", net=spent, total=total, on_demand=spent, included=included)


def _page_of(answer: Answer, number: int, _: int) -> PageInfo:
    pages = integer(answer.body["totalPages"])
    if pages is None:
        raise answer.broken("no totalPages")
    return PageInfo(answer.rows("teamMemberSpend"), number < pages, pages)


def _included(row: Row, spent: Decimal | None) -> Decimal | None:
    """The part that the plan covers: as sent, else what the overall spend is above the on-demand spend."""
    if (included := dollars_of(row.get("includedSpendCents"))) is not None:
        return included
    overall = dollars_of(row.get("overallSpendCents"))
    if overall is None or spent is None:
        return None
    return max(overall - spent, Decimal(0))


class GroupSpend(UsageStream[CursorApi]):
    """Billing groups by cycle, the only spend with a history (Admin API)."""

    name = "cursor_group_spend"
    about = "What one billing group spent in one billing cycle, members without a group as a group of their own."
    role = "restates"
    restates = ("cursor_usage_events",)
    step = months(1)
    lookback = days(3)

    def __init__(self, api: CursorApi) -> None:
        super().__init__(api)
        self._next: DateTime | None = None

    def path(self) -> str:
        return "/teams/groups"

    def rows(self, window: Window) -> Iterator[Row]:
        """The groups of every cycle around the window's days, each row with its cycle's bounds.

        A cycle that touches two windows of a sync comes with the first one only.
        """
        day = max(window.start, self._next or window.start)
        while day < window.end:
            answer = self.api.get(self.path(), {"billingCycle": day.to_date_string()})
            cycle = answer.object("billingCycle")
            groups = [*answer.rows("groups"), answer.object("unassignedGroup")]
            yield from ({**group, "billingCycle": cycle} for group in groups if group)
            following = _day_after(cycle)
            if following is None or following <= day:
                raise answer.broken(f"the billing cycle of {day.to_date_string()} ends before it")
            day = self._next = following

    def usages(self, row: Row) -> Iterator[Usage]:
        cycle = row["billingCycle"]
        spent = dollars_of(row.get("spendCents"))
        yield usage(
            id=self.id(_instant(cycle["cycleStart"]), row["id"]),
            product=PRODUCT,
            metric_name="group_spend",
            resources=[compact(id=row["id"], name=row.get("name"))],
            charges=charges("USD", net=spent),
            start_date=rfc3339(parse_time(cycle["cycleStart"])),
            end_date=rfc3339(parse_time(cycle["cycleEnd"])),
            remote_data=row,
        )


def _day_after(cycle: Row) -> DateTime | None:
    """The first day that is the next cycle's as a whole: cycles change within a day (Admin API, its example)."""
    end = cycle.get("cycleEnd")
    return instance(parse_time(end)).add(days=1, microseconds=-1).start_of("day") if isinstance(end, str) else None


class PooledUsage(UsageStream[CursorApi]):
    name = "cursor_pooled_usage"
    about = "What one team has used of the organization's pool in the contract period so far."
    role = "restates"
    restates = ("cursor_usage_events",)
    grain = "snapshot"

    def __init__(self, api: CursorApi, scope: Scope) -> None:
        super().__init__(api)
        self._scope = scope

    def rows(self, window: Window) -> Iterator[Snapshot]:
        """The teams' rows, each with the pool it draws from. All come: no `teamIds` here (Organization Admin API)."""
        answer = self.api.post("/organizations/pooled-usage", {"organizationId": self._scope.organization})
        pool, wanted = answer.object("pool"), {*map(str, self._scope.teams)}
        for team in answer.rows("teams"):
            if not wanted or str(team["teamId"]) in wanted:
                yield Snapshot({**team, "pool": pool}, window.start)

    def usages(self, item: Snapshot) -> Iterator[Usage]:
        row, reading = item.row, rfc3339(item.time)
        start = row["pool"].get("contractStartDate")
        used = dollars_of(row.get("usedCents"))
        yield usage(
            id=self.id(_instant(start), row["teamId"]),
            product=PRODUCT,
            metric_name="pooled_usage",
            **self._scope.of(row),
            charges=charges("USD", net=used, committed=dollars_of(row.get("budgetLimitCents"))),
            start_date=rfc3339(parse_time(start)) if start else midnight(item.time),
            end_date=reading,
            updated_at=reading,
            remote_data=row,
        )


def _instant(text: str | None) -> str | None:
    """An instant as ids spell it, however Cursor does."""
    return from_epoch_ms(round(parse_time(text).timestamp() * 1000)) if text else None


def _from_ms(milliseconds: int) -> DateTime:
    return instance(parse_time("1970-01-01")).add(microseconds=milliseconds * 1000)
