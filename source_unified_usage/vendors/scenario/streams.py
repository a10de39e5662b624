"""The streams that share one answer a day: by user, model, kind of asset, type of usage, and moderation."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import Range, UsageStream
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, compact, decimal, number, usage
from source_unified_usage.core.window import Covered, Window, days
from source_unified_usage.vendors.scenario.api import (
    ASSETS,
    CONSUMPTION,
    MODELS,
    NSFW,
    QUALITY_GATE,
    TYPES,
    ScenarioApi,
    Section,
)
from source_unified_usage.vendors.scenario.days import Day, Days
from source_unified_usage.vendors.scenario.figures import (
    COMPUTE_UNIT,
    Tariff,
    cost,
    count,
    is_zero,
    of_window,
    summed,
    value_of,
)
from source_unified_usage.vendors.scenario.inventory import Inventory, Scope

PRODUCT = {"id": "scenario", "name": "Scenario"}
# They restate the other types: all cost, all discounts
_SYNTHESIS = {"creative-unit-cost", "creative-unit-discount"}


@dataclass(frozen=True)
class Shared:
    """What all streams of one configuration have in common."""

    scope: Scope
    tariff: Tariff
    inventory: Inventory
    days: Days


class Line(NamedTuple):
    """A vendor's row with what its answer says about the ids in it."""

    row: Row
    project: str | None = None
    user: Mapping[str, Any] = {}
    model_name: str | None = None
    is_api: bool = False


class DailyStream(UsageStream[ScenarioApi]):
    """Rows of one day; subclasses say of which sections, and what a row means."""

    step = days(1)  # whatever granularity the vendor chooses, every point belongs to the day that was asked for
    lookback = days(3)
    sections: ClassVar[tuple[Section, ...]]

    def __init__(self, api: ScenarioApi, shared: Shared) -> None:
        super().__init__(api)
        self.shared = shared
        # by project and as a whole are two cuts, with ids of their own
        self.scope = {**shared.scope.options, "scenario.split_by_project": "by project" if shared.scope.split else None}
        self.organization: Mapping[str, Any] = {}
        self.project_names: Mapping[str, str] = {}

    def plan(self, wanted: Range, covered: Covered) -> Covered:
        covered = super().plan(wanted, covered)
        self.shared.days.expect(self.name, self.sections, [window.first_day for window in self.windows])
        return covered

    def questions(self) -> Iterable[Hashable]:
        scope = self.shared.scope
        parts = scope.projects if scope.split and scope.projects else (None,)
        return [(part, window) for window in self.windows for part in parts]

    def rows(self, window: Window) -> Iterator[Line]:
        found = self.shared.days.take(self.api, self.sections, window)
        self.organization = self.shared.inventory.organization()
        self.api.account = self.organization.get("id")
        if self.shared.scope.split:
            self.project_names = self.shared.inventory.project_names()
        for day in found:
            yield from self.lines(day, window)
        self.compare(found, window)

    def lines(self, day: Day, window: Window) -> Iterator[Line]:
        for section in self.sections:
            for row in day.rows(section):
                yield Line(row, day.project)

    def compare(self, found: Sequence[Day], window: Window) -> None:
        """Warn where these answers are not all that there is."""

    def record(self, line: Line, window: Window, row: Row, *key: Any, model: str | None = None, **fields: Any) -> Usage:
        """The record of a row; `key` is what tells it apart within its team, project and day."""
        workspace = compact(id=line.project, name=self.project_names.get(line.project or ""))
        resources = [{**workspace, "workspace": workspace}] if workspace else []
        if model:
            resources.append(compact(id=model, name=line.model_name, workspace=workspace))
            fields["model"] = {"id": model, "provider": "scenario"}
        return usage(
            id=self.id(self.shared.scope.team, line.project, window.first_day, *key),
            product=PRODUCT,
            resources=resources,
            organization=self.organization,
            user=line.user,
            **day_period(window.first_day),
            remote_data=row,
            **fields,
        )

    def model_record(self, line: Line, window: Window, *key: Any) -> Iterator[Usage]:
        """What one model's generation came to."""
        series = of_window(line.row, window)
        if is_zero(series):
            return
        points = series["points"]
        value, discount = summed(points, "cost"), summed(points, "discount")
        yield self.record(
            line,
            window,
            series,
            *key,
            series["modelId"],
            model=series["modelId"],
            metric_name="model_compute_units",
            charges=self.shared.tariff.charges(value, discount),
            usage={
                "quantity": number(value),
                "unit": COMPUTE_UNIT,
                "requests": {"total": number(summed(points, "jobs"))},
            },
        )


def person(id: str | None, described: Mapping[str, Row], key_names: Mapping[str, str]) -> dict[str, Any]:
    """The record's user; people who have left and API keys have no e-mail."""
    entity = described.get(id or "", {})
    return compact(id=id, email=entity.get("email"), name=entity.get("fullName") or key_names.get(id or ""))


