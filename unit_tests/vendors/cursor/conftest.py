"""Cursor's server, played."""

from collections.abc import Iterator

import pytest
import requests_mock

from unit_tests.vendors.cursor.answers import API


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.get(f"{API}/teams/members", json={"teamMembers": []})
        yield mocker
