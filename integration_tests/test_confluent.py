"""Confluent from the outside: a key that sees no cluster yet."""

from datetime import date

from integration_tests.harness import Source, assert_conserved, sandbox_config
from sandbox import Sandbox
from sandbox.vendors.confluent import BILLING_KEY, BILLING_SECRET
from sandbox.vendors.confluent.credentials import METRICS_VIEWER, Key

TODAY = date(2026, 9, 22)
METRICS = "confluent_metrics_usage"


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
