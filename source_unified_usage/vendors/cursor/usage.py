"""Daily activity: what each member did on each day, without money."""

from collections.abc import Iterator
from functools import partial

from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import day_period, from_epoch_ms
from source_unified_usage.core.usage import Usage, compact, quantity, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi
from source_unified_usage.vendors.cursor.listing import MEMBER, Page, days_of_members, in_parts, settled
from source_unified_usage.vendors.cursor.mapping import PRODUCT, Item, People, Scope, member_key, model_of

_PAGE_SIZE = 1000  # users: the largest in the Admin API's examples, and the most by the Organization Admin API
_PAGE_ROWS = 10_000  # a user has one for every day that is asked for; so many take 25 MB

_REQUESTS = {
    "chat": "chatRequests",
    "agent": "agentRequests",
    "composer": "composerRequests",
    "cmdk": "cmdkUsages",
    "tab_shown": "totalTabsShown",
    "tab_accepted": "totalTabsAccepted",
    "api_key": "apiKeyReqs",
    "included": "subscriptionIncludedReqs",
    "usage_based": "usageBasedReqs",
    "bugbot": "bugbotUsages",
}
_CODE = {
    "lines_added": "totalLinesAdded",
    "lines_removed": "totalLinesDeleted",
    "lines_accepted_added": "acceptedLinesAdded",
    "lines_accepted_removed": "acceptedLinesDeleted",
    "applies": "totalApplies",
    "accepts": "totalAccepts",
    "rejects": "totalRejects",
}


class DailyUsage(UsageStream[CursorApi]):
    name = "cursor_daily_usage"
    about = "What one member did on one day: requests by kind, tab completions, lines of code. Idle seats included."
    role = "activity"
    step = days(30)  # the documented maximum (Admin API)
    lookback = days(3)

    def __init__(self, api: CursorApi, scope: Scope, members: Lookup, *, inactive: bool) -> None:
        super().__init__(api)
        self._scope, self._members, self._inactive = scope, members, inactive
        self.scope = {**scope.options, "cursor.include_inactive_members": inactive}

    def path(self) -> str:
        return self._scope.path("daily-usage-data")

    def rows(self, window: Window) -> Iterator[Item]:
        for listed in in_parts(window, self._settled, partial(days_of_members, window)):
            for _, rows in listed:
                people = People(self._members())
                yield from (Item(row, people) for row in rows)
            self.part_done()

    def _settled(self, part: Window) -> Iterator[Page]:
        # page and pageSize are what makes the API list idle members too (Admin API)
        body = {"startDate": int(part.start.timestamp() * 1000), "endDate": part.last_ms}
        walk = partial(self.api.pages, "POST", self.path(), "data", self._scope.body(body), _page_size(part))
        return settled(walk, lambda page: page.rows("data"), MEMBER)

    def usages(self, item: Item) -> Iterator[Usage]:
        row = item.row
        counts = {name: quantity(row.get(field)) for name, field in _REQUESTS.items()}
        code = {name: quantity(row.get(field)) for name, field in _CODE.items()}
        if not self._inactive and not row.get("isActive") and not any((*counts.values(), *code.values())):
            return
        day = row.get("day") or from_epoch_ms(row["date"])[:10]
        billed = [counts[name] for name in ("included", "usage_based", "api_key")]
        extensions = compact(
            apply_most_used=row.get("applyMostUsedExtension"),
            tab_most_used=row.get("tabMostUsedExtension"),
        )
        yield usage(
            id=self.id(*self._scope.key(row), day, member_key(row)),
            product=PRODUCT,
            metric_name="daily_usage",
            **self._scope.of(row),
            user=item.people.user(row.get("email"), row.get("userId")),
            model=model_of(row.get("mostUsedModel")),
            usage=compact(
                requests=compact(total=None if None in billed else sum(filter(None, billed)), **counts),
                code=compact(**code, file_extensions=extensions),
                activity=compact(is_active=row.get("isActive"), client_version=row.get("clientVersion")),
            ),
            **day_period(day),
            remote_data=row,
        )


def _page_size(part: Window) -> int:
    return min(_PAGE_SIZE, _PAGE_ROWS // max(1, (part.end - part.start).days))
