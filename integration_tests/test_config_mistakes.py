"""Mistakes in keys and addresses: one config error, before any request, and without the key."""

import json
from typing import Any

import pytest

from integration_tests.harness import ROOT, Output, Source, merged, sandbox_config
from sandbox import Fault, Sandbox
from source_unified_usage.core.credentials import given
from source_unified_usage.vendors import VENDORS

CONFLUENT = {"api_key": "SANDBOXADMIN0001", "api_secret": "confluent-sandbox-admin-secret-0001"}
ADDRESS = "Write it as https://host, with a port or a path prefix if needed."


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["confluent", "openai"], start_date="2026-09-19", end_date="2026-09-20")


def outputs(source: Source, config: dict[str, Any]) -> tuple[str, list[Output]]:
    """The one sentence of all three commands, and what they wrote."""
    files = ["--config", source.file("config", config)]
    catalog = ["--catalog", source.file("catalog", {"streams": []})]
    check, *others = (
        source.run(*command) for command in (["check", *files], ["discover", *files], ["read", *files, *catalog])
    )
    (status,) = check.of("CONNECTION_STATUS")
    assert (check.code, status["connectionStatus"]["status"]) == (0, "FAILED")
    sentence: str = status["connectionStatus"]["message"]
    for output in others:
        assert output.code == 1
        assert [(trace["failure_type"], trace["message"]) for trace in output.traces] == [("config_error", sentence)]
    return sentence, [check, *others]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"confluent": {"api_key": "SECRET\u2013KEY"}},
            "Confluent: confluent.api_key: character 7 is en dash (U+2013), which no key has. Copy it again.",
        ),
        (
            {"confluent": {"api_secret": "SECRET KEY"}},
            "Confluent: confluent.api_secret: character 7 is space (U+0020), which no key has. Copy it again.",
        ),
        (
            {"openai": {"codex": {"api_key": "\u00a0SECRET\u200bKEY\n"}}},
            "OpenAI: openai.codex.api_key: character 7 is zero width space (U+200B), which no key has. Copy it again.",
        ),
        (
            {"openai": {"codex": {"workspace_id": "\t"}}},
            "OpenAI: openai.codex.workspace_id is missing. Add the workspace's id, or leave codex out.",
        ),
        (
            {"openai": {"admin_api_key": "<admin key>"}, "confluent": {"api_secret": "<its secret>\n"}},
            "Still a placeholder: confluent.api_secret, openai.admin_api_key. Put your own value there or take it out.",
        ),
        (
            {"openai": {"admin_api_key": "sk-admin-..."}, "confluent": {"api_secret": "..."}},
            "Still a placeholder: confluent.api_secret, openai.admin_api_key. Put your own value there or take it out.",
        ),
        (
            {"confluent": {"api_key": 12345678}},
            "The configuration is not valid: confluent.api_key must be of type string.",
        ),
        (
            {"openai": {"codex": {"api_key": {"value": "SECRET"}}}},
            "The configuration is not valid: openai.codex.api_key must be of type string.",
        ),
        (
            {"start_date": None},
            "The configuration is not valid: start_date is missing.",
        ),
        (
            {"confluent": {"base_url": "https://h/?key=SECRET"}},
            f"confluent.base_url: an address must not carry a query or a fragment. {ADDRESS}",
        ),
        (
            {"openai": {"codex": {"base_url": "https://me:SECRET@h"}}},
            f"openai.codex.base_url: an address must not carry a user or password. {ADDRESS}",
        ),
        (
            {"confluent": {"metrics_base_url": "https://[bad"}},
            f"confluent.metrics_base_url: the host cannot be read. {ADDRESS}",
        ),
        (
            {"openai": {"base_url": "https://h:port"}},
            f"openai.base_url: the port is no number between 1 and 65535. {ADDRESS}",
        ),
        (
            {"openai": {"base_url": "https://ho st/?key=SECRET"}},
            "The configuration is not valid: "
            "openai.base_url must look like https://host (plain http only for localhost).",
        ),
    ],
)
def test_one_sentence_and_no_request(
    source: Source, sandbox: Sandbox, config: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    message, written = outputs(source, merged(config, changes))
    assert message == sentence
    for output in written:
        assert "SECRET" not in output.text
        assert "Traceback" not in output.text
    assert not sandbox.requests


def test_the_example_as_it_is(source: Source) -> None:
    example = json.loads((ROOT / "secrets.example" / "config.json").read_text())
    message, _ = outputs(source, example)
    places = [f"{vendor.name}.{key.option}" for vendor in VENDORS for key in given(vendor.keys, example[vendor.name])]
    assert {"claude.analytics_api_key", "openai.codex.workspace_id"} <= set(places)
    assert message == f"Still a placeholder: {', '.join(places)}. Put your own value there or take it out."


@pytest.mark.parametrize("around", ["{}\n", "\ufeff{}\r\n", "\u00a0 {}\t", "\u200b{}\u3000"])
def test_what_a_copy_leaves_around_a_value_does_not_count(
    source: Source, sandbox: Sandbox, config: dict[str, Any], around: str
) -> None:
    copied = _around(sandbox_config(sandbox), around)
    assert source.check({**copied, "start_date": "2026-09-19"}) == {"status": "SUCCEEDED"}


def test_a_key_is_masked_as_it_is_sent(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    key = config["openai"]["admin_api_key"]
    sandbox.fault("openai", Fault("costs", status=400, body={"error": {"message": f"What is {key}?"}}, times=None))
    for value in (key, f"{key}\n", f" {key}"):
        pasted = merged(config, {"openai": {"admin_api_key": value}})
        files = ["--config", source.file("config", pasted), "--catalog", source.file("catalog", source.catalog(config))]
        for output in (source.run("check", *files[:2], "--debug"), source.run("read", *files, "--debug")):
            assert "What is ****?" in output.text
            assert key not in output.text


def test_a_key_of_white_space_masks_nothing(source: Source, config: dict[str, Any]) -> None:
    blank = {"admin_api_key": " ", "codex": {"api_key": "\n", "workspace_id": " "}}
    assert source.check(merged(config, {"openai": blank})) == {"status": "SUCCEEDED"}
    output = source.read(merged(config, {"openai": blank, "cursor": {"api_key": " "}}))
    assert output.code == 0
    assert "****" not in output.text


def _around(value: Any, around: str) -> Any:
    """Every text of a config as it was pasted."""
    if isinstance(value, dict):
        return {name: _around(inner, around) for name, inner in value.items()}
    if isinstance(value, list):
        return [_around(inner, around) for inner in value]
    return around.format(value) if isinstance(value, str) else value
