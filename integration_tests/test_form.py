"""A person with one vendor fills in Airbyte's form, saves it, and gets the streams of that vendor."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.airbyte_form import Schema, bare, complaints, emptied, untouched
from integration_tests.harness import ROOT, Source, merged, sandbox_config
from sandbox import Sandbox
from source_unified_usage.core.credentials import given
from source_unified_usage.core.spec import connection_specification
from source_unified_usage.streams import all_streams
from source_unified_usage.vendors import VENDORS

SPEC = connection_specification(VENDORS)
EXAMPLE = json.loads((ROOT / "secrets.example" / "sandbox.json").read_text())


def alone() -> Iterator[tuple[str, list[str]]]:
    """Of each vendor the credentials that do without the others, as far as the sandbox has them, and whose they are."""
    for vendor in VENDORS:
        chosen = {option for option in vendor.one_of if EXAMPLE[vendor.name].get(option)}
        groups = [sorted({key.option, *key.needs, *chosen}) for key in given(vendor.keys, EXAMPLE[vendor.name])]
        yield from ((vendor.name, group) for number, group in enumerate(groups) if group not in groups[:number])


def addresses(block: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """The paths of a block's addresses."""
    for name, value in block.items():
        if isinstance(value, Mapping):
            yield from addresses(value, f"{place}{name}.")
        elif name.endswith("base_url"):
            yield f"{place}{name}"


def picked(block: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """These options of a vendor's block and nothing else."""
    found: dict[str, Any] = {}
    for path in paths:
        outer, _, name = path.rpartition(".")
        value = block[outer][name] if outer else block[name]
        found = merged(found, {outer: {name: value}} if outer else {name: value})
    return found


def test_every_vendor_is_filled_in_alone() -> None:
    assert {vendor for vendor, _ in alone()} == {vendor.name for vendor in VENDORS}


@pytest.mark.parametrize("others", [bare, untouched, emptied])
@pytest.mark.parametrize(("vendor", "credentials"), list(alone()))
def test_one_vendors_credentials_are_enough(
    source: Source,
    sandbox: Sandbox,
    vendor: str,
    credentials: list[str],
    others: Callable[[Schema], dict[str, Any]],
) -> None:
    example = sandbox_config(sandbox, [vendor])
    filled = {"start_date": "2026-08-20T00:00:00Z", vendor: picked(example[vendor], credentials)}
    sent = merged(others(SPEC), filled)
    assert complaints(SPEC, sent) == []
    assert not list(Draft7Validator(SPEC).iter_errors(sent))  # the platform's own look, before the source has any
    here = merged(sent, {vendor: picked(example[vendor], addresses(example[vendor]))})
    assert source.check(here) == {"status": "SUCCEEDED"}
    needed = {f"{vendor}.{credential}" for credential in credentials}
    offered = [stream.name for stream in all_streams() if any(map(needed.issuperset, stream.needs))]
    assert sorted(entry["stream"]["name"] for entry in source.catalog(here)["streams"]) == sorted(offered)
    assert offered


def test_a_form_that_nobody_filled_in_names_all_vendors(source: Source) -> None:
    status = source.check({**untouched(SPEC), "start_date": "2026-08-20T00:00:00Z"})
    assert status["status"] == "FAILED"
    assert status["message"].endswith(f"at least one of {', '.join(vendor.name for vendor in VENDORS)}.")
