"""Confluent Cloud: daily costs, the look-ups of names, and the metrics of Kafka principals.

Played from Confluent's public OpenAPI document (2026) and its pages on the Costs API and the Metrics API. What clients
report, and what was chosen where nothing is documented, is marked at its place.
"""

from sandbox.vendors.confluent.credentials import (
    ADMIN_KEY,
    ADMIN_SECRET,
    BILLING_KEY,
    BILLING_METRICS_KEY,
    BILLING_METRICS_SECRET,
    BILLING_SECRET,
    ENVIRONMENT_ADMIN_KEY,
    ENVIRONMENT_ADMIN_SECRET,
    KAFKA_KEY,
    KAFKA_SECRET,
    METRICS_KEY,
    METRICS_SECRET,
    Key,
)
from sandbox.vendors.confluent.vendor import ConfluentSandbox

__all__ = [
    "ADMIN_KEY",
    "ADMIN_SECRET",
    "BILLING_KEY",
    "BILLING_METRICS_KEY",
    "BILLING_METRICS_SECRET",
    "BILLING_SECRET",
    "ENVIRONMENT_ADMIN_KEY",
    "ENVIRONMENT_ADMIN_SECRET",
    "KAFKA_KEY",
    "KAFKA_SECRET",
    "METRICS_KEY",
    "METRICS_SECRET",
    "ConfluentSandbox",
    "Key",
]
