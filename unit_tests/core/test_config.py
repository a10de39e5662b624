"""Mistakes in the configuration, each reported in one sentence."""

import re
from collections.abc import Iterator
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
        ({}, "start_date is missing"),
        ({"start_date": ""}, "start_date is missing"),
        ({"start_date": 20260101}, "start_date must be of type string"),
        ({"start_date": "01/02/2026"}, "start_date must look like YYYY-MM-DD or YYYY-MM-DDTHH:mm:ssZ"),
        ({"start_date": "2026-01-01", "cursor": "key"}, "cursor must be of type object"),
        (
            {"start_date": "2026-01-01", "cursor": {"api_key": "k", "base_url": "http://example.com"}},
            "cursor.base_url must look like https://host (plain http only for localhost)",
        ),
        (
            {"start_date": "2026-01-01", "cursor": {"api_key": "k", "lookback_days": -1}},
            "cursor.lookback_days: -1 is less than the minimum of 0",
        ),
        (
            {"start_date": "2026-01-01", "datadog": {"site": "ddsecret0000"}},
            "datadog.site must be one of datadoghq.com, us3.datadoghq.com, us5.datadoghq.com, datadoghq.eu, "
            "ap1.datadoghq.com, ap2.datadoghq.com, uk1.datadoghq.com, ddog-gov.com, us2.ddog-gov.com",
        ),
    ],
)
def test_a_config_against_the_spec(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(config, SCHEMA)
    assert str(caught.value) == f"The configuration is not valid: {sentence}."


def test_what_is_empty_counts_as_absent_at_any_depth() -> None:
    config = {
        "start_date": "",
        "openai": {"admin_api_key": "k", "user_ids": ["", "user-1"], "codex": {"api_key": None}},
    }
    assert present(config) == {"openai": {"admin_api_key": "k", "user_ids": ["user-1"], "codex": {}}}


@pytest.mark.parametrize("blank", [" ", "\t", "\r\n", "\u00a0", "\u2003", "\u2028", "\u3000", "\ufeff", "\u200b \n"])
def test_white_space_around_a_text_is_removed(blank: str) -> None:
    config = {"cursor": {"api_key": f"{blank}crsr_1{blank}", "organization_id": blank, "team_ids": [7, blank]}}
    assert present(config) == {"cursor": {"api_key": "crsr_1", "team_ids": [7]}}


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
        ({"start_date": "2026-09-22", "end_date": "2026-09-22T00:00:00+99:00"}, r"end_date: '2026-.*' is no date"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, r"start_date: '0001-.*' is no date"),
    ],
)
def test_impossible_dates(dates: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_range(dates, NOW)


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-01-31T23:59:59Z", "2026-01-31T00:00:00+02:00", "2026-01-31t23:30:00.5-11:00"]
)
def test_the_day_counts_as_written(text: str) -> None:
    wanted = read_range({"start_date": text, "end_date": text}, NOW)
    assert (str(wanted.start), str(wanted.end)) == ("2026-01-31", "2026-01-31")


ADVICE = ". Write it as https://host, with a port or a path prefix if needed."


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("api.example.com", "the address does not begin with https://"),
        ("ftp://example.com", "the address does not begin with https://"),
        ("https://", "the host cannot be read"),
        ("https:///v1", "the host cannot be read"),
        ("https://:443", "the host cannot be read"),
        ("https://[bad", "the host cannot be read"),
        ("https://[bad]", "the host cannot be read"),
        ("https://bad]", "the host cannot be read"),
        ("https://h<ost>", "the host cannot be read"),
        ("https://a..b", "the host cannot be read"),
        (f"https://{'a' * 64}.example.com", "the host cannot be read"),
        ("https://host:port", "the port is no number between 1 and 65535"),
        ("https://host:0", "the port is no number between 1 and 65535"),
        ("https://host:65536", "the port is no number between 1 and 65535"),
        ("https://ho st", "the address holds a space or an invisible character"),
        ("https://ho\tst", "the address holds a space or an invisible character"),
        ("https://host/\u200bv1", "the address holds a space or an invisible character"),
        ("https://u:p@example.com", "an address must not carry a user or password"),
        ("https://SECRET@example.com", "an address must not carry a user or password"),
        ("https://h/?key=SECRET", "an address must not carry a query or a fragment"),
        ("https://h?", "an address must not carry a query or a fragment"),
        ("https://h/#SECRET", "an address must not carry a query or a fragment"),
        ("http://10.0.0.1", "plain http is for localhost only"),
    ],
)
def test_invalid_addresses_are_refused_and_never_shown(url: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        base_url_of("cursor.base_url", url)
    assert str(caught.value) == f"cursor.base_url: {fault}{ADVICE}"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/prefix",
        "https://my_gateway:8443",
        "https://bücher.example",
        "https://[2001:db8::1]/v1",
        "https://192.0.2.1",
        "http://localhost:8800/cursor",
        "http://[::1]:80",
    ],
)
def test_valid_addresses(url: str) -> None:
    assert base_url_of("cursor.base_url", url + "/") == url


