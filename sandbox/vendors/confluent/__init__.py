"""Confluent Cloud: daily costs, the look-ups of names, and the metrics of Kafka principals.

Played from Confluent's public OpenAPI document (2026) and its pages on the Costs API and the Metrics API. What clients
report, and what was chosen where nothing is documented, is marked at its place.
"""

from sandbox.vendors.confluent.vendor import ConfluentSandbox

__all__ = ["ConfluentSandbox"]
