"""Confluent from the outside: every shape of a bill, and a key that sees no cluster yet."""

from datetime import date
from typing import Any

import pytest

from integration_tests.harness import Source, assert_conserved, sandbox_config
from sandbox import Sandbox
from sandbox.vendors.confluent.credentials import BILLING_KEY, BILLING_SECRET, METRICS_VIEWER, Key

START, TODAY = date(2026, 8, 28), date(2026, 9, 22)
COSTS, METRICS = "confluent_costs", "confluent_metrics_usage"


@pytest.mark.parametrize(
    "knobs",
    [
        {"shape": "legacy", "dates": "midnight", "last_page": "no metadata", "missing_date": "start_date"},
        {"ids": "repeated", "numbers": "string", "api_version": "billing/v1", "missing_date": "end_date"},
        {"ids": "given", "next_base": "https://proxy.example/x", "last_page": "null", "denied": {"organizations"}},
    ],
    ids=["legacy", "strings", "ids"],
)
def test_every_shape_conserves_every_row(source: Source, sandbox: Sandbox, knobs: dict[str, Any]) -> None:
    for name, value in {**knobs, "page_cap": 500}.items():
        setattr(sandbox.confluent, name, value)
    output = source.read(sandbox_config(sandbox, ["confluent"], start_date=START.isoformat()), [COSTS])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.confluent.ledger(START, TODAY), [COSTS])


def test_a_row_that_moves_to_the_next_page_while_pages_are_read_counts_once(source: Source, sandbox: Sandbox) -> None:
    vendor = sandbox.confluent
    vendor.page_cap, vendor.slow_pages, vendor.limit.requests = 4, 12, None
    output = source.read(sandbox_config(sandbox, ["confluent"], start_date="2026-09-20"), [COSTS])
    assert (output.code, output.traces, vendor.slow_pages) == (0, [], 0)
    assert_conserved(output, vendor.ledger(date(2026, 9, 20), TODAY), [COSTS])


def test_days_before_the_key_saw_a_cluster_are_read_when_it_does(source: Source, sandbox: Sandbox) -> None:
    key = {"api_key": BILLING_KEY, "api_secret": BILLING_SECRET}
    config = sandbox_config(sandbox, ["confluent"], start_date="2026-09-16", confluent=key)
    blind = source.read(config, [METRICS])
    assert (blind.code, blind.statuses, blind.slices(METRICS)) == (0, {METRICS: "COMPLETE"}, [])
    (warning,) = [line for line in blind.logs if line.startswith("WARN")]
    assert "sees no Kafka cluster" in warning and "MetricsViewer" in warning
    sandbox.confluent.keys[BILLING_KEY] = Key(BILLING_SECRET, frozenset({METRICS_VIEWER}))
    output = source.read(config, [METRICS], blind.states)
    assert_conserved(output, sandbox.confluent.ledger(date(2026, 9, 16), TODAY), [METRICS])


@pytest.mark.parametrize("combined", ["answered", "refused", "unlabelled", "empty"])
def test_all_clusters_are_asked_for_at_once_and_one_by_one_where_that_fails(
    source: Source, sandbox: Sandbox, combined: Any
) -> None:
    sandbox.confluent.combined = combined
    config = sandbox_config(sandbox, ["confluent"], start_date="2026-09-16")
    output = source.read(config, [METRICS])
    assert (output.code, output.traces) == (0, [])
    assert_conserved(output, sandbox.confluent.ledger(date(2026, 9, 16), TODAY), [METRICS])
    clusters = len(sandbox.confluent.estate.clusters)
    asked = sandbox.requests["POST /confluent/v2/metrics/cloud/query"]
    assert asked == (2 if combined == "answered" else 1 + 2 * clusters)
    said = [line for line in output.logs if "cluster by cluster" in line]
    assert len(said) == (combined != "answered")
