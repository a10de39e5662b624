"""Names: a list of names that fails stops no rows, and the names that were read are used."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
import requests
import time_machine
from requests_mock import Mocker

from source_unified_usage.core import clock
from source_unified_usage.core.api import Api
from source_unified_usage.core.authentication import Credential
from source_unified_usage.core.errors import KeyRefused, Unavailable
from source_unified_usage.core.lookup import Lookup, named, texts

URL = "https://api.acme.example/people"


class Acme(Api):
    title = "Acme"


def people(api: Acme) -> Iterator[Mapping[str, Any]]:
    pages = api.follow(
        "/people", {}, "page", lambda answer: answer.body.get("next"), lambda answer: answer.rows("data")
    )
    return (texts(answer.rows("data"), "name") for answer in pages)


@pytest.fixture
def api() -> Acme:
    return Acme("https://api.acme.example", Credential("acme.api_key", {"x-api-key": "secret-12345678"}))


@pytest.fixture(autouse=True)
def traveller(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-09-22T09:30:00+00:00", tick=False) as traveller:
        monkeypatch.setattr(clock, "sleep", traveller.shift)
        monkeypatch.setattr(clock, "monotonic", lambda: clock.now().timestamp())
        yield traveller


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airbyte")


def page(number: int, next: int | None) -> dict[str, Any]:
    return {"json": {"data": [{"id": f"u-{number}", "name": f"Ann {number}"}], "next": next}}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 418, 429, 500, 503])
def test_any_refusal_leaves_ids_only_and_the_key_as_it_was(
    api: Acme, requests_mock: Mocker, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    requests_mock.get(URL, status_code=status, json={"message": "No."})
    lookup = Lookup(api, "user names", people)
    assert lookup() == lookup() == {}
    (line,) = [record for record in caplog.records if "ids only" in record.message]
    assert line.levelname == "INFO"
    assert line.message.startswith("Acme: no user names, records carry ids only (Acme, look-up, /people: ")
    assert str(status) in line.message
    assert api.credential.refused is None


@pytest.mark.parametrize(
    "answer",
    [
        {"text": '{"data": ['},
        {"json": []},
        {"json": {}},
        {"json": {"error": {"code": 503}}},
        {"json": {"data": {"id": "u-1"}}},
        {"json": {"data": ["u-1"]}},
        {"exc": requests.ReadTimeout},
        {"exc": requests.ConnectionError},
    ],
)
def test_a_broken_answer_loses_only_names(api: Acme, requests_mock: Mocker, answer: dict[str, Any]) -> None:
    requests_mock.get(URL, [answer])
    assert Lookup(api, "user names", people)() == {}


@pytest.mark.parametrize("status", [None, 400, 429, 503])
def test_what_was_fetched_is_used(
    api: Acme, requests_mock: Mocker, caplog: pytest.LogCaptureFixture, status: int | None
) -> None:
    broken: dict[str, Any] = {"json": {"oops": 1}} if status is None else {"status_code": status}
    requests_mock.get(URL, [page(1, 2), page(2, 3), page(3, 4), broken])
    found = Lookup(api, "user names", people)()
    assert {id: row["name"] for id, row in found.items()} == {f"u-{n}": f"Ann {n}" for n in (1, 2, 3)}
    (line,) = [text for text in caplog.messages if "ids only" in text]
    assert line.startswith("Acme: not all user names, some records carry ids only (Acme, look-up, /people: ")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_names_wait_about_half_a_minute(
    api: Acme, requests_mock: Mocker, traveller: time_machine.Traveller, status: int
) -> None:
    requests_mock.get(URL, status_code=status)
    began = clock.now()
    Lookup(api, "user names", people)()
    assert 10 <= (clock.now() - began).total_seconds() <= 40
    assert requests_mock.call_count > 1


def test_a_slow_list_ends_after_half_a_minute(
    api: Acme, requests_mock: Mocker, traveller: time_machine.Traveller
) -> None:
    """Every page comes, after ten seconds each."""

    def slowly(request: Any, context: Any) -> Any:
        traveller.shift(10)
        number = requests_mock.call_count
        return page(number, number + 1)["json"]

    requests_mock.get(URL, json=slowly)
    assert len(Lookup(api, "user names", people)()) == 4


def test_a_list_without_end_is_abandoned(api: Acme, requests_mock: Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("source_unified_usage.core.lookup._MOST_PAGES", 20)

    def next_page(request: Any, context: Any) -> Any:
        return {"data": [], "next": requests_mock.call_count}

    requests_mock.get(URL, json=next_page)
    assert Lookup(api, "user names", people)() == {}
    assert requests_mock.call_count == 20


def test_waits_for_the_rate_limit_do_not_count(api: Acme, requests_mock: Mocker) -> None:
    requests_mock.get(URL, [page(1, 2), page(2, 3), page(3, None)])

    def held(lookup_api: Acme) -> Iterable[Mapping[str, Any]]:
        for found in people(lookup_api):
            lookup_api.rate_limit_for("").hold(100)
            yield found

    assert len(Lookup(api, "user names", held)()) == 3


def test_a_name_that_is_no_text_is_none() -> None:
    rows = [{"id": "u-1", "name": {"first": "Ann"}}, {"id": 3}, {"id": "u-4", "name": 4, "email": "a"}, "u-5"]
    assert texts(rows, "name", "email") == {"u-1": {}, "u-4": {"email": "a"}}


def test_a_list_that_rows_depend_on_is_read_whole_or_not_at_all(api: Acme, requests_mock: Mocker) -> None:
    lookup = Lookup(api, "user names", people)
    requests_mock.get(URL, [page(1, 2), {"status_code": 503}])
    assert len(lookup()) == 1
    stream = api.for_stream("acme_usage")
    with pytest.raises(Unavailable, match="stream acme_usage, /people: "):
        lookup.required(stream)
    requests_mock.get(URL, status_code=401)
    with pytest.raises(KeyRefused):
        lookup.required(stream)


def test_names_and_rows_share_one_reading(api: Acme, requests_mock: Mocker) -> None:
    for first in ("names", "rows"):
        lookup = Lookup(api, "user names", people)
        requests_mock.get(URL, [page(1, 2), page(2, None)])
        before = requests_mock.call_count
        needed = lookup.required(api) if first == "rows" else lookup()
        assert lookup() == lookup.required(api) == needed
        assert requests_mock.call_count == before + 2


def test_what_has_an_id_is_named_where_its_name_is_known() -> None:
    names = {"user_1": {"name": "Ana"}}
    assert named("user_1", names, workspace={"id": "w"}) == {"id": "user_1", "name": "Ana", "workspace": {"id": "w"}}
    assert [named("user_2", names), named(None, names, workspace={"id": "w"})] == [
        {"id": "user_2"},
        {"workspace": {"id": "w"}},
    ]
