"""The lists of the simulated Confluent Cloud, from which names come."""

import pytest

from sandbox import Sandbox
from unit_tests.sandbox.confluent.asking import BILLING, ENVIRONMENTS, KAFKA, Call, walk

ORGANIZATIONS = "org/v2/organizations"
CLUSTERS = "cmk/v2/clusters"


def test_environments(sandbox: Sandbox, get: Call) -> None:
    found = walk(get, ENVIRONMENTS, page_size=99)
    assert [item["display_name"] for item in found] == ["production", "staging", "analytics"]
    assert walk(get, ENVIRONMENTS, page_size=1) == found
    sandbox.confluent.lookup_page_cap = 2
    assert walk(get, ENVIRONMENTS, page_size=99) == found
    assert get(ENVIRONMENTS, BILLING).json()["data"] == []


@pytest.mark.parametrize("path", [ENVIRONMENTS, ORGANIZATIONS])
def test_look_ups_refuse(sandbox: Sandbox, get: Call, path: str) -> None:
    assert get(path, page_size=100).status_code == 200
    assert get(path, page_size=101).status_code == 400
    assert get(path, page_token="made-up").status_code == 400
    assert get(path, None).status_code == 401
    assert get(path, KAFKA).status_code == 401
    sandbox.confluent.denied.add(path.rpartition("/")[2])
    assert get(path).status_code == 403


def test_organization(get: Call) -> None:
    (item,) = get(ORGANIZATIONS, BILLING, page_size=99).json()["data"]
    assert (item["kind"], item["display_name"]) == ("Organization", "Acme Streaming")


def test_clusters_by_environment(sandbox: Sandbox, get: Call) -> None:
    counts = [
        len(walk(get, CLUSTERS, environment=environment.id, page_size=99))
        for environment in sandbox.confluent.estate.environments
    ]
    assert counts == [6, 2, 0]
    empty = sandbox.confluent.estate.analytics.id
    assert get(CLUSTERS, environment=empty).json()["data"] is None
    sandbox.confluent.null_clusters = False
    assert get(CLUSTERS, environment=empty).json()["data"] == []
    assert get(CLUSTERS).status_code == 400
    assert get(CLUSTERS, environment="env-unknown").status_code == 404
    assert get(CLUSTERS, BILLING, environment=empty).status_code == 403
