"""`POST /v2/metrics/cloud/query`, of which the daily points of Kafka clusters are played."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from sandbox.vendors.confluent import tokens
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.refusals import invalid_query, unauthorized
from sandbox.vendors.confluent.traffic import METRICS, Traffic

Json = dict[str, Any]

PATH = "v2/metrics/cloud/query"
_PRINCIPAL = "metric.principal_id"
_CLUSTER = "resource.kafka.id"
# metrics that exist and of which the sandbox has no points
_SILENT = (
    *(f"io.confluent.kafka.server/{name}_bytes" for name in ("received", "sent", "retained")),
    "io.confluent.flink/compute_pool_utilization/current_cfus",
)
_LONGEST = {"PT1M": 6, "PT5M": 24, "PT15M": 4 * 24, "PT30M": 7 * 24}
_UNLIMITED = ("PT1H", "PT4H", "PT6H", "PT12H", "P1D", "ALL")


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
    """The pages of a query."""

    def __init__(self, traffic: Traffic, knobs: Knobs) -> None:
        self._traffic, self._knobs = traffic, knobs

    def page(self, body: Any, token: str | None, now: datetime) -> Json:
        """One page: the points of up to `limit` groups, newest first. Raises Refusal."""
        query = _checked(body)
        offset = self._offset(query, token, now)
        groups = self._groups(query, now)
        chosen = groups[offset : offset + query.limit]
        points = [point for group in chosen for point in group]
        points.sort(key=lambda point: str(point["timestamp"]), reverse=True)
        pagination: Json = {"page_size": query.limit}
        if offset + query.limit < len(groups):
            token = tokens.issue(query, offset + query.limit, now)
            pagination["next_page_token"] = token
        return {"data": points, "meta": {"pagination": pagination}}

    def _offset(self, query: Query, token: str | None, now: datetime) -> int:
        if token is None:
            return 0
        if not query.group_by:
            raise invalid_query("page_token is supported with group_by only")
        try:
            return tokens.place_of(token, query, now, self._knobs.metrics_token_lifetime)
        except tokens.BadToken:
            raise invalid_query("page_token is invalid or has expired") from None

    def _groups(self, query: Query, now: datetime) -> list[list[Json]]:
        """The points of every principal, or of all of them together."""
        if query.group_by not in ((), (_PRINCIPAL,)):
            # a label that the metric does not have is no error
            return []
        clusters = [self._traffic.cluster(id) for id in query.clusters]
        if None in clusters:
            raise unauthorized()
        groups: dict[str | None, list[Json]] = defaultdict(list)
        for day in _days(query, now.date() - self._knobs.metrics_history, now.date()):
            timestamp = f"{day.isoformat()}T00:00:00Z"
            sums: dict[str | None, list[Decimal | None]] = defaultdict(list)
            for cluster in clusters:
                assert cluster
                for point in self._traffic.points(query.metric, cluster, day, now):
                    sums[point.principal if query.group_by else None].append(point.value)
            for principal, values in sums.items():
                labels = {_PRINCIPAL: principal} if principal is not None else {}
                known = [value for value in values if value is not None]
                value = {"value": float(sum(known))} if known else {}
                groups[principal].append({"timestamp": timestamp, **labels, **value})
        return list(groups.values())


def _checked(body: Any) -> Query:
    if not isinstance(body, dict):
        raise invalid_query("the body must be a JSON object")
    start, end = _interval(body.get("intervals"))
    _check_granularity(body.get("granularity"), end - start)
    group_by = body.get("group_by") or []
    if not isinstance(group_by, list) or not all(isinstance(label, str) for label in group_by):
        raise invalid_query("group_by must be a list of labels")
    limit = body.get("limit", 100)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= 1000:
        raise invalid_query("limit must be between 1 and 1000")
    if body.get("format", "FLAT") != "FLAT":
        raise invalid_query("format must be FLAT")
    clusters = tuple(sorted(set(_clusters(body.get("filter")))))
    if not clusters:
        raise invalid_query("a filter on a resource is required")
    metric = _metric(body.get("aggregations"))
    return Query(metric, clusters, start, end, tuple(group_by), limit)


def _metric(aggregations: Any) -> str:
    if not isinstance(aggregations, list) or len(aggregations) != 1:
        raise invalid_query("exactly one aggregation is required")
    (aggregation,) = aggregations
    metric = aggregation.get("metric") if isinstance(aggregation, dict) else None
    if metric is None:
        raise invalid_query("metric must not be null")
    if metric not in (*METRICS, *_SILENT):
        raise invalid_query(f"metric {metric} does not exist")
    return str(metric)


def _clusters(condition: Any) -> Iterator[str]:
    """The cluster ids that a filter names, alone or inside of AND and OR."""
    if not isinstance(condition, dict):
        return
    if condition.get("op") in ("AND", "OR"):
        for part in condition.get("filters") or []:
            yield from _clusters(part)
    elif condition.get("op") != "EQ":
        raise invalid_query("op must be one of EQ, AND, OR")
    elif condition.get("field") == _CLUSTER and isinstance(condition.get("value"), str):
        yield condition["value"]


def _check_granularity(granularity: Any, length: timedelta) -> None:
    if granularity not in (*_LONGEST, *_UNLIMITED):
        raise invalid_query("granularity must be an ISO-8601 duration that the API offers")
    hours = _LONGEST.get(granularity)
    if hours is not None and length > timedelta(hours=hours):
        raise invalid_query(f"the interval is too long for granularity {granularity}")
    if granularity != "P1D":
        raise invalid_query("granularity must be P1D for this dataset")


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


def _days(query: Query, oldest: date, today: date) -> Iterator[date]:
    """The days whose midnight is within [start, end), as far as there can be points."""
    first = query.start.toordinal() + (query.start.time() != time())
    last = query.end.toordinal() + (query.end.time() != time())
    for ordinal in range(max(first, oldest.toordinal()), min(last, today.toordinal() + 1)):
        yield date.fromordinal(ordinal)
