"""`POST /v2/metrics/cloud/query`, of which the daily points of Kafka clusters by principal are played."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from typing import Any

from sandbox.kit import Json, cut
from sandbox.times import DAY, days_between
from sandbox.vendors.confluent.costs import place_within, token_of
from sandbox.vendors.confluent.estate import Cluster
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.refusals import invalid_query, unauthorized
from sandbox.vendors.confluent.traffic import METRICS, Traffic

PATH = "v2/metrics/cloud/query"
_PRINCIPAL = "metric.principal_id"
_CLUSTER = "resource.kafka.id"


@dataclass(frozen=True)
class Query:
    """A checked request."""

    metric: str
    clusters: tuple[str, ...]
    start: datetime
    end: datetime
    group_by: tuple[str, ...]
    limit: int


class Metrics:
    def __init__(self, traffic: Traffic, knobs: Knobs) -> None:
        self._traffic, self._knobs = traffic, knobs

    def page(self, body: Any, token: str | None, now: datetime) -> Json:
        """One page: the points of up to `limit` groups, newest first. Raises Refusal."""
        query = _checked(body)
        offset = self._offset(query, token, now)
        chosen, more = cut(self._groups(query, now), offset, query.limit)
        points = [point for group in chosen for point in group]
        points.sort(key=lambda point: str(point["timestamp"]), reverse=True)
        pagination: Json = {"page_size": query.limit}
        if more is not None:
            pagination["next_page_token"] = token_of(query, more, now)
        return {"data": points, "meta": {"pagination": pagination}}

    def _offset(self, query: Query, token: str | None, now: datetime) -> int:
        if token is None:
            return 0
        place = place_within(token, query, now, self._knobs.metrics_token_lifetime)
        if place is None:
            raise invalid_query("page_token is invalid or has expired")
        return place

    def _groups(self, query: Query, now: datetime) -> list[list[Json]]:
        """The points of every combination of labels."""
        several = len(query.clusters) > 1
        if several and self._knobs.combined == "refused":
            raise invalid_query("compound filters are not supported for this dataset")
        clusters = [self._traffic.cluster(id) for id in query.clusters]
        known = [cluster for cluster in clusters if cluster]
        if len(known) < len(clusters):
            raise unauthorized()
        if not {*query.group_by} <= {_CLUSTER, _PRINCIPAL} or (several and self._knobs.combined == "empty"):
            # a label that the metric does not have is no error, as clients report
            return []
        groups: dict[tuple[str | None, ...], list[Json]] = defaultdict(list)
        for cluster in known:
            for labels, point in self._points(query, cluster, now):
                group = tuple(labels.get(name) for name in query.group_by)
                hidden = {_CLUSTER} if several and self._knobs.combined == "unlabelled" else set()
                shown = {name: labels[name] for name in query.group_by if name in labels.keys() - hidden}
                groups[group].append({**shown, **point})
        return list(groups.values())

    def _points(self, query: Query, cluster: Cluster, now: datetime) -> Iterator[tuple[dict[str, str], Json]]:
        """The points of one cluster, each with its labels before it."""
        for day in _days(query, now.date() - self._knobs.metrics_history, now.date()):
            for point in self._traffic.points(query.metric, cluster, day, now):
                principal = {} if point.principal is None else {_PRINCIPAL: point.principal}
                value = {} if point.value is None else {"value": float(point.value)}
                yield {_CLUSTER: cluster.id, **principal}, {"timestamp": f"{day}T00:00:00Z", **value}


def _checked(body: Any) -> Query:
    if not isinstance(body, dict):
        raise invalid_query("the body must be a JSON object")
    start, end = _interval(body.get("intervals"))
    if body.get("granularity") != "P1D":
        raise invalid_query("granularity must be P1D for this dataset")
    group_by = body.get("group_by")
    if not isinstance(group_by, list) or not group_by or not all(isinstance(label, str) for label in group_by):
        raise invalid_query("group_by must be a list of labels")
    limit = body.get("limit", 100)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= 1000:
        raise invalid_query("limit must be between 1 and 1000")
    if body.get("format", "FLAT") != "FLAT":
        raise invalid_query("format must be FLAT")
    clusters = _clusters(body.get("filter"))
    return Query(_metric(body.get("aggregations")), clusters, start, end, tuple(group_by), limit)


def _metric(aggregations: Any) -> str:
    if not isinstance(aggregations, list) or len(aggregations) != 1:
        raise invalid_query("exactly one aggregation is required")
    (aggregation,) = aggregations
    metric = aggregation.get("metric") if isinstance(aggregation, dict) else None
    if metric is None:
        raise invalid_query("metric must not be null")
    if metric not in METRICS:
        raise invalid_query(f"metric {metric} does not exist")
    return str(metric)


def _clusters(condition: Any) -> tuple[str, ...]:
    """The cluster ids that a filter names, one or any of several."""
    if isinstance(condition, dict) and condition.get("op") == "OR":
        parts = condition.get("filters")
        if not isinstance(parts, list) or not parts:
            raise invalid_query("filters must be a list of filters")
        return tuple(map(_cluster, parts))
    return (_cluster(condition),)


def _cluster(condition: Any) -> str:
    """The cluster id that a simple filter names; one on a resource is required."""
    if not isinstance(condition, dict) or condition.get("field") != _CLUSTER:
        raise invalid_query("a filter on a resource is required")
    if condition.get("op") != "EQ" or not isinstance(condition.get("value"), str):
        raise invalid_query("op must be EQ for this dataset")
    return str(condition["value"])


def _interval(intervals: Any) -> tuple[datetime, datetime]:
    if not isinstance(intervals, list) or len(intervals) != 1 or not isinstance(intervals[0], str):
        raise invalid_query("exactly one interval is required")
    first, _, last = intervals[0].partition("/")
    try:
        start, end = (_moment(text) for text in (first, last))
    except (ValueError, OverflowError):
        raise invalid_query("intervals must be ISO-8601, start/end") from None
    if end <= start:
        raise invalid_query("the interval must end after its start")
    return start, end


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.removesuffix("Z") + "+00:00" * text.endswith("Z"))
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)


def _days(query: Query, oldest: date, today: date) -> list[date]:
    """The days whose midnight is within [start, end), as far as there can be points."""
    first = query.start.date() + (query.start.time() != time()) * DAY
    last = query.end.date() + (query.end.time() != time()) * DAY
    return days_between(max(first, oldest), min(last, today + DAY))
