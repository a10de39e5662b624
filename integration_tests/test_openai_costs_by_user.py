"""OpenAI's costs by user and its decisions as a process: whole on every page size, and no harm to other streams."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, expected_id, merged, sandbox_config
from sandbox import Sandbox

START, TODAY = date(2026, 9, 1), date(2026, 9, 22)
COSTS, BY_USER, DECISIONS = "openai_costs", "openai_costs_by_user", "openai_usage_decisions"
STREAMS = [COSTS, BY_USER, DECISIONS]


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.openai.second_currency = "eur"
    return sandbox_config(sandbox, ["openai"], start_date=START.isoformat())


def by_day(records: Iterable[dict[str, Any]]) -> dict[tuple[str, str], Decimal]:
    """The net of each day and currency."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for record in records:
        for charge in record.get("charges", ()):
            if charge["type"] == "net":
                found[record["start_date"], charge["currency"]] += Decimal(repr(charge["amount"]))
    return dict(found)


@pytest.mark.parametrize(
    ("buckets", "empty"), [(1, False), (1, True), (2, False), (5, True), (7, False), (20, True), (None, False)]
)
def test_a_whole_sync_is_the_ledger_on_every_page_size(
    source: Source, sandbox: Sandbox, config: dict[str, Any], buckets: int | None, empty: bool
) -> None:
    sandbox.openai.page_cap, sandbox.openai.empty_pages = buckets, empty
    output = source.read(config, STREAMS)
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.openai.ledger(START, TODAY), STREAMS)
    bill = by_day(output.records[COSTS])
    assert len(bill) == 2 * 21  # two currencies on each of the days
    assert by_day(output.records[BY_USER]) == bill


def test_who_caused_the_costs_has_a_name_and_what_nobody_caused_is_there(
    source: Source, config: dict[str, Any]
) -> None:
    rows = source.read(config, [BY_USER]).records[BY_USER]
    people = [row for row in rows if "email" in row.get("user", {})]
    assert len({row["user"]["email"] for row in people}) > 5
    assert any("user" not in row for row in rows)
    assert not any("workspace" in resource for row in rows for resource in row.get("resources", ()))
    assert all("name" in resource for row in rows for resource in row.get("resources", ()))


def test_an_organization_that_refuses_the_grouping_loses_this_stream_alone(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    allowed, sandbox.openai.refused_cost_groups = sandbox.openai.refused_cost_groups, (frozenset({"user_id"}),)
    output = source.read(config)
    assert output.code == 1
    assert {name for name, status in output.statuses.items() if status != "COMPLETE"} == {BY_USER}
    (trace,) = [trace for trace in output.traces if trace.get("stream_descriptor")]
    assert trace["failure_type"] == "config_error"
    assert trace["message"].startswith(f"OpenAI, stream {BY_USER}, /v1/organization/costs: 400 ")
    assert "deselect this stream" in trace["message"]
    assert sandbox.answers["/openai/v1/organization/costs", 400] == 1
    assert output.slices(BY_USER) == []
    truth = sandbox.openai.ledger(START, TODAY)
    assert_conserved(output, truth, [name for name in output.statuses if name != BY_USER])
    sandbox.openai.refused_cost_groups = allowed
    later = source.read(config, [BY_USER], output.states)
    assert_conserved(later, truth, [BY_USER])


def test_the_costs_of_some_users_are_theirs_alone_and_their_days_are_read(
    source: Source, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    users = [sandbox.openai.directory.user_id(person) for person in sandbox.world.people[:2]]
    output = source.read(merged(config, {"openai": {"user_ids": users}}), [BY_USER])
    theirs = [entry for entry in sandbox.openai.ledger(START, TODAY)[BY_USER] if entry.key[1] in users]
    assert theirs
    assert {row["id"] for row in output.records[BY_USER]} == {expected_id(BY_USER, entry.key) for entry in theirs}
    assert output.slices(BY_USER) == [("2026-09-01", "2026-09-22")]


def test_a_second_sync_brings_what_was_restated(source: Source, sandbox: Sandbox, config: dict[str, Any]) -> None:
    first = source.read(config, STREAMS)
    sandbox.clock.advance(days=2)
    second = source.read(config, STREAMS, first.states)
    truth = sandbox.openai.ledger(START, date(2026, 9, 24))
    table = {stream: {r["id"]: r for r in (*first.records[stream], *second.records[stream])} for stream in STREAMS}
    for stream, rows in table.items():
        assert rows.keys() == {expected_id(stream, entry.key) for entry in truth[stream]}
    before = {record["id"]: record for record in first.records[BY_USER]}
    assert any(before[record["id"]] != record for record in second.records[BY_USER] if record["id"] in before)
    assert by_day(table[BY_USER].values()) == by_day(table[COSTS].values())
