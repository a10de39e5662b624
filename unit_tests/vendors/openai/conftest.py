"""A platform that has no names, for one test."""

from collections.abc import Iterator

import pytest
import requests_mock

from unit_tests.vendors.openai.answers import PLATFORM, listing


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        for what in ("projects", "users"):
            mocker.get(f"{PLATFORM}/{what}", json=listing())
        yield mocker
