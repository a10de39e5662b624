"""Activity: what was done, action by action."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from itertools import chain
from math import floor
from typing import Any, NamedTuple

from pendulum import from_timestamp

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS, Edges
from source_unified_usage.core.errors import UNMAPPABLE, Unavailable
from source_unified_usage.core.lookup import texts_of
from source_unified_usage.core.paging import PageInfo, walk
from source_unified_usage.core.piles import Pile
from source_unified_usage.core.portions import RowBudget
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.times import event_period, parse_time
from source_unified_usage.core.usage import Row, Usage, compact, decimal, number, usage
from source_unified_usage.core.window import Covered, Window, days
from source_unified_usage.vendors.scenario.api import ACTIVITY, ScenarioApi
from source_unified_usage.vendors.scenario.daily import Shared
from source_unified_usage.vendors.scenario.days import Day
from source_unified_usage.vendors.scenario.mapping import COMPUTE_UNIT, PRODUCT, person
from source_unified_usage.vendors.scenario.streams import Consumption

_PAGE_SIZE = 100  # fixed by the vendor (API reference, usages.list)
_MOST_PAGES = 1000  # of a day, more than an action a second: the actions wait compressed, the names as they are
_MOST_ROWS = _MOST_PAGES * _PAGE_SIZE  # of several days: as many as the largest has
_SETTLING_MINUTES = 5  # offsets shift while new actions arrive; how late they may come is not documented


class Known(NamedTuple):
    """The team, and the names of what the actions of one day belong to and touched, by id."""

    organization: Mapping[str, Any]
    projects: Mapping[str, str]
    things: Mapping[str, str]


class Action(NamedTuple):
    """An entry of the feed, its ordinal among entries that are equal in all of their key, its user and the names."""

    row: Row
    ordinal: int
    user: Mapping[str, Any]
    known: Known


class Feed:
    """The actions of a window, and of all that its answers say beside them the names: jobs come with their prompts."""

    def __init__(self) -> None:
        self.rows = Pile()
        self.users: dict[str, Row] = {}
        self._things: dict[str, dict[str, Any]] = {"collections": {}, "assets": {}}

    def describe(self, answer: Answer) -> list[Row]:
        """Keep the answer's names. Returns its actions, for the caller to add."""
        day = Day(None, (answer,))
        for id, user in day.entities("users").items():
            self.users[id] = {name: user.get(name) for name in ("email", "fullName")}
        for member, names in self._things.items():
            names.update((id, texts_of(entity, "name").get("name")) for id, entity in day.entities(member).items())
        return answer.rows(ACTIVITY.member)

    def names(self) -> dict[str, Any]:
        """What the collections and assets are called, by id."""
        return {id: name for id, name in {**self._things["collections"], **self._things["assets"]}.items() if name}

    def joined(self, other: "Feed") -> "Feed":
        """This one with what another one has beside it."""
        self.rows.add(other.rows)
        self.users.update(other.users)
        for member, names in self._things.items():
            names.update(other._things[member])
        return self


