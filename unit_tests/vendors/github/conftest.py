"""A GitHub whose answers a test lists by hand, and the days of its samples."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests_mock
import time_machine

from unit_tests.vendors.samples import sample

API = "https://api.github.com"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel("2026-09-04T06:10:00+00:00", tick=False):
        yield


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def error(status: int, words: str) -> dict[str, Any]:
    """The sample of an error that says this."""
    (found,) = (e for e in sample("github", "errors") if e["status"] == status and words in f"{e['body']}")
    body = {"text": found["body"]} if isinstance(found["body"], str) else {"json": found["body"]}
    return {"status_code": status, "headers": found["headers"], **body}
