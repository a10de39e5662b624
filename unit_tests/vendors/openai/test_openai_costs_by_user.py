"""How costs by user are asked for, narrowed, named and refused."""

from typing import Any

import pytest
import requests_mock

from source_unified_usage.core.errors import ConfigError, KeyRefused, Unmappable
from source_unified_usage.core.stream import RetentionStart
from unit_tests.vendors.openai.answers import (
    COSTS,
    PLATFORM,
    SECOND,
    STREAMS,
    TWO_DAYS,
    error,
    listing,
    page,
    queries,
    read,
    record,
    streams,
)
from unit_tests.vendors.samples import records, window

NAME = "openai_costs_by_user"
COST = {"amount": {"value": "0.5", "currency": "usd"}, "line_item": "gpt-6-astra, output", "user_id": "user-a"}
REFUSED = {"error": {"message": "Grouping by user_id is not supported.", "type": "invalid_request_error"}}


@pytest.mark.parametrize("user_ids", [[], ["user-a"]])
def test_costs_are_grouped_by_user_and_never_by_project(server: requests_mock.Mocker, user_ids: list[str]) -> None:
    server.get(COSTS, **page())
    read(NAME, user_ids=user_ids)
    (query,) = queries(server, COSTS)
    assert query["group_by"] == ["user_id", "line_item", "api_key_id"]
    assert query["limit"] == ["180"]
    assert "user_ids" not in query  # costs refuse a parameter that they do not have


def test_the_rows_of_the_configured_users_are_kept_and_their_days_count_as_read(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    others = [{**COST, "user_id": user} for user in ("user-b", None, "", "null", 7)]
    server.get(COSTS, [page(*others, next="a"), page(COST, day=SECOND)])
    stream = streams(user_ids=["user-a", "user-c"])[NAME]
    assert [row["user"]["id"] for row in records(stream, window(*TWO_DAYS))] == ["user-a"]
    assert stream.bounds.available_until is None
    assert stream.scope == {"openai.user_ids": ["user-a", "user-c"]}
    assert not [entry for entry in caplog.records if entry.levelname == "WARNING"]


def test_a_user_that_is_no_text_is_named_with_its_row(server: requests_mock.Mocker) -> None:
    server.get(COSTS, **page({**COST, "user_id": ["user-a"]}))
    for user_ids in ([], ["user-a"]):
        with pytest.raises(Unmappable, match="user-a"):
            read(NAME, user_ids=user_ids)


def test_a_row_without_a_user_keeps_its_money() -> None:
    found = record(NAME, {**COST, "user_id": None})
    assert "user" not in found
    assert [(charge["type"], charge["amount"]) for charge in found["charges"]] == [("net", 0.5), ("total", 0.5)]
    assert found["id"] == f"{NAME}/2026-09-01/~/gpt-6-astra,%20output/~/usd/0"


# --- refusals


def test_a_refused_grouping_says_what_to_do_and_costs_no_other_stream(server: requests_mock.Mocker) -> None:
    def answer(request: Any, context: Any) -> Any:
        context.status_code = 400 if "user_id" in request.url else 200
        return REFUSED if context.status_code == 400 else page(COST)["json"]

    server.get(COSTS, json=answer)
    offered = streams()
    with pytest.raises(ConfigError, match=r'400 "Grouping by user_id is not supported\."') as refused:
        records(offered[NAME], window(*TWO_DAYS))
    assert not isinstance(refused.value, KeyRefused)
    assert str(refused.value).startswith(f"OpenAI, stream {NAME}, /v1/organization/costs: ")
    assert "deselect this stream; if only not those of so long ago, move start_date" in str(refused.value)
    assert len(records(offered["openai_costs"], window(*TWO_DAYS))) == 1


def test_another_refusal_of_costs_names_no_user(server: requests_mock.Mocker) -> None:
    server.get(COSTS, status_code=400, json=REFUSED)
    with pytest.raises(ConfigError) as refused:
        read("openai_costs")
    assert "costs by user" not in str(refused.value)


def test_days_that_are_no_longer_kept_move_the_start(server: requests_mock.Mocker) -> None:
    server.get(COSTS, **error("reporting_lookback_exceeded"))
    with pytest.raises(RetentionStart, match="2025-08-14"):
        read(NAME, days=("2025-08-01", "2025-09-01"))


# --- names


def test_keys_are_named_from_every_project_as_no_row_names_its_own(server: requests_mock.Mocker) -> None:
    server.get(f"{PLATFORM}/projects", json=listing({"id": "proj_1", "name": "One"}, {"id": "proj_2", "name": None}))
    server.get(f"{PLATFORM}/users", json=listing({"id": "user-a", "name": "Ada", "email": "ada@example.com"}))
    server.get(f"{PLATFORM}/projects/proj_1/api_keys", json=listing({"id": "key_1", "name": "web"}))
    server.get(f"{PLATFORM}/projects/proj_2/api_keys", json=listing({"id": "key_2", "name": "batch"}))
    server.get(COSTS, **page(COST, {**COST, "api_key_id": "key_2"}, {**COST, "api_key_id": "key_gone"}))
    found = {row["id"].split("/")[-3]: row for row in read(NAME)}
    assert {key: row.get("resources") for key, row in found.items()} == {
        "~": None,
        "key_2": [{"id": "key_2", "name": "batch"}],
        "key_gone": [{"id": "key_gone"}],
    }
    assert {str(row["user"]) for row in found.values()} == {
        "{'id': 'user-a', 'email': 'ada@example.com', 'name': 'Ada'}"
    }


def test_without_a_key_in_a_row_no_project_is_asked_for(server: requests_mock.Mocker) -> None:
    server.get(COSTS, **page(COST))
    assert len(read(NAME)) == 1
    assert {request.path for request in server.request_history} == {
        "/v1/organization/costs",
        "/v1/organization/users",
    }


def test_refused_names_cost_no_row(server: requests_mock.Mocker) -> None:
    for what in ("projects", "users"):
        server.get(f"{PLATFORM}/{what}", **error("lookup_scope_403"))
    server.get(COSTS, **page({**COST, "api_key_id": "key_1"}))
    (found,) = read(NAME)
    assert (found["user"], found["resources"]) == ({"id": "user-a"}, [{"id": "key_1"}])


def test_it_restates_the_bill() -> None:
    stream = STREAMS[NAME]
    assert (stream.role, stream.restates, stream.counts_tokens) == ("restates", ("openai_costs",), False)
    assert (stream.step, stream.lookback) == (STREAMS["openai_costs"].step, STREAMS["openai_costs"].lookback)
