"""Whatever lists streams or vendors follows the code; what people write by hand is missed here when it lacks one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_tests.harness import NOW
from sandbox import Sandbox
from sandbox.vendors import VENDORS as SIMULATED
from scripts.tables import seed, suggested, written
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Vendor
from source_unified_usage.streams import StreamFacts, all_streams, bills, spenders
from source_unified_usage.vendors import VENDORS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "unified-usage.md").read_text()
STREAMS = {stream.name: stream for stream in all_streams()}
each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


def example(name: str) -> Any:
    return json.loads((ROOT / "secrets.example" / f"{name}.json").read_text())


def test_what_is_derived_is_written() -> None:
    for name, text in written().items():
        assert (ROOT / name).read_text() == text, f"{name} is not as the code says: `make tables` writes it"


# --- what a stream says of itself


def test_every_class_of_a_stream_is_offered_by_some_configuration() -> None:
    def below(cls: type[UsageStream]) -> set[type[UsageStream]]:
        return {cls}.union(*map(below, cls.__subclasses__()))

    ours = [cls for cls in below(UsageStream) if cls.__module__.startswith("source_unified_usage.")]
    named = {vars(cls)["name"] for cls in ours if "name" in vars(cls)}
    assert named - STREAMS.keys() == set(), "no option offers them, as core/offer.py switches options on"
    assert {name for name in named if name} and len(STREAMS) == len(all_streams())


@pytest.mark.parametrize("stream", all_streams(), ids=lambda stream: stream.name)
def test_what_a_stream_says_of_itself_fits(stream: StreamFacts) -> None:
    assert stream.name.startswith(f"{stream.vendor.name}_")
    assert stream.about.endswith(".")
    assert stream.needs and all(need.startswith(f"{stream.vendor.name}.") for way in stream.needs for need in way)
    assert stream.restates or stream.role != "restates", "it says what it restates"
    assert not stream.restates or stream.role in ("bill", "restates"), "only money is restated"
    for name in stream.restates:
        restated = STREAMS[name]
        assert (restated.vendor, restated.role) == (stream.vendor, "bill"), "what is restated is a bill of the vendor"


def test_every_configuration_says_which_of_its_streams_are_bills() -> None:
    """Where options change it, the streams that they offer do; what is restated is there to restate."""
    for vendor in VENDORS:
        offered = {stream.name: stream for stream in vendor(example("sandbox")[vendor.name]).streams()}
        for stream in offered.values():
            assert (stream.role == "restates") == bool(stream.restates), stream.name
            assert set(stream.restates) <= offered.keys(), stream.name
        assert {name for name, stream in offered.items() if stream.role == "bill"} == {
            fact.name for fact in bills(STREAMS[name] for name in offered)
        }


def facts(name: str, role: Any = "activity", *restates: str) -> StreamFacts:
    return all_streams()[0]._replace(name=name, role=role, restates=restates)


def test_who_spent_a_bill_is_in_itself_or_in_what_restates_it() -> None:
    streams = [
        facts("by_person", "restates", "whole"),
        facts("by_person_again", "restates", "whole"),
        facts("whole", "bill"),
        facts("by_team", "restates", "calls"),
        facts("calls", "bill"),
        facts("nobodys", "bill"),
        facts("guesses", "estimate"),
    ]
    with_people = {"by_person", "by_person_again", "by_team", "calls", "guesses"}
    assert [bill.name for bill in bills(streams)] == ["whole", "calls", "nobodys"]
    assert [stream.name for stream in spenders(streams, with_people.__contains__)] == ["by_person", "calls"]


def test_a_stream_that_cuts_two_bills_shows_both_or_none() -> None:
    both = [facts("seats", "bill"), facts("calls", "bill"), facts("by_person", "restates", "seats", "calls")]
    assert [stream.name for stream in spenders(both, {"by_person"}.__contains__)] == ["by_person"]
    seats = facts("by_seat", "restates", "seats")
    assert [stream.name for stream in spenders([seats, *both], {"by_seat", "by_person"}.__contains__)] == ["by_seat"]


def test_a_bill_is_none_where_a_larger_one_with_its_money_is_read() -> None:
    streams = [facts("part", "bill", "whole"), facts("by_model", "restates", "part"), facts("whole", "bill")]
    assert [bill.name for bill in bills(streams)] == ["whole"]
    assert [bill.name for bill in bills(streams[:2])] == ["part"]


def test_what_is_suggested_answers_the_common_questions() -> None:
    assert {"claude_cost", "claude_api_cost", "openai_costs", "openai_codex_usage"} <= set(suggested()), (
        "what was spent"
    )
    assert {"claude_user_cost", "claude_usage", "cursor_usage_events"} <= set(suggested()), "by whom, on which models"
    assert {"openai_workspace_usage", "scenario_activity", "cursor_spend", "claude_spend"} & set(suggested()) == set()


def test_the_rows_for_sql() -> None:
    head, *rows = seed()
    assert head[:6] == ("stream", "vendor", "role", "restates", "counts_tokens", "grain")
    assert head[6:] == ("lookback_days", "lookback_whole_month")
    assert [row[0] for row in rows] == list(STREAMS)
    found = {row[0]: row for row in rows}
    assert found["claude_user_cost"][1:] == ("claude", "restates", "claude_cost", "false", "day", "31", "false")
    assert found["datadog_cost"][1:] == ("datadog", "bill", "", "false", "month", "93", "false")
    assert found["cursor_usage_events"][1:] == ("cursor", "bill", "", "true", "event", "2", "false")
    assert found["claude_spend"][2:4] == ("restates", "claude_cost claude_api_cost")
    assert found["openai_codex_usage"][2:4] == ("bill", "openai_workspace_usage")
    assert found["openai_workspace_usage"][2:4] == ("bill", "")
    assert found["cursor_spend"][-3:] == ("snapshot", "0", "false")
    assert found["github_billing_usage"][-2:] == ("3", "true")
    assert found["github_copilot_user_activity"][-2:] == ("7", "false")


# --- what is written by hand


def test_every_vendor_is_simulated() -> None:
    assert [vendor.name for vendor in SIMULATED] == [vendor.name for vendor in VENDORS], "sandbox/vendors/<name>"


@each_vendor
def test_a_vendor_has_its_blocks_in_the_examples(vendor: type[Vendor]) -> None:
    credentials = {key.option.partition(".")[0] for key in vendor.keys}
    for name in ("config", "sandbox"):
        block = example(name).get(vendor.name, {})
        assert credentials & block.keys(), f"secrets.example/{name}.json has no credential of {vendor.name}"
    options = vendor.spec()["properties"]
    missing = {option for option in options if option.endswith("base_url")} - example("sandbox")[vendor.name].keys()
    assert not missing, f"secrets.example/sandbox.json: http://localhost:8800/{vendor.name} for {missing}"


@each_vendor
def test_a_vendor_has_its_section_in_the_docs(vendor: type[Vendor]) -> None:
    title = vendor.title
    heads = [
        f"## {title}",
        f"### Set up {title}",
        f"### Streams of {title}",
        f"### What {title}'s figures mean",
        f"### Lateness and limits of {title}",
    ]
    found = [line for line in PAGE.splitlines() if line in heads]
    assert found == heads, "docs/unified-usage.md: a section for each, in this order"
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    undocumented = [
        option
        for option in vendor.spec()["properties"]
        if f"`{option}`" not in section and option not in ("lookback_days", "base_url")
    ]
    assert undocumented == [], f"docs/unified-usage.md: options of {title}"


@each_vendor
def test_a_vendor_has_its_pages_in_the_metadata(vendor: type[Vendor]) -> None:
    urls = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]["externalDocumentationUrls"]
    kinds = [url["type"] for url in urls if url["title"].startswith(f"{vendor.title} ")]
    assert "api_reference" in kinds, f"metadata.yaml, externalDocumentationUrls: the API of {vendor.title}"


@each_vendor
def test_a_vendor_has_its_tests(vendor: type[Vendor]) -> None:
    name = vendor.name
    for path in (f"unit_tests/vendors/{name}/test_{name}_mapping.py", f"integration_tests/test_{name}.py"):
        assert (ROOT / path).is_file(), f"{path} is missing"


def test_the_standard_tests_know_what_the_sandbox_has_nothing_of() -> None:
    acceptance = yaml.safe_load((ROOT / "acceptance-test-config.yml").read_text())
    (scenario,) = acceptance["acceptance_tests"]["basic_read"]["tests"]
    excused = {stream["name"] for stream in scenario["empty_streams"]}
    sandbox, offered = Sandbox(now=NOW), example("sandbox")
    empty = set()
    for vendor in VENDORS:
        ledger = sandbox.vendors[vendor.name].ledger((NOW - timedelta(days=3)).date(), sandbox.clock.today())
        empty |= {stream.name for stream in vendor(offered[vendor.name]).streams() if not ledger.get(stream.name)}
    assert excused == empty, "acceptance-test-config.yml, empty_streams: those of which three days have no rows"
