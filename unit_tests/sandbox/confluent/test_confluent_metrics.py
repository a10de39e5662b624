"""The Metrics API of the simulated Confluent Cloud."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.limits import Limit
from sandbox.vendors.confluent.credentials import ADMIN_KEY, ADMIN_SECRET, ORGANIZATION_ADMIN, Key
from unit_tests.sandbox.confluent.asking import (
    ADMIN,
    BILLING,
    BILLING_METRICS,
    KAFKA,
    REQUEST_BYTES,
    VIEWER,
    Call,
    days_ago,
    error,
    query,
)


@pytest.mark.parametrize(
    ("auth", "status"), [(ADMIN, 200), (BILLING_METRICS, 200), (VIEWER, 200), (BILLING, 403), (KAFKA, 401)]
)
def test_metrics_need_the_viewer(post: Call, cluster: str, auth: tuple[str, str], status: int) -> None:
    assert post(query(cluster), auth).status_code == status


def test_an_organization_admin_is_no_viewer(sandbox: Sandbox, post: Call, cluster: str) -> None:
    sandbox.confluent.keys[ADMIN_KEY] = Key(ADMIN_SECRET, frozenset({ORGANIZATION_ADMIN}))
    assert post(query(cluster), ADMIN).status_code == 403


def test_points_are_daily_newest_first_and_seven_days_old_at_most(post: Call, cluster: str) -> None:
    points = post(query(cluster, first=30)).json()["data"]
    timestamps = [point["timestamp"] for point in points]
    assert timestamps == sorted(timestamps, reverse=True)
    assert (timestamps[-1], timestamps[0]) == (f"{days_ago(7)}T00:00:00Z", f"{days_ago(1)}T00:00:00Z")
    keys = [(point["timestamp"], point.get("metric.principal_id")) for point in points]
    assert len(set(keys)) == len(keys)
    assert None in {principal for _, principal in keys}


def test_some_points_have_no_value_and_principals_repeat(sandbox: Sandbox, post: Call) -> None:
    points = {cluster.id: post(query(cluster.id)).json()["data"] for cluster in sandbox.confluent.estate.clusters}
    assert any("value" not in point for found in points.values() for point in found)
    principals = [{p.get("metric.principal_id") for p in found} for found in points.values()]
    assert set.intersection(*principals) - {None}


def test_metrics_pages(sandbox: Sandbox, post: Call, cluster: str) -> None:
    whole = post(query(cluster)).json()["data"]
    points, token = [], None
    while True:
        page = post(query(cluster, limit=3), page_token=token).json()
        points += page["data"]
        token = page["meta"]["pagination"].get("next_page_token")
        if token is None:
            break
    assert sorted(points, key=str) == sorted(whole, key=str)
    token = post(query(cluster, limit=3)).json()["meta"]["pagination"]["next_page_token"]
    assert post(query(cluster, limit=4), page_token=token).status_code == 400
    sandbox.clock.advance(minutes=6)
    assert post(query(cluster, limit=3), page_token=token).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"aggregations": []},
        {"aggregations": [{"metric": REQUEST_BYTES}] * 2},
        {"aggregations": [{}]},
        {"aggregations": [{"metric": "io.confluent.kafka.server/nothing"}]},
        {"filter": None},
        {"filter": {"field": "metric.topic", "op": "EQ", "value": "orders"}},
        {"filter": {"field": "resource.kafka.id", "op": "GT", "value": "lkc-1"}},
        {"filter": {"op": "OR", "filters": []}},
        {"filter": {"op": "OR", "filters": [{"field": "metric.topic", "op": "EQ", "value": "orders"}]}},
        {"granularity": "PT1M"},
        {"intervals": []},
        {"intervals": ["yesterday/today"]},
        {"intervals": ["2026-09-02T00:00:00Z/2026-09-01T00:00:00Z"]},
        {"limit": 0},
        {"limit": 1001},
        {"group_by": "metric.principal_id"},
        {"group_by": []},
        {"format": "TABLE"},
    ],
)
def test_metrics_refuse(post: Call, cluster: str, change: dict[str, Any]) -> None:
    answer = post({**query(cluster), **change})
    assert (answer.status_code, set(error(answer))) == (400, {"status", "detail"})


def test_one_query_for_several_clusters_says_whose_each_point_is(sandbox: Sandbox, post: Call) -> None:
    ids = [cluster.id for cluster in sandbox.confluent.estate.clusters]
    asked = several(ids)
    apart = [
        {"resource.kafka.id": id, **{name: point[name] for name in point}}
        for id in ids
        for point in post(query(id)).json()["data"]
    ]
    points, token = [], None
    while True:
        page = post({**asked, "limit": 7}, page_token=token).json()
        points += page["data"]
        token = page["meta"]["pagination"].get("next_page_token")
        if token is None:
            break
    assert sorted(points, key=str) == sorted(apart, key=str)
    assert post(several([*ids, "lkc-elsewhere"])).status_code == 403


def several(ids: list[str]) -> dict[str, Any]:
    filters = [{"field": "resource.kafka.id", "op": "EQ", "value": id} for id in ids]
    labels = ["resource.kafka.id", "metric.principal_id"]
    return {**query(ids[0]), "filter": {"op": "OR", "filters": filters}, "group_by": labels}


def test_the_query_for_several_clusters_may_fail_in_three_ways(sandbox: Sandbox, post: Call) -> None:
    ids = [cluster.id for cluster in sandbox.confluent.estate.clusters]
    sandbox.confluent.combined = "refused"
    assert post(several(ids)).status_code == 400
    assert post(several(ids[:1])).json()["data"]
    sandbox.confluent.combined = "empty"
    assert post(several(ids)).json()["data"] == []
    sandbox.confluent.combined = "unlabelled"
    points = post(several(ids)).json()["data"]
    assert points
    assert not any("resource.kafka.id" in point for point in points)


def test_metrics_of_an_unknown_label_or_cluster(post: Call, cluster: str) -> None:
    assert post(query(cluster, group_by=["metric.principal"])).json()["data"] == []
    assert post(query("lkc-elsewhere")).status_code == 403
    assert post([1]).status_code == 400


def test_sixty_queries_a_minute(sandbox: Sandbox, post: Call, cluster: str) -> None:
    sandbox.confluent.metrics_limit = Limit(2, 60)
    answers = [post(query(cluster)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["rateLimit-reset"] == answers[2].headers["Retry-After"] == "60"
    assert answers[2].json() == {"errors": [{"status": "429", "detail": "Exceeded rate limit"}]}


def test_metrics_of_yesterday_grow(sandbox: Sandbox, post: Call, cluster: str) -> None:
    asked = query(cluster, first=1)
    before = post(asked).json()["data"]
    sandbox.clock.advance(days=1)
    after = {point.get("metric.principal_id"): point for point in post(asked).json()["data"]}
    for point in before:
        grown = after[point.get("metric.principal_id")]
        assert point.get("value", 0) < grown.get("value", 1)
    assert len(after) == len(before) + 1
