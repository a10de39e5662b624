"""The streams that share one answer a day: by user, model, kind of asset, type of usage, and moderation."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from source_unified_usage.core.lookup import texts_of
from source_unified_usage.core.progress import logger
from source_unified_usage.core.usage import Row, Usage, decimal, measured, number
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.scenario.api import ASSETS, CONSUMPTION, MODELS, NSFW, QUALITY_GATE, TYPES, Section
from source_unified_usage.vendors.scenario.daily import DailyStream, Line, Place, SeriesStream
from source_unified_usage.vendors.scenario.days import Day
from source_unified_usage.vendors.scenario.mapping import COMPUTE_UNIT, cost, count, person, summed, total, value_of

# They restate the other types, as all cost and all discounts (scenario-labs/skills, scenario-admin-analytics)
_SYNTHESIS = {"creative-unit-cost", "creative-unit-discount"}


class Consumption(DailyStream):
    name = "scenario_consumption"
    about = (
        "The compute units that one user or API key was charged on one day, after discounts; refunds are negative. The "
        "sum of net is what the team consumed."
    )
    role = "bill"
    sections = (CONSUMPTION,)

    def lines(self, day: Day, place: Place) -> Iterator[Line]:
        described, keys = day.entities("users"), self.shared.lookups.key_names()
        for row in day.rows(CONSUMPTION):
            id = row["userId"]
            is_api = described.get(id, {}).get("isApiKey")
            yield Line(row, place, user=person(id, described, keys), surface="api" if is_api else None)

    def compare(self, found: Sequence[Day], window: Window) -> None:
        scope = self.shared.scope
        if not scope.split or scope.projects:
            return
        whole = self.shared.days.ask(self.api, self.sections, window)
        if outside := _consumed(whole) - sum(map(_consumed, found)):
            logger.warning(
                f"{self.name}: {window.first_day}: {number(outside)} CU belong to projects that are not listed "
                "(deleted ones) and are in no record, because split_by_project is set."
            )

    def usages(self, item: Line) -> Iterator[Usage]:
        row = item.row
        value = summed([row], "value")
        yield self.record(
            item,
            row,
            row["userId"],
            metric_name="compute_units",
            charges=self.shared.tariff.charges(value, decimal(row.get("discount")) or Decimal(0)),
            usage={"quantity": number(value), "unit": COMPUTE_UNIT},
        )


def _consumed(day: Day) -> Decimal:
    return total(row.get("value") for row in day.rows(CONSUMPTION))


class ModelUsage(SeriesStream):
    name = "scenario_model_usage"
    about = (
        "The jobs of one model on one day and their compute units, after discounts. Refunds and what no model does are "
        "not in it, so its sum need not be that of scenario_consumption."
    )
    role = "restates"
    restates = (Consumption.name,)
    sections: ClassVar[tuple[Section, ...]] = (MODELS,)

    def lines(self, day: Day, place: Place) -> Iterator[Line]:
        described = day.entities("models")
        for row in day.rows(MODELS):
            yield Line(row, place, model_name=texts_of(described.get(row["modelId"], {}), "name").get("name"))

    def series_record(self, line: Line, series: Row) -> Usage:
        """The user, where the stream is cut by user too, is a part of the key."""
        points, model = series["points"], series["modelId"]
        value = summed(points, "cost")
        return self.record(
            line,
            series,
            *([line.user["id"]] if line.user else ()),
            model,
            model=model,
            metric_name="model_compute_units",
            charges=self.shared.tariff.charges(value, summed(points, "discount")),
            usage={
                "quantity": number(value),
                "unit": COMPUTE_UNIT,
                "requests": {"total": number(summed(points, "jobs"))},
            },
        )


class Counts(SeriesStream):
    """Assets counted. `prefixes`: what the metric's name begins with, by the key of the section."""

    role = "activity"
    prefixes: ClassVar[Mapping[str, str]]

    def series_record(self, line: Line, series: Row) -> Usage:
        prefix, label = next((prefix, series[name]) for name, prefix in self.prefixes.items() if name in series)
        return self.record(
            line,
            series,
            *((prefix,) if len(self.sections) > 1 else ()),
            label,
            metric_name=f"{prefix}.{label}",
            usage={"quantity": number(summed(series["points"], "count")), "unit": "asset"},
        )


class AssetUsage(Counts):
    name = "scenario_asset_usage"
    about = "How many assets of one kind (image, video, 3d, ...) were made on one day. Assets are not billed."
    sections = (ASSETS,)
    prefixes = {ASSETS.key: "assets"}


class ModerationUsage(Counts):
    name = "scenario_moderation_usage"
    about = (
        "How many assets got one NSFW label or one verdict of the quality gate on one day. The quality gate counts "
        "distinct assets of each time bucket: its daily sum is an upper bound."
    )
    sections = (NSFW, QUALITY_GATE)
    prefixes = {NSFW.key: "nsfw", QUALITY_GATE.key: "quality_gate"}


class UsageByType(SeriesStream):
    name = "scenario_usage_by_type"
    about = (
        "How often one type of action was done on one day, and its compute units where it has some. Types overlap: "
        "their sum is no total."
    )
    role = "restates"
    restates = (Consumption.name,)
    sections = (TYPES,)

    def lines(self, day: Day, place: Place) -> Iterator[Line]:
        for line in super().lines(day, place):
            if line.row["usageName"] not in _SYNTHESIS:
                self._warn_of_no_number(line.row, place.window)
                yield line

    def series_record(self, line: Line, series: Row) -> Usage:
        points = series["points"]
        spent = cost(points)
        return self.record(
            line,
            series,
            series["usageName"],
            metric_name=series["usageName"],
            charges=self.shared.tariff.charges(*spent) if spent else None,
            usage=measured(count(points), "action"),
        )

    def _warn_of_no_number(self, series: Row, window: Window) -> None:
        wrong = [point.get("value") for point in series.get("points") or () if value_of(point) is None]
        if wrong:
            where = f"{window.first_day}, {series['usageName']}"
            said = f"Scenario sent {wrong[0]!r} as a value, which is no number; the quantity of such a row is left out"
            self.warn_once("value", f"{where}: {said}.")