def test_fields_that_identify_a_record_cannot_be_left_out() -> None:
    assert excluded_fields({"exclude_fields": ["user"], "include_remote_data": False}) == ["user", "remote_data"]
    for wrong in ("id", "start_date", "nonsense"):
        with pytest.raises(ConfigError, match=f"exclude_fields: .*{wrong}"):
            excluded_fields({"exclude_fields": [wrong]})


def _options(schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every option at every depth with its path."""
    for name, option in schema.get("properties", {}).items():
        yield place + name, option
        yield from _options(option, f"{place}{name}.")


OPTIONS = dict(_options(SCHEMA))


def test_the_spec_is_complete_for_a_form() -> None:
    for schema in [SCHEMA, *(option for option in OPTIONS.values() if option["type"] == "object")]:
        orders = [option["order"] for option in schema["properties"].values()]
        assert sorted(orders) == list(range(len(orders)))
    for path, option in OPTIONS.items():
        assert option["title"], path
        assert option["description"], path
        assert ("pattern" in option) == ("pattern_descriptor" in option), path
        secret = path.endswith(("api_key", "api_secret", "application_key", "token"))
        assert option.get("airbyte_secret", False) == secret, path


def test_every_vendor_is_a_group_whose_titles_name_it() -> None:
    groups = {group["id"]: group["title"] for group in SCHEMA["groups"]}
    assert list(groups) == ["general", *(vendor.name for vendor in VENDORS)]
    for name, option in SCHEMA["properties"].items():
        assert option["group"] == (name if name in groups else "general")
    for vendor in VENDORS:
        assert vendor.title in groups[vendor.name]
    titles = {vendor.name: vendor.title for vendor in VENDORS}
    for path, option in OPTIONS.items():
        if "." in path:
            assert titles[path.partition(".")[0]] in option["title"], path
            assert "group" not in option, path


def test_no_option_of_a_vendor_is_required() -> None:
    assert SCHEMA["required"] == ["start_date"]
    for path, option in OPTIONS.items():
        assert "required" not in option, path
        if path != "start_date":
            assert re.search(option.get("pattern", ""), ""), path
        for text in (option, option.get("items", {})):
            assert "minLength" not in text, path


def test_the_platform_accepts_white_space_around_a_text() -> None:
    addresses = [path for path in OPTIONS if path.endswith("base_url")]
    assert len(addresses) == len(VENDORS) + 2
    for text, paths in (
        ("\u00a0https://example.com/a \r\n", addresses),
        (" http://[::1]:8800/a\n", addresses),
        (" 2026-01-31\n", ["start_date", "end_date"]),
        (" eur ", ["datadog.currency", "scenario.cu_currency"]),
    ):
        for path in paths:
            assert re.search(OPTIONS[path]["pattern"], text), path


def test_every_secret_is_a_credential_and_always_shown() -> None:
    keys = {f"{vendor.name}.{key.option}" for vendor in VENDORS for key in vendor.keys}
    assert {path for path, option in OPTIONS.items() if option.get("airbyte_secret")} <= keys <= OPTIONS.keys()
    shown = {path for path, option in OPTIONS.items() if option.get("always_show")}
    assert shown == keys | {"openai.codex"} | {vendor.name for vendor in VENDORS}
