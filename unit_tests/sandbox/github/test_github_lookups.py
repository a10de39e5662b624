"""Cost centers and seats of the simulated GitHub."""

from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.vendors.github.credentials import ENTERPRISE_TOKEN
from sandbox.vendors.github.estate import ENTERPRISE
from unit_tests.sandbox.github.asking import OF_ENTERPRISE, SEATS, Call

CENTERS = f"{OF_ENTERPRISE}/cost-centers"
OF_ALL = f"enterprises/{ENTERPRISE}/copilot/billing/seats"


def following(answer: requests.Response) -> str | None:
    """What the header Link names as next."""
    return answer.links.get("next", {}).get("url")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"state": "active"}, ["engineering", "not used yet"]),
        ({"state": "deleted"}, ["P&T"]),
        ({}, ["engineering", "P&T", "not used yet"]),
        ({"state": "active", "page": 2}, ["engineering", "not used yet"]),
    ],
)
def test_centers_come_whole(get: Call, query: dict[str, Any], names: list[str]) -> None:
    found = get(CENTERS, ENTERPRISE_TOKEN, **query).json()["costCenters"]
    assert [center["name"] for center in found] == names


def test_no_such_state(get: Call) -> None:
    assert get(CENTERS, ENTERPRISE_TOKEN, state="archived").status_code == 400


def test_pages_of_seats_follow_the_link(get: Call) -> None:
    pages = [get(SEATS, page=page, per_page=10) for page in (1, 2, 3, 4)]
    assert [len(page.json()["seats"]) for page in pages] == [10, 10, 3, 0]
    link = "https://api.github.com/organizations/4242/copilot/billing/seats?per_page=10&page="
    assert [following(page) for page in pages] == [
        link.replace("4242", "9001") + "2",
        link.replace("4242", "9001") + "3",
        None,
        None,
    ]
    assert {page.json()["total_seats"] for page in pages} == {23}


def test_one_page_has_no_link(get: Call) -> None:
    answer = get(SEATS, per_page=100)
    assert "Link" not in answer.headers
    assert len(answer.json()["seats"]) == 23


def test_a_page_has_a_hundred_seats_at_most(sandbox: Sandbox, get: Call) -> None:
    assert len(get(SEATS, per_page=1000).json()["seats"]) == 23
    sandbox.github.page_cap = 2
    assert len(get(SEATS, per_page=100).json()["seats"]) == 2


def test_an_enterprise_lists_every_grant_and_counts_people(get: Call) -> None:
    answer = get(OF_ALL, ENTERPRISE_TOKEN, per_page=100).json()
    first = [seat for seat in answer["seats"] if seat["assignee"]["id"] == 1001]
    assert [seat["organization"]["login"] for seat in first] == ["acme-platform", "acme-labs"]
    assert (len(answer["seats"]), answer["total_seats"]) == (24, 23)


def test_an_idle_seat_was_never_used(get: Call) -> None:
    (idle,) = (seat for seat in get(SEATS, per_page=100).json()["seats"] if seat["assignee"]["id"] == 1012)
    assert idle["last_activity_at"] is None


def test_who_left_has_no_seat(get: Call, sandbox: Sandbox) -> None:
    ids = {seat["assignee"]["id"] for seat in get(SEATS, per_page=100).json()["seats"]}
    assert ids == {1000 + number for number in range(1, 24)}
