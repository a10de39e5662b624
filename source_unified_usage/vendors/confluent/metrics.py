"""Metrics: bytes by principal and cluster, the only view that knows users."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pendulum import DateTime

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError, KeyRefused
from source_unified_usage.core.progress import logger
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.times import day_period, midnight
from source_unified_usage.core.usage import (
    Row,
    Usage,
    canonical_json,
    compact,
    nested,
    quantity,
    text,
    usage,
    with_ordinals,
)
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.confluent.api import ConfluentApi, MetricsApi
from source_unified_usage.vendors.confluent.lookups import Lookups, clusters, name_of, organization

PATH = "/v2/metrics/cloud/query"
_METRICS = ("io.confluent.kafka.server/request_bytes", "io.confluent.kafka.server/response_bytes")
_PRINCIPAL = "metric.principal_id"
_CLUSTER = "resource.kafka.id"
_GROUPS = 1000  # the maximum (Confluent Cloud Metrics API)
_KEPT = 7  # days; as clients report


class Point(NamedTuple):
    """A row with its metric, its cluster and organization as a record carries them, and its ordinal among its twins."""

    row: Row
    metric: str
    cluster: Mapping[str, Any]
    organization: Mapping[str, str]
    ordinal: int = 0


class MetricsUsage(UsageStream[MetricsApi]):
    """Traffic by principal."""

    name = "confluent_metrics_usage"
    about = "The bytes that one principal sent to (request_bytes) or got from (response_bytes) one cluster on one day."
    role = "activity"
    step = days(30)
    lookback = days(2)  # data comes after about five minutes (Confluent Cloud Metrics API), and a margin

    def __init__(self, api: MetricsApi, cloud: ConfluentApi, lookups: Lookups) -> None:
        super().__init__(api)
        self._cloud, self._lookups = cloud, lookups
        self._one_by_one = False

    def earliest_available(self, today: DateTime) -> DateTime:
        return today.subtract(days=_KEPT)

    def path(self) -> str:
        return PATH

    def rows(self, window: Window) -> Iterator[Point]:
        """The points of every cluster and metric, with ordinals among those that name the same principal or none."""
        points = with_ordinals(self._points(window), self._key, lambda point: canonical_json(point.row))
        return (point._replace(ordinal=ordinal) for point, ordinal in points)

    def _points(self, window: Window) -> Iterator[Point]:
        owner, found = self._clusters()
        if not found:
            self.not_available(
                window,
                "the key sees no Kafka cluster, nothing is read; where there are some, give the owner of "
                f"confluent.api_key the role {self.api.role}",
            )
        clusters_by_id = {cluster["id"]: cluster for cluster in found}
        for metric in _METRICS:
            for id, row in self._answered(metric, list(clusters_by_id), window):
                if quantity(row.get("value")) is not None:
                    yield Point(row, metric, clusters_by_id[id], owner)

    def _clusters(self) -> tuple[Mapping[str, str], list[Mapping[str, Any]]]:
        """The organization and its clusters, as a record carries them."""
        api = self._cloud.for_stream(self.name, stats=self.api.stats, on_limited=self.api.on_limited)
        api.role = self.api.role
        owner = organization(self._lookups.organizations.required(api))
        self.api.account = owner.get("id")
        environments = self._lookups.environments.required(api)
        return owner, [
            compact(
                id=text(id),
                name=text(nested(cluster, "spec").get("display_name")),
                workspace=compact(id=environment, name=name_of(environments, environment)),
            )
            for environment in environments
            for id, cluster in clusters(api, environment).items()
        ]

    def _answered(self, metric: str, clusters: Sequence[str], window: Window) -> Iterator[tuple[str, Row]]:
        """The rows of a metric, each with its cluster: those of all clusters at once, or else cluster by cluster."""
        together = self._together(metric, clusters, window) if len(clusters) > 1 else None
        if together is not None:
            yield from ((row[_CLUSTER], row) for row in together)
            return
        for cluster in clusters:
            yield from ((cluster, row) for row in self._asked(metric, _is(cluster), [_PRINCIPAL], window))

    def _together(self, metric: str, clusters: Sequence[str], window: Window) -> list[Row] | None:
        """The rows of all clusters by one query; None where it is not answered as it was asked.

        Confluent documents a filter of several parts and a group of several labels, but neither for these metrics, and
        answers a label that it does not know with nothing (as clients report): nothing at all is not believed.
        """
        if self._one_by_one:
            return None
        any_of = {"op": "OR", "filters": list(map(_is, clusters))}
        try:
            rows = self._asked(metric, any_of, [_CLUSTER, _PRINCIPAL], window)
        except KeyRefused:
            raise
        except ConfigError as refused:
            why = str(refused)
        else:
            if rows and all(row.get(_CLUSTER) in clusters for row in rows):
                return rows
            why = "rows without their cluster." if rows else "no rows."
        self._one_by_one = True
        logger.info(f"{self.name}: the figures are asked for cluster by cluster, as all at once failed: {why}")
        return None

    def _asked(self, metric: str, where: Mapping[str, Any], labels: Sequence[str], window: Window) -> list[Row]:
        query = {
            "aggregations": [{"metric": metric}],
            "filter": where,
            "granularity": "P1D",
            "group_by": labels,
            "intervals": [f"{midnight(window.first_day)}/{midnight(window.end_day)}"],
            "limit": _GROUPS,
            "format": "FLAT",
        }
        return self.api.collect(lambda token: self.api.post(PATH, query, token), _next_token, _name_of_point)

    def _key(self, point: Point) -> str:
        return self.id(_day(point.row), point.metric, point.cluster["id"], _principal(point.row))

    def usages(self, item: Point) -> Iterator[Usage]:
        row = item.row
        day, principal = _day(row), _principal(row)
        # a principal has one point a day, so that a second one is the same row; without a principal each is its own
        apart = f"/{item.ordinal}" if item.ordinal and not principal else ""
        yield usage(
            id=self._key(item) + apart,
            product={"id": "KAFKA", "name": "Kafka"},
            metric_name=item.metric,
            resources=[item.cluster],
            organization=item.organization,
            user=compact(id=principal, name=_name(row)) if principal else {},
            usage=compact(quantity=quantity(row["value"]), unit="byte"),
            **day_period(day),
            remote_data=row,
        )


def _is(cluster: str) -> Mapping[str, str]:
    return {"field": _CLUSTER, "op": "EQ", "value": cluster}


def _day(row: Row) -> str:
    return f"{row['timestamp']}".strip()[:10]


def _name_of_point(row: Row) -> str:
    return canonical_json([_day(row), row.get(_CLUSTER), _principal(row)])


def _principal(row: Row) -> str | None:
    """Under the label that rows are grouped by, or without its prefix."""
    return text(row.get(_PRINCIPAL)) or text(row.get("principal_id"))


def _name(row: Row) -> str | None:
    """The principal's, which rows may lack; an example has the prefix of the id (Confluent Cloud Metrics API)."""
    return text(row.get("metric.principal_name")) or text(row.get("principal_name"))


def _next_token(answer: Answer) -> str | None:
    return text(nested(answer.object("meta"), "pagination").get("next_page_token"))
