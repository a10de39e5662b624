"""Models by user: the day's answer once more for each of its users."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from source_unified_usage.core.errors import mapping
from source_unified_usage.core.progress import logger
from source_unified_usage.core.usage import Row, number
from source_unified_usage.core.window import Window
from source_unified_usage.vendors.scenario.api import CONSUMPTION, MODELS, ScenarioApi
from source_unified_usage.vendors.scenario.daily import Line, Place
from source_unified_usage.vendors.scenario.days import Day
from source_unified_usage.vendors.scenario.mapping import of_window, person, summed
from source_unified_usage.vendors.scenario.streams import ModelUsage


class UserModelUsage(ModelUsage):
    """What each user's generations cost, by model.

    It asks for the day itself: the streams that share its answer would all have to wait for the users'.
    """

    name = "scenario_user_model_usage"
    about = (
        "The jobs of one user with one model on one day and their compute units, after discounts. It cuts "
        "scenario_model_usage by user; users who consumed nothing that day are not in it."
    )
    sections = (CONSUMPTION, MODELS)
    shares = False
    windows_at_once = ScenarioApi.parallel

    def lines(self, day: Day, place: Place) -> Iterator[Line]:
        window, keys = place.window, self.shared.lookups.key_names()
        described = day.entities("users")
        found: list[Row] = []
        for id in (str(row["userId"]) for row in day.rows(CONSUMPTION)):
            user = person(id, described, keys)
            own = self.shared.days.ask(self.api, (MODELS,), window, day.project, userIds=id)
            for line in super().lines(own, place):
                found.append(line.row)
                yield line._replace(user=user)
        self._compare(day, found, window)

    def _compare(self, day: Day, by_user: Iterable[Row], window: Window) -> None:
        """Warn of what no user accounts for: users whose jobs were all free are not in consumption."""
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


def _sums(series: Iterable[Row], window: Window) -> Mapping[str, list[Decimal]]:
    """Compute units and jobs by model."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in series:
        with mapping(row):
            points, both = of_window(row, window)["points"], sums[row["modelId"]]
            both[0] += summed(points, "cost")
            both[1] += summed(points, "jobs")
    return sums
