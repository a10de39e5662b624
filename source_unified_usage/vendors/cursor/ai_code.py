"""The AI Code Tracking API (Enterprise): commits and accepted changes."""

from collections.abc import Iterator
from functools import partial

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.lookup import Lookup
from source_unified_usage.core.paging import PageInfo, walk
from source_unified_usage.core.piles import Pile
from source_unified_usage.core.portions import Portions
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import event_period, in_form, rfc3339
from source_unified_usage.core.usage import (
    Row,
    Usage,
    canonical_json,
    compact,
    nth,
    quantity,
    text,
    total,
    usage,
    with_ordinals_once,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.cursor.api import CursorApi, integer, pages_of
from source_unified_usage.vendors.cursor.listing import Page, in_parts, settled, settled_rows, spans
from source_unified_usage.vendors.cursor.mapping import PRODUCT, Item, People, model_of, needed

_PAGE_SIZE = 1000  # the documented maximum (AI Code Tracking API)


class AiCode(UsageStream[CursorApi]):
    """What the two AI code tracking streams share."""

    role = "activity"
    step = days(30)  # no limit is documented; a client takes 30 days, as the Analytics API does
    lookback = days(7)
    grain = "event"
    route: str

    def __init__(self, api: CursorApi, members: Lookup) -> None:
        super().__init__(api)
        self._members = members

    def path(self) -> str:
        return f"/analytics/ai-code/{self.route}"

    def pages(self, window: Window) -> Iterator[Answer]:
        bounds = {"startDate": rfc3339(window.start), "endDate": rfc3339(window.end.subtract(microseconds=1000))}

        def ask(number: int) -> Answer:
            return self.api.get(self.path(), {**bounds, "page": number, "pageSize": _PAGE_SIZE})

        return walk(ask, _page_of)


def _page_of(answer: Answer, _: int, read: int) -> PageInfo:
    """The total says where the end is, not the size of a page: smaller ones than asked for come, as a client found."""
    items, count = answer.rows("items"), integer(answer.body.get("totalCount"))
    more = bool(items) and (count is None or read + len(items) < count)
    return PageInfo(items, more, pages_of(count, items))


class AiCodeCommits(AiCode):
    name = "cursor_ai_code_commits"
    about = "One commit: lines in all and lines that came from tab completion or the composer."
    route = "commits"

    def __init__(self, api: CursorApi, members: Lookup) -> None:
        super().__init__(api, members)
        self._portions = Portions(self.lookback.count + 1)  # the days of every sync, which tell how many fit

    def rows(self, window: Window) -> Iterator[Item]:
        # a hash may come twice, amended (AI Code Tracking API), and nothing says that the rest tells the two apart
        for _, listed in self._portions.over(window, self._listed):
            people = People(self._members())
            for rows in listed.groups(self._key):
                for row, ordinal in with_ordinals_once(rows, self._key, canonical_json):
                    yield Item(row, people, ordinal)

    def _listed(self, part: Window, most: int | None) -> Pile:
        return settled_rows(partial(self.pages, part), "items", most)

    def _key(self, row: Row) -> str:
        others = (row.get(name) for name in ("repoName", "branchName", "userId", "createdAt"))
        return self.id(needed(row, "commitHash"), *others)

    def usages(self, item: Item) -> Iterator[Usage]:
        row = item.row
        repository = row.get("repoName")
        yield usage(
            id=nth(self._key(row), item.ordinal),
            product=PRODUCT,
            metric_name="ai_code_commits",
            resources=[{"id": repository, "name": repository}] if repository else None,
            user=item.people.user(row.get("userEmail"), row.get("userId")),
            usage={
                "code": compact(
                    lines_added=quantity(row.get("totalLinesAdded")),
                    lines_removed=quantity(row.get("totalLinesDeleted")),
                    lines_accepted_added=total(row.get("tabLinesAdded"), row.get("composerLinesAdded")),
                    lines_accepted_removed=total(row.get("tabLinesDeleted"), row.get("composerLinesDeleted")),
                    commits=1,
                )
            },
            **event_period(row.get("commitTs") or row["createdAt"]),
            created_at=in_form(created) if (created := text(row.get("createdAt"))) else None,
            surface=row.get("commitSource"),
            remote_data=row,
        )


class AiCodeChanges(AiCode):
    name = "cursor_ai_code_changes"
    about = "One accepted AI change: its model and lines."
    route = "changes"

    def rows(self, window: Window) -> Iterator[Item]:
        for listed in in_parts(window, self._settled, partial(spans, window)):
            for _, rows in listed:
                people = People(self._members())
                yield from (Item(row, people) for row in rows)
            self.part_done()

    def _settled(self, part: Window) -> Iterator[Page]:
        return settled(partial(self.pages, part), lambda page: page.rows("items"), ("changeId",))

    def usages(self, item: Item) -> Iterator[Usage]:
        row = item.row
        added, removed = quantity(row.get("totalLinesAdded")), quantity(row.get("totalLinesDeleted"))
        source = row.get("source")
        yield usage(
            id=self.id(needed(row, "changeId")),
            product=PRODUCT,
            metric_name="ai_code_changes",
            user=item.people.user(row.get("userEmail"), row.get("userId")),
            model=model_of(row.get("model")),
            usage={
                "code": compact(
                    lines_added=added,
                    lines_removed=removed,
                    lines_accepted_added=added,
                    lines_accepted_removed=removed,
                    accepts=1,
                )
            },
            **event_period(row["createdAt"]),
            created_at=in_form(row["createdAt"]),
            surface=source.lower() if source else None,
            remote_data=row,
        )
