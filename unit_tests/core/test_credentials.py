"""Which vendors a config switches on, and what is wrong with credentials before any request."""

from typing import Any

import pytest

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.vendor import configured
from source_unified_usage.vendors import VENDORS

NONE = (
    f"No vendor is configured. Add the credentials of at least one of {', '.join(vendor.name for vendor in VENDORS)}."
)
DASH = "\u2013"


def names(config: dict[str, Any]) -> list[str]:
    return [vendor.name for vendor in configured(VENDORS, config)]


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        configured(VENDORS, config)
    return str(caught.value)


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"claude": {}, "cursor": None, "openai": {"codex": {"include_workspace_usage": False}}},
        {"claude": {"admin_api_key": ""}, "cursor": {"api_key": " \n"}, "openai": {"codex": {"api_key": None}}},
        {"cursor": {"base_url": "https://gateway.example", "lookback_days": 3, "enterprise": True, "team_ids": [7]}},
        {"confluent": {"metrics_base_url": "https://gateway.example", "include_metrics": True}},
        {"datadog": {"site": "datadoghq.eu", "currency": "EUR"}, "scenario": {"team_id": "team_1", "project_ids": []}},
        {"openai": {"user_ids": ["user-1"], "codex": {"base_url": "https://gateway.example"}}},
    ],
)
def test_a_block_without_a_credential_is_an_absent_vendor(block: dict[str, Any]) -> None:
    assert refusal(block) == NONE
    assert names({**block, "datadog": {"api_key": "a", "application_key": "b"}}) == ["datadog"]


@pytest.mark.parametrize(
    ("block", "missing"),
    [
        ({"confluent": {"api_key": "k"}}, "Confluent: confluent.api_secret is missing. Confluent shows it once"),
        ({"confluent": {"api_secret": "s"}}, "Confluent: confluent.api_key is missing. Make a Cloud API key"),
        ({"cursor": {"analytics_api_key": "k"}}, "Cursor: cursor.api_key is missing. Make a team API key"),
        (
            {"datadog": {"api_key": "k", "application_key": " "}},
            "Datadog: datadog.application_key is missing.",
        ),
        ({"datadog": {"application_key": "k"}}, "Datadog: datadog.api_key is missing. Make one"),
        ({"scenario": {"api_key": "k"}}, "Scenario: scenario.api_secret is missing. Scenario shows it once"),
        ({"scenario": {"api_secret": "s"}}, "Scenario: scenario.api_key is missing. An admin"),
        (
            {"openai": {"codex": {"api_key": "k"}}},
            "OpenAI: openai.codex.workspace_id is missing. Add",
        ),
        (
            {"openai": {"admin_api_key": "k", "codex": {"workspace_id": "w"}}},
            "OpenAI: openai.codex.api_key is missing. Add the key for the workspace's analytics, or leave codex out.",
        ),
    ],
)
def test_a_part_of_the_credentials_names_what_is_missing(block: dict[str, Any], missing: str) -> None:
    assert refusal(block).startswith(missing)
    assert refusal({**block, "claude": {"admin_api_key": "k"}}).startswith(missing)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, "neither is"),
        ({"organization": "", "enterprise": " "}, "neither is"),
        ({"organization": "a", "enterprise": "b"}, "both are"),
    ],
)
def test_options_that_exclude_each_other_are_both_named(options: dict[str, str], found: str) -> None:
    assert refusal({"github": {"token": "ghp_0123456789", **options}}) == (
        f"GitHub: {found} set of github.organization and github.enterprise. Set exactly one: it says whose figures are "
        f"read."
    )
    assert names({"github": {"token": "ghp_0123456789", "enterprise": "e"}}) == ["github"]
    assert refusal({"github": options}) == NONE


def test_all_faults_are_reported_together() -> None:
    config = {
        "claude": {"admin_api_key": f"sk-ant{DASH}admin"},
        "confluent": {"api_key": "k"},
        "openai": {"user_ids": ["<me>", "<you>"], "codex": {"api_key": "k", "workspace_id": "<id of the workspace>"}},
    }
    assert refusal(config) == (
        "Still a placeholder: openai.user_ids, openai.codex.workspace_id. Put your own value there or take it out. "
        "Claude: claude.admin_api_key: character 7 is en dash (U+2013), which no key has. Copy it again. "
        "Confluent: confluent.api_secret is missing. Confluent shows it once, when the Cloud API key is made."
    )


@pytest.mark.parametrize(
    ("character", "name"),
    [
        (DASH, "en dash (U+2013)"),
        (" ", "space (U+0020)"),
        ("\u00a0", "no-break space (U+00A0)"),
        ("\u200b", "zero width space (U+200B)"),
        ("\ufeff", "zero width no-break space (U+FEFF)"),
        ("\n", "an unprintable character (U+000A)"),
        ("\u00e9", "latin small letter e with acute (U+00E9)"),
        ("\u0430", "cyrillic small letter a (U+0430)"),
        ("\ud83d", "an unprintable character (U+D83D)"),
    ],
)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_character_that_no_key_has_is_named_with_its_position(vendor: Any, character: str, name: str) -> None:
    for key in vendor.keys:
        config: dict[str, Any] = {vendor.name: {}}
        for other in vendor.keys:
            outer, _, inner = other.option.rpartition(".")
            block = config[vendor.name].setdefault(outer, {}) if outer else config[vendor.name]
            block[inner] = f" SEC{character}RET{character}\n" if other == key else "fine"
        said = refusal(config)
        assert said.startswith(f"{vendor.title}: {vendor.name}.{key.option}: character 4 is {name}, which no key has.")
        assert "SEC" not in said
        assert "RET" not in said


@pytest.mark.parametrize(("quote", "name"), [('"', "quotation mark (U+0022)"), ("'", "apostrophe (U+0027)")])
def test_quotes_around_a_key_were_copied_with_it(quote: str, name: str) -> None:
    said = refusal({"cursor": {"api_key": f"{quote}crsr_{quote}1{quote}"}})
    assert said == f"Cursor: cursor.api_key: character 1 is {name}, which no key has. Copy it again."
    assert names({"cursor": {"api_key": f"crsr_{quote}1"}}) == ["cursor"]


def test_no_key_is_refused_by_its_prefix() -> None:
    assert names({"claude": {"admin_api_key": "sk-ant-api03-0001"}, "openai": {"admin_api_key": "sk-proj-0001"}}) == [
        "claude",
        "openai",
    ]
