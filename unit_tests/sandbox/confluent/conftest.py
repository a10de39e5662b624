"""The simulated Confluent Cloud alone, asked over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.confluent import ConfluentSandbox
from unit_tests.sandbox.confluent.asking import ADMIN, BILLING_METRICS, METRICS, NOW, Call
from unit_tests.sandbox.serving import fixtures

served, sandbox = fixtures(ConfluentSandbox, NOW)


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Call]:
    with requests.Session() as session:

        def send(path: str, auth: tuple[str, str] | None = ADMIN, **query: Any) -> requests.Response:
            url = f"{sandbox.url('confluent')}/{path}"
            return session.get(url, params=query, auth=auth, timeout=10)

        yield send


@pytest.fixture
def post(sandbox: Sandbox) -> Call:
    def send(body: Any, auth: tuple[str, str] = BILLING_METRICS, **query: Any) -> requests.Response:
        url = f"{sandbox.url('confluent')}/{METRICS}"
        return requests.post(url, params=query, json=body, auth=auth, timeout=10)

    return send


@pytest.fixture
def cluster(sandbox: Sandbox) -> str:
    id: str = sandbox.confluent.estate.clusters[0].id
    return id
