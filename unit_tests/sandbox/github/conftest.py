"""The simulated GitHub alone, asked over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.github import GitHubSandbox
from sandbox.vendors.github.credentials import ENTERPRISE_TOKEN, ORGANIZATION_TOKEN
from unit_tests.sandbox.github.asking import DAYS, NOW, OF_ENTERPRISE, VERSION, Call
from unit_tests.sandbox.serving import fixtures

served, sandbox = fixtures(GitHubSandbox, NOW, days=DAYS)


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Call]:
    with requests.Session() as session:

        def send(path: str, token: str | None = ORGANIZATION_TOKEN, version: str = VERSION, **query: Any) -> Any:
            headers = {"X-GitHub-Api-Version": version}
            if token is not None:
                headers["Authorization"] = f"Bearer {token}"
            return session.get(f"{sandbox.url('github')}/{path}", params=query, headers=headers, timeout=10)

        yield send


@pytest.fixture
def post(sandbox: Sandbox) -> Call:
    def send(body: Any) -> requests.Response:
        headers = {"X-GitHub-Api-Version": VERSION, "Authorization": f"Bearer {ENTERPRISE_TOKEN}"}
        url = f"{sandbox.url('github')}/{OF_ENTERPRISE}/reports"
        return requests.post(url, json=body, headers=headers, timeout=10)

    return send
