"""The simulated OpenAI alone, asked over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.ledger import Ledger
from sandbox.vendors.openai import OpenAISandbox
from sandbox.vendors.openai.credentials import ADMIN_KEY
from unit_tests.sandbox.openai.asking import NOW, PEOPLE, TODAY, Get, days_ago
from unit_tests.sandbox.serving import fixtures, rewound

served, sandbox = fixtures(OpenAISandbox, NOW, people=PEOPLE)


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Get]:
    with requests.Session() as session:

        def send(path: str, key: str | None = ADMIN_KEY, **query: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            url = f"{sandbox.url('openai')}/v1/{path}"
            return session.get(url, params=query, headers=headers, timeout=10)

        yield send


@pytest.fixture(scope="module")
def restated(served: Sandbox) -> tuple[Ledger, Ledger]:
    """Ten days as they are known today and two days later."""
    with rewound(served, NOW):
        before = served.openai.ledger(days_ago(10), TODAY)
        served.clock.advance(days=2)
        return before, served.openai.ledger(days_ago(10), TODAY)


@pytest.fixture(scope="module")
def twenty_days(served: Sandbox) -> Ledger:
    """As they are known today, which is one of them."""
    with rewound(served, NOW):
        ledger: Ledger = served.openai.ledger(days_ago(20), TODAY + timedelta(days=1))
        return ledger