class Activity(UsageStream[ScenarioApi]):
    """The feed of actions; its rows name their projects themselves."""

    name = "scenario_activity"
    about = (
        "One action of one user at one instant (generations, trainings, uploads, tags, settings, ...), with its "
        "compute units where it was billed."
    )
    role = "restates"
    restates = (Consumption.name,)
    step = days(1)
    lookback = days(3)  # our choice: whether Scenario corrects a closed day is not documented
    grain = "event"
    windows_at_once = ScenarioApi.parallel

    def __init__(self, api: ScenarioApi, shared: Shared) -> None:
        super().__init__(api)
        self._budget = RowBudget(_MOST_ROWS)
        self.shared = shared
        self.scope = shared.scope.options

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        return super().plan(replace(wanted, now=wanted.now.subtract(minutes=_SETTLING_MINUTES)), covered)

    def rows(self, window: Window) -> Iterator[Action]:
        with self._budget.window(window.start.start_of("day")):
            yield from self._actions(window)

    def _actions(self, window: Window) -> Iterator[Action]:
        feeds = self.shared.days.answers(self.api, window, lambda part: [self._whole(part)])
        feed = reduce(Feed.joined, feeds)
        lookups = self.shared.lookups
        organization = lookups.organization()
        self.api.account = organization.get("id")
        users, keys = feed.users, lookups.key_names()
        known = Known(organization, lookups.project_names(), feed.names())
        for row, ordinal in feed.rows.with_ordinals(self._key, _order):
            yield Action(row, ordinal, person(row["userId"], users, keys), known)

    def _whole(self, window: Window) -> Feed:
        """What one window holds. Raises Unavailable when it changes during every reading.

        The feed has neither a total nor ids. When an action is removed during the reading and the first one of the
        next page moves to the page before it, that one is missed, and nothing shows it.
        """
        for _ in range(READINGS):
            feed, edges = Feed(), Edges(_second)
            for answer in self._walk(window):
                rows = feed.describe(answer)
                feed.rows.add(rows)
                edges.add(rows)

            def alone(second: Any, feed: Feed = feed) -> list[list[Row]]:
                start = from_timestamp(second)
                return [feed.describe(answer) for answer in self._walk(Window(start, start.add(seconds=1)))]

            if not edges.shared:
                return feed
            if (settled := edges.settled(feed.rows, alone)) is not None:
                feed.rows = Pile(chain(edges.within(feed.rows), settled))
                return feed
        raise Unavailable(
            f"Scenario, stream {self.name}: {window.first_day} changed during each of {READINGS} readings."
        )

    def _walk(self, window: Window) -> Iterator[Answer]:
        """Page after page, newest action first. Raises BrokenContract when they do not end."""

        def ask(offset: int) -> Answer:
            return self.api.usages(window, (ACTIVITY,), {**self.shared.scope.query(), "activityOffset": offset})

        place = "the page at activityOffset"
        for answer in walk(ask, _page, first=0, step=_PAGE_SIZE, place=place, most=_MOST_PAGES):
            yield answer
            self._budget.hold(window.start.start_of("day"), len(answer.rows(ACTIVITY.member)))

    def usages(self, item: Action) -> Iterator[Usage]:
        row, data, known = item.row, item.row.get("data") or {}, item.known
        spent = decimal(row.get("creativeUnitsCost"))
        workspace = compact(id=row["projectId"], name=known.projects.get(row["projectId"]))
        things = (compact(id=id, name=known.things.get(id), workspace=workspace) for id in _things(data))
        yield usage(
            id=f"{self._key(row)}/{item.ordinal}",
            product=PRODUCT,
            metric_name=f"activity.{row['action']}",
            resources=[*([{**workspace, "workspace": workspace}] if workspace else ()), *things],
            organization=known.organization,
            user=item.user,
            model=compact(id=data.get("modelId"), provider="scenario") if data.get("modelId") else None,
            charges=self.shared.tariff.charges(spent, Decimal(0)) if spent is not None else None,
            usage={"quantity": number(spent), "unit": COMPUTE_UNIT} if spent is not None else None,
            **event_period(row["time"]),
            surface="api" if data.get("isApiKey") else None,
            remote_data=row,
        )

    def _key(self, row: Row) -> str:
        time = parse_time(row["time"])
        instant = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
        return self.id(self.shared.scope.team, instant, row["userId"], row["projectId"], row["action"], _details(row))


def _page(answer: Answer, *_: int) -> PageInfo:
    rows = answer.rows(ACTIVITY.member)
    return PageInfo(rows, len(rows) >= _PAGE_SIZE)


def _second(row: Row) -> int | None:
    """A second is the shortest time that can be asked for. None when the row has no time that can be read."""
    try:
        return floor(parse_time(row["time"]).timestamp())
    except UNMAPPABLE:
        return None


def _details(row: Row) -> Mapping[str, Any]:
    """What an action says of itself, a provider by its id alone: its display name may change."""
    data = row.get("data") or {}
    provider = data.get("byokProvider")
    return {**data, "byokProvider": provider.get("id")} if isinstance(provider, Mapping) else data


def _things(data: Mapping[str, Any]) -> list[str]:
    return [data[name] for name in ("assetId", "jobId", "collectionId") if data.get(name)]


def _order(row: Row) -> tuple[bool, Decimal]:
    """The highest cost first, those without a cost last."""
    spent = decimal(row.get("creativeUnitsCost"))
    return spent is None, -(spent or Decimal(0))
