"""The bytes that every principal moved on every cluster, day by day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from sandbox.times import midnight
from sandbox.vendors.confluent.estate import Cluster, Estate
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.world import World

METRICS = ("io.confluent.kafka.server/request_bytes", "io.confluent.kafka.server/response_bytes")
_TENTH = Decimal("0.1")
_STRAGGLERS = Decimal("0.98")
# about five minutes, by the page on the Metrics API
_DELAY = timedelta(minutes=5)


@dataclass(frozen=True)
class Point:
    """One principal's bytes of a day; `late`: it is reported half a day after the day has ended."""

    principal: str | None
    value: Decimal | None
    late: bool = False


class Traffic:
    def __init__(self, world: World, estate: Estate, knobs: Knobs) -> None:
        self._world, self._estate, self._knobs = world, estate, knobs
        self._of_day: Callable[[str, Cluster, date], list[Point]] = cache(self._made)

    def cluster(self, id: str) -> Cluster | None:
        """The cluster of this id that still exists."""
        return next((cluster for cluster in self._estate.clusters if cluster.id == id), None)

    def points(self, metric: str, cluster: Cluster, day: date, now: datetime) -> list[Point]:
        """What is known of this day at `now`; nothing of days beyond the history."""
        oldest = now.date() - self._knobs.metrics_history
        if not self._world.has_data(day) or day < oldest or metric not in METRICS:
            return []
        begin = midnight(day)
        age = now - _DELAY - begin
        if age < timedelta(hours=1):
            return []
        share = Decimal(min(24, age // timedelta(hours=1))) / 24 * _STRAGGLERS
        if age >= timedelta(days=2):
            share = Decimal(1)
        return [
            Point(point.principal, _scaled(point.value, share))
            for point in self._of_day(metric, cluster, day)
            if not point.late or age >= timedelta(hours=36)
        ]

    def _made(self, metric: str, cluster: Cluster, day: date) -> list[Point]:
        draw = self._world.random("confluent", "metrics", day, metric, cluster.id)
        return list(self._drawn(cluster, day, draw))

    def _drawn(self, cluster: Cluster, day: date, draw: Random) -> Iterator[Point]:
        busy = cluster.share * self._world.rhythm(day)
        principals = self._estate.principals[cluster.id]
        for number, (principal, gone) in enumerate(principals):
            size = busy * draw.uniform(1e6, 4e8)
            value = Decimal(round(size * 10)) / 10
            if gone is None or day < gone:
                yield Point(principal, value, late=number == len(principals) - 1)
        # bytes of nobody, and a principal of which only the name is known
        yield Point(None, Decimal(round(busy * draw.uniform(1e3, 1e6))))
        if draw.random() < 0.3:
            yield Point("sa-silent", None)


def _scaled(value: Decimal | None, share: Decimal) -> Decimal | None:
    if value is None or share == 1:
        return value
    return (value * share).quantize(_TENTH)
