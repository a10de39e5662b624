"""Mistakes in the configuration, each told in one sentence."""

from typing import Any

import pytest
from pendulum import datetime

from source_unified_usage.core.config import base_url_of, excluded_fields, present, read_range, validate
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.spec import connection_specification
from source_unified_usage.vendors import VENDORS

NOW = datetime(2026, 9, 22, 9, 30)
SCHEMA = connection_specification(VENDORS)
CURSOR = {"cursor": {"api_key": "crsr_0123456789"}}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "the top level needs start_date"),
        ({"start_date": ""}, "the top level needs start_date"),
        ({"start_date": 20260101}, "start_date must be of type string"),
        ({"start_date": "01/02/2026"}, "start_date must look like YYYY-MM-DD or YYYY-MM-DDTHH:mm:ssZ"),
        ({"start_date": "2026-01-01", "cursor": "key"}, "cursor must be of type object"),
        ({"start_date": "2026-01-01", "cursor": {}}, "cursor needs api_key"),
        ({"start_date": "2026-01-01", "cursor": {"api_key": ""}}, "cursor needs api_key"),
        (
            {"start_date": "2026-01-01", "cursor": {"api_key": "k", "base_url": "http://example.com"}},
            "cursor.base_url must look like https://host (plain http only for localhost)",
        ),
        (
            {"start_date": "2026-01-01", "cursor": {"api_key": "k", "lookback_days": -1}},
            "cursor.lookback_days: -1 is less than the minimum of 0",
        ),
    ],
)
def test_a_config_against_the_spec(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as told:
        validate(config, SCHEMA)
    assert str(told.value) == f"The configuration is not valid: {sentence}."


def test_what_is_empty_counts_as_absent_at_any_depth() -> None:
    config = {
        "start_date": "",
        "openai": {"admin_api_key": "k", "user_ids": ["", "user-1"], "codex": {"api_key": None}},
    }
    assert present(config) == {"openai": {"admin_api_key": "k", "user_ids": ["user-1"], "codex": {}}}


def test_a_mistyped_option_is_named(caplog: pytest.LogCaptureFixture) -> None:
    validate({"start_date": "2026-01-01", "curser": {}, "cursor": {"api_key": "k", "enterprize": True}}, SCHEMA)
    assert [record.getMessage() for record in caplog.records] == [
        "The configuration's option curser is not known and has no effect, did you mean cursor?",
        "The configuration's option cursor.enterprize is not known and has no effect, did you mean enterprise?",
    ]


@pytest.mark.parametrize(
    ("dates", "sentence"),
    [
        ({"start_date": "2026-13-01"}, "start_date: '2026-13-01' is no date"),
        ({"start_date": "2026-09-23"}, "start_date 2026-09-23 lies in the future"),
        ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, "end_date 2026-01-01 lies before start_date"),
    ],
)
def test_impossible_dates(dates: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_range(dates, NOW)


@pytest.mark.parametrize("text", ["2026-01-31", "2026-01-31T23:59:59Z", "2026-02-01T01:00:00+02:00"])
def test_only_the_utc_day_of_a_date_counts(text: str) -> None:
    assert str(read_range({"start_date": text}, NOW).start) == "2026-01-31"


@pytest.mark.parametrize(
    "url", ["api.example.com", "ftp://example.com", "https://", "https://u:p@example.com", "http://10.0.0.1"]
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^cursor\.base_url: "):
        base_url_of("cursor.base_url", url)


@pytest.mark.parametrize("url", ["https://api.example.com/prefix", "http://localhost:8800/cursor", "http://[::1]:80"])
def test_addresses_that_are_fine(url: str) -> None:
    assert base_url_of("cursor.base_url", url + "/") == url


def test_fields_that_identify_a_record_cannot_be_left_out() -> None:
    known = ["id", "start_date", "user", "remote_data"]
    assert excluded_fields({"exclude_fields": ["user"], "include_remote_data": False}, known) == ["user", "remote_data"]
    for wrong in ("id", "start_date", "nonsense"):
        with pytest.raises(ConfigError, match=f"exclude_fields: .*{wrong}"):
            excluded_fields({"exclude_fields": [wrong]}, known)


def _objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [child for child in schema.get("properties", {}).values() if child["type"] == "object"]
    return [schema, *(found for child in inner for found in _objects(child))]


def test_the_spec_is_complete_for_a_form() -> None:
    for schema in _objects(SCHEMA):
        orders = [option["order"] for option in schema["properties"].values()]
        assert sorted(orders) == list(range(len(orders)))
        for name, option in schema["properties"].items():
            assert option["title"], name
            assert option["description"], name
            assert ("pattern" in option) == ("pattern_descriptor" in option), name
            secret = name.endswith(("api_key", "api_secret", "application_key"))
            assert option.get("airbyte_secret", False) == secret, name
