"""Activity: what was done, action by action."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from pendulum import DateTime, instance

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.edges import READINGS, whole
from source_unified_usage.core.errors import UNMAPPABLE, Unavailable
from source_unified_usage.core.paging import Told, walk
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.times import parse_time, rfc3339
from source_unified_usage.core.usage import Row, Usage, compact, decimal, number, usage, with_ordinals
from source_unified_usage.core.window import Covered, Window, days
from source_unified_usage.vendors.scenario.api import ACTIVITY, ScenarioApi
from source_unified_usage.vendors.scenario.days import Day
from source_unified_usage.vendors.scenario.figures import COMPUTE_UNIT
from source_unified_usage.vendors.scenario.streams import PRODUCT, Shared, person

_PAGE_SIZE = 100  # fixed by the vendor
_MOST_PAGES = 1000  # of a day, which is held in memory whole: more than an action a second
_SETTLING_MINUTES = 5  # offsets shift while new actions arrive


class Action(NamedTuple):
    """An entry of the feed, its ordinal among those that nothing tells apart, and what the answer says of its ids."""

    row: Row
    ordinal: int
    user: Mapping[str, Any]
    names: Mapping[str, str]


class Activity(UsageStream[ScenarioApi]):
    """The feed of actions; its rows name their projects themselves."""

    name = "scenario_activity"
    about = (
        "One action of one user at one instant (generations, trainings, uploads, tags, settings, ...), with its "
        "compute units where it was billed."
    )
    step = days(1)
    lookback = days(3)
    grain = "event"

    def __init__(self, api: ScenarioApi, shared: Shared) -> None:
        super().__init__(api)
        self.shared = shared
        self.scope = shared.scope.options
        self.organization: Mapping[str, Any] = {}
        self.project_names: Mapping[str, str] = {}

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        return super().plan(replace(wanted, now=wanted.now.subtract(minutes=_SETTLING_MINUTES)), covered)

    def rows(self, window: Window) -> Iterator[Action]:
        day = Day(None, self.shared.days.answers(self.api, window, self._pages))
        inventory = self.shared.inventory
        self.organization, self.project_names = inventory.organization(), inventory.project_names()
        self.api.account = self.organization.get("id")
        users, keys = day.entities("users"), inventory.key_names()
        described = {**day.entities("collections"), **day.entities("assets")}
        names = {id: entity["name"] for id, entity in described.items() if entity.get("name")}
        rows = (row for answer in day.answers for row in answer.rows(ACTIVITY.member))
        for row, ordinal in with_ordinals(rows, self._key, _order):
            yield Action(row, ordinal, person(row["userId"], users, keys), names)

    def _pages(self, window: Window) -> list[Answer]:
        """What one window holds. Raises Unavailable when it changes under every reading.

        The feed tells neither a total nor ids: an action that is taken out while it is paged, so that another one
        slips onto the page before, cannot be noticed.
        """
        for _ in range(READINGS):
            answers = self._walk(window)

            def alone(second: Any, answers: list[Answer] = answers) -> list[list[Row]]:
                own = self._walk(Window(second, second.add(seconds=1)))
                answers += own  # for what they say of users and assets
                return _rows(own)

            rows = whole(_rows(answers), _second, alone)
            if rows is not None:
                return [_holding(answer, () if number else rows) for number, answer in enumerate(answers)]
        raise Unavailable(
            f"Scenario, stream {self.name}: {window.first_day} changed under every one of {READINGS} readings."
        )

    def _walk(self, window: Window) -> list[Answer]:
        """Page after page, newest first. Raises BrokenContract when they do not end."""

        def ask(offset: int) -> Answer:
            return self.api.usages(window, (ACTIVITY,), {**self.shared.scope.query(), "activityOffset": offset})

        place = "the page at activityOffset"
        return [*walk(ask, _told, first=0, step=_PAGE_SIZE, place=place, most=_MOST_PAGES)]

    def usages(self, action: Action, window: Window) -> Iterator[Usage]:
        row, data = action.row, action.row.get("data") or {}
        instant = rfc3339(parse_time(row["time"]))
        spent = decimal(row.get("creativeUnitsCost"))
        workspace = compact(id=row["projectId"], name=self.project_names.get(row["projectId"]))
        things = (compact(id=id, name=action.names.get(id), workspace=workspace) for id in _things(row))
        yield usage(
            id=f"{self._key(row)}/{action.ordinal}",
            product=PRODUCT,
            metric_name=f"activity.{row['action']}",
            resources=[*([{**workspace, "workspace": workspace}] if workspace else ()), *things],
            organization=self.organization,
            user=action.user,
            model=compact(id=data.get("modelId"), provider="scenario") if data.get("modelId") else None,
            charges=self.shared.tariff.charges(spent, Decimal(0)) if spent is not None else None,
            usage={"quantity": number(spent), "unit": COMPUTE_UNIT} if spent is not None else None,
            start_date=instant,
            end_date=instant,
            surface="api" if data.get("isApiKey") else None,
            remote_data=row,
        )

    def _key(self, row: Row) -> str:
        time = parse_time(row["time"])
        spelled = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
        return self.id(self.shared.scope.team, spelled, row["userId"], row["projectId"], row["action"], _details(row))


def _told(answer: Answer, *_: int) -> Told:
    rows = answer.rows(ACTIVITY.member)
    return Told(rows, len(rows) >= _PAGE_SIZE)


def _rows(answers: Iterable[Answer]) -> list[list[Row]]:
    return [answer.rows(ACTIVITY.member) for answer in answers]


def _holding(answer: Answer, rows: Iterable[Row]) -> Answer:
    return replace(answer, body={**answer.body, ACTIVITY.member: [*rows]})


def _second(row: Row) -> DateTime | None:
    """The shortest time that can be asked for; None when the row tells none that can be read."""
    try:
        return instance(parse_time(row["time"])).start_of("second")
    except UNMAPPABLE:
        return None


def _details(row: Row) -> Mapping[str, Any]:
    """What an action says of itself, a provider by its id alone: how it is displayed may change."""
    data = row.get("data") or {}
    provider = data.get("byokProvider")
    return {**data, "byokProvider": provider.get("id")} if isinstance(provider, Mapping) else data


def _things(row: Row) -> list[str]:
    data = row.get("data") or {}
    return [data[name] for name in ("assetId", "jobId", "collectionId") if data.get(name)]


def _order(row: Row) -> tuple[bool, Decimal]:
    """The dearest first, those without a cost last."""
    spent = decimal(row.get("creativeUnitsCost"))
    return spent is None, -(spent or Decimal(0))
