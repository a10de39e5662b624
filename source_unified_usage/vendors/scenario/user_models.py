"""Models by user: the day's answer once more for each of its users."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from source_unified_usage.core.errors import UNMAPPABLE, Unmappable
from source_unified_usage.core.progress import logger
from source_unified_usage.core.usage import Row, Usage, number
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.scenario.api import CONSUMPTION, MODELS
from source_unified_usage.vendors.scenario.days import Day
from source_unified_usage.vendors.scenario.figures import of_window, summed
from source_unified_usage.vendors.scenario.streams import DailyStream, Line, person

Sums = Mapping[str, list[Decimal]]


class UserModelUsage(DailyStream):
    """What each user's generations cost, by model."""

    name = "scenario_user_model_usage"
    about = (
        "The jobs of one user with one model on one day and their compute units, after discounts. It cuts "
        "scenario_model_usage by user; users who consumed nothing that day are not in it."
    )
    sections = (CONSUMPTION, MODELS)

    def lines(self, day: Day, window: Window) -> Iterator[Line]:
        described, keys = day.entities("users"), self.shared.inventory.key_names()
        found: list[Row] = []
        for user in (str(row["userId"]) for row in day.rows(CONSUMPTION)):
            one = self.shared.days.ask(self.api, (MODELS,), window, day.project, userIds=user)
            names = one.entities("models")
            for row in one.rows(MODELS):
                found.append(row)
                name = names.get(row["modelId"], {}).get("name")
                yield Line(row, day.project, person(user, described, keys), name)
        self._compare(day, found, window)

    def usages(self, line: Line, window: Window) -> Iterator[Usage]:
        yield from self.model_record(line, window, line.user["id"])

    def _compare(self, day: Day, by_user: Iterable[Row], window: Window) -> None:
        """Warn of what no user accounts for: people with free jobs alone are no consumers, so nobody asks for them."""
        expected, found = _sums(day.rows(MODELS), window), _sums(by_user, window)
        differences = [
            f"{model} {number(expected[model][0] - found[model][0])} CU and "
            f"{number(expected[model][1] - found[model][1])} jobs"
            for model in {**expected, **found}
            if expected[model] != found[model]
        ]
        if differences:
            where = f"{window.first_day}, project {day.project}" if day.project else window.first_day
            logger.warning(
                f"{self.name}: {where}: the users of the day's consumption do not account for all of "
                f"{len(differences)} models: {', '.join(differences[:5])}."
            )


def _sums(series: Iterable[Row], window: Window) -> Sums:
    """Compute units and jobs by model."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in series:
        try:
            points, total = of_window(row, window)["points"], sums[row["modelId"]]
            total[0] += summed(points, "cost")
            total[1] += summed(points, "jobs")
        except UNMAPPABLE as error:
            raise Unmappable(row, error) from error
    return sums