class Consumption(DailyStream):
    """The bill, day by day."""

    name = "scenario_consumption"
    about = (
        "The compute units that one user or API key was charged on one day, after discounts; refunds are negative. The "
        "sum of net is what the team consumed."
    )
    sections = (CONSUMPTION,)

    def lines(self, day: Day, window: Window) -> Iterator[Line]:
        described, keys = day.entities("users"), self.shared.inventory.key_names()
        for row in day.rows(CONSUMPTION):
            id = row["userId"]
            is_api = bool(described.get(id, {}).get("isApiKey"))
            yield Line(row, day.project, user=person(id, described, keys), is_api=is_api)

    def compare(self, found: Sequence[Day], window: Window) -> None:
        scope = self.shared.scope
        if not scope.split or scope.projects:
            return
        whole = self.shared.days.ask(self.api, self.sections, window)
        if outside := whole.value() - sum(day.value() for day in found):
            logger.warning(
                f"{self.name}: {window.first_day}: {number(outside)} CU belong to projects that are not listed "
                "(deleted ones) and are in no record, because split_by_project is set."
            )

    def usages(self, line: Line, window: Window) -> Iterator[Usage]:
        row = line.row
        value = summed([row], "value")
        yield self.record(
            line,
            window,
            row,
            row["userId"],
            metric_name="compute_units",
            charges=self.shared.tariff.charges(value, decimal(row.get("discount")) or Decimal(0)),
            usage={"quantity": number(value), "unit": COMPUTE_UNIT},
            surface="api" if line.is_api else None,
        )


class ModelUsage(DailyStream):
    """What the models' generations cost."""

    name = "scenario_model_usage"
    about = (
        "The jobs of one model on one day and their compute units, after discounts. Refunds and what no model does are "
        "not in it, so its sum need not be that of scenario_consumption."
    )
    sections = (MODELS,)

    def lines(self, day: Day, window: Window) -> Iterator[Line]:
        described = day.entities("models")
        for row in day.rows(MODELS):
            yield Line(row, day.project, model_name=described.get(row["modelId"], {}).get("name"))

    def usages(self, line: Line, window: Window) -> Iterator[Usage]:
        yield from self.model_record(line, window)


class Counts(DailyStream):
    """Assets counted; `prefixes` leads the metric's name, by the key of the section."""

    prefixes: ClassVar[Mapping[str, str]]

    def usages(self, line: Line, window: Window) -> Iterator[Usage]:
        series = of_window(line.row, window)
        if is_zero(series):
            return
        prefix, label = next((prefix, series[name]) for name, prefix in self.prefixes.items() if name in series)
        yield self.record(
            line,
            window,
            series,
            *((prefix,) if len(self.sections) > 1 else ()),
            label,
            metric_name=f"{prefix}.{label}",
            usage={"quantity": number(summed(series["points"], "count")), "unit": "asset"},
        )


class AssetUsage(Counts):
    """What was made."""

    name = "scenario_asset_usage"
    about = "How many assets of one kind (image, video, 3d, ...) were made on one day. Assets are not billed."
    sections = (ASSETS,)
    prefixes = {ASSETS.key: "assets"}


class ModerationUsage(Counts):
    """What moderation and the quality gate found."""

    name = "scenario_moderation_usage"
    about = (
        "How many assets got one NSFW label or one verdict of the quality gate on one day. The quality gate counts "
        "distinct assets of each time bucket: its daily sum is an upper bound."
    )
    sections = (NSFW, QUALITY_GATE)
    prefixes = {NSFW.key: "nsfw", QUALITY_GATE.key: "quality_gate"}


class UsageByType(DailyStream):
    """What was done."""

    name = "scenario_usage_by_type"
    about = (
        "How often one type of action was done on one day, and its compute units where it has some. Types overlap: "
        "their sum is no total."
    )
    sections = (TYPES,)
    _warned = False

    def lines(self, day: Day, window: Window) -> Iterator[Line]:
        for line in super().lines(day, window):
            if line.row["usageName"] not in _SYNTHESIS:
                self._warn_of_no_number(line.row, window)
                yield line

    def usages(self, line: Line, window: Window) -> Iterator[Usage]:
        series = of_window(line.row, window)
        if is_zero(series):
            return
        points = series["points"]
        done, spent = count(points), cost(points)
        yield self.record(
            line,
            window,
            series,
            series["usageName"],
            metric_name=series["usageName"],
            charges=self.shared.tariff.charges(*spent) if spent else None,
            usage={"quantity": done, "unit": "action"} if done is not None else None,
        )

    def _warn_of_no_number(self, series: Row, window: Window) -> None:
        wrong = [point.get("value") for point in series.get("points") or () if value_of(point) is None]
        if wrong and not self._warned:
            self._warned = True
            logger.warning(
                f"{self.name}: {window.first_day}, {series['usageName']}: Scenario sent {wrong[0]!r} as a value, "
                "which is no number; the quantity of such a row is left out."
            )
