"""What the streams that share one answer a day have in common: how they ask, and what a record says of its place."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, usage
from source_unified_usage.core.window import Covered, Window, days
from source_unified_usage.vendors.scenario.api import ScenarioApi, Section
from source_unified_usage.vendors.scenario.days import Day
from source_unified_usage.vendors.scenario.lookups import Lookups, Scope
from source_unified_usage.vendors.scenario.mapping import PRODUCT, Tariff, has_figures, of_window
from source_unified_usage.vendors.scenario.sharing import SharedDays


@dataclass(frozen=True)
class Shared:
    """What all streams of one configuration have in common."""

    scope: Scope
    tariff: Tariff
    lookups: Lookups
    days: SharedDays


class Place(NamedTuple):
    """What the lines of one answer have in common: their day, their team, and their project when it is split."""

    window: Window
    organization: Mapping[str, Any]
    workspace: Mapping[str, Any]


class Line(NamedTuple):
    """A vendor's row, where it belongs, and what its answer says about the ids in it."""

    row: Row
    place: Place
    user: Mapping[str, Any] = {}
    model_name: str | None = None
    surface: str | None = None


class DailyStream(UsageStream[ScenarioApi]):
    """Rows of one day: from which sections they come, what a row means, and whether the stream shares answers."""

    step = days(1)  # whatever granularity the vendor chooses, every point belongs to the day that was asked for
    lookback = days(3)  # our choice: whether Scenario corrects a closed day is not documented
    sections: ClassVar[tuple[Section, ...]]
    shares: ClassVar[bool] = True

    def __init__(self, api: ScenarioApi, shared: Shared) -> None:
        super().__init__(api)
        self.shared = shared
        # split by project or not: the ids differ
        self.scope = {**shared.scope.options, "scenario.split_by_project": "by project" if shared.scope.split else None}

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        covered = super().plan(wanted, covered)
        if self.shares:
            self.shared.days.expect(self.name, self.sections, {window.first_day for window in self.windows})
        return covered

    def questions(self) -> Iterable[Hashable]:
        if not self.shares:
            return super().questions()
        scope = self.shared.scope
        parts = scope.projects if scope.split and scope.projects else (None,)
        return [(part, window) for window in self.windows for part in parts]

    def rows(self, window: Window) -> Iterator[Line]:
        days = self.shared.days
        found = (days.take if self.shares else days.ask_all)(self.api, self.sections, window)
        lookups = self.shared.lookups
        organization = lookups.organization()
        self.api.account = organization.get("id")
        names = lookups.project_names() if self.shared.scope.split else {}
        for day in found:
            workspace = compact(id=day.project, name=names.get(day.project or ""))
            yield from self.lines(day, Place(window, organization, workspace))
        self.compare(found, window)

    def lines(self, day: Day, place: Place) -> Iterator[Line]:
        for section in self.sections:
            for row in day.rows(section):
                yield Line(row, place)

    def compare(self, found: Sequence[Day], window: Window) -> None:
        """Warn when these answers leave something out."""

    def record(self, line: Line, row: Row, *key: Any, model: str | None = None, **fields: Any) -> Usage:
        """The record of a row; `key` identifies it within its team, project and day."""
        window, organization, workspace = line.place
        resources = [{**workspace, "workspace": workspace}] if workspace else []
        if model:
            resources.append(compact(id=model, name=line.model_name, workspace=workspace))
            fields["model"] = {"id": model, "provider": "scenario"}
        return usage(
            id=self.id(self.shared.scope.team, workspace.get("id"), window.first_day, *key),
            product=PRODUCT,
            resources=resources,
            organization=organization,
            user=line.user,
            **day_period(window.first_day),
            remote_data=row,
            **fields,
            surface=line.surface,
        )


class SeriesStream(DailyStream):
    """Rows that are series of points; one whose every figure is zero makes no record."""

    def usages(self, item: Line) -> Iterator[Usage]:
        series = of_window(item.row, item.place.window)
        if any(map(has_figures, series["points"])):
            yield self.series_record(item, series)

    def series_record(self, line: Line, series: Row) -> Usage:
        raise NotImplementedError
