"""The simulated Datadog alone, asked over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.datadog import DatadogSandbox
from sandbox.vendors.datadog.credentials import API_KEY, APPLICATION_KEY
from unit_tests.sandbox.datadog.asking import NOW, QUESTIONS, Call
from unit_tests.sandbox.serving import fixtures

PARENT = (API_KEY, APPLICATION_KEY)


served, sandbox = fixtures(DatadogSandbox, NOW)


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Call]:
    with requests.Session() as session:

        def send(path: str, query: dict[str, str] | None = None, keys: Any = PARENT) -> requests.Response:
            names = ("DD-API-KEY", "DD-APPLICATION-KEY")
            headers = {name: key for name, key in zip(names, keys, strict=True) if key}
            url = f"{sandbox.url('datadog')}/{path}"
            return session.get(url, params=QUESTIONS.get(path) if query is None else query, headers=headers, timeout=10)

        yield send
