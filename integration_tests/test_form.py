"""A person with one vendor fills in Airbyte's form, saves, and gets that vendor's streams."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.airbyte_form import Schema, bare, complaints, emptied, untouched
from integration_tests.harness import Source, merged, sandbox_config
from sandbox import Sandbox
from source_unified_usage.core.spec import connection_specification
from source_unified_usage.vendors import VENDORS

SPEC = connection_specification(VENDORS)
ALONE = [
    ("claude", ["analytics_api_key"], 13),
    ("claude", ["admin_api_key"], 5),
    ("openai", ["admin_api_key"], 11),
    ("openai", ["codex.api_key", "codex.workspace_id"], 5),
    ("confluent", ["api_key", "api_secret"], 1),
    ("cursor", ["api_key"], 3),
    ("datadog", ["api_key", "application_key"], 4),
    ("scenario", ["api_key", "api_secret"], 4),
]
ADDRESSES = {"openai": ["base_url", "codex.base_url"]}


def picked(block: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """These options of a vendor's block and nothing else."""
    found: dict[str, Any] = {}
    for path in paths:
        outer, _, name = path.rpartition(".")
        value = block[outer][name] if outer else block[name]
        found = merged(found, {outer: {name: value}} if outer else {name: value})
    return found


def test_every_vendor_is_filled_in_alone() -> None:
    assert {vendor for vendor, *_ in ALONE} == {vendor.name for vendor in VENDORS}


@pytest.mark.parametrize("others", [bare, untouched, emptied])
@pytest.mark.parametrize(("vendor", "credentials", "count"), ALONE)
def test_one_vendors_credentials_are_enough(
    source: Source,
    sandbox: Sandbox,
    vendor: str,
    credentials: list[str],
    count: int,
    others: Callable[[Schema], dict[str, Any]],
) -> None:
    example = sandbox_config(sandbox, [vendor])
    filled = {"start_date": "2026-08-20T00:00:00Z", vendor: picked(example[vendor], credentials)}
    sent = merged(others(SPEC), filled)
    assert complaints(SPEC, sent) == []
    assert not list(Draft7Validator(SPEC).iter_errors(sent))  # the platform's own look, before the source has any
    here = merged(sent, {vendor: picked(example[vendor], ADDRESSES.get(vendor, ["base_url"]))})
    assert source.check(here) == {"status": "SUCCEEDED"}
    names = [entry["stream"]["name"] for entry in source.catalog(here)["streams"]]
    assert [name.partition("_")[0] for name in names] == [vendor] * count


def test_a_form_that_nobody_filled_in_names_all_vendors(source: Source) -> None:
    status = source.check({**untouched(SPEC), "start_date": "2026-08-20T00:00:00Z"})
    assert status["status"] == "FAILED"
    assert status["message"].endswith("at least one of claude, confluent, cursor, datadog, openai, scenario.")
