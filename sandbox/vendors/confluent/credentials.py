"""The API keys that the sandbox knows; all of them are made up."""

from dataclasses import dataclass

ADMIN_KEY, ADMIN_SECRET = "SANDBOXADMIN0001", "confluent-sandbox-admin-secret-0001"
BILLING_KEY, BILLING_SECRET = "SANDBOXBILLIN002", "confluent-sandbox-billing-secret-0002"
BILLING_METRICS_KEY = "SANDBOXBILMET003"
BILLING_METRICS_SECRET = "confluent-sandbox-billing-metrics-secret-0003"
METRICS_KEY, METRICS_SECRET = "SANDBOXMETRIC004", "confluent-sandbox-metrics-secret-0004"
ENVIRONMENT_ADMIN_KEY = "SANDBOXENVADM005"
ENVIRONMENT_ADMIN_SECRET = "confluent-sandbox-environment-admin-secret-0005"
KAFKA_KEY, KAFKA_SECRET = "SANDBOXKAFKA0006", "confluent-sandbox-kafka-secret-0006"

ORGANIZATION_ADMIN = "OrganizationAdmin"
BILLING_ADMIN = "BillingAdmin"
METRICS_VIEWER = "MetricsViewer"
ENVIRONMENT_ADMIN = "EnvironmentAdmin"

MAY_READ_COSTS = frozenset({ORGANIZATION_ADMIN, BILLING_ADMIN})
MAY_READ_METRICS = frozenset({METRICS_VIEWER})
MAY_SEE_ENVIRONMENTS = frozenset({ORGANIZATION_ADMIN, METRICS_VIEWER, ENVIRONMENT_ADMIN})


@dataclass(frozen=True)
class Key:
    """The secret, the roles of the key's owner, and whether it is scoped to cloud resources.

    A key scoped to one Kafka cluster, Schema Registry or Flink region is no Cloud API key.
    """

    secret: str
    roles: frozenset[str] = frozenset()
    cloud: bool = True


KEYS = {
    ADMIN_KEY: Key(ADMIN_SECRET, frozenset({ORGANIZATION_ADMIN, METRICS_VIEWER})),
    BILLING_KEY: Key(BILLING_SECRET, frozenset({BILLING_ADMIN})),
    BILLING_METRICS_KEY: Key(BILLING_METRICS_SECRET, frozenset({BILLING_ADMIN, METRICS_VIEWER})),
    METRICS_KEY: Key(METRICS_SECRET, frozenset({METRICS_VIEWER})),
    ENVIRONMENT_ADMIN_KEY: Key(ENVIRONMENT_ADMIN_SECRET, frozenset({ENVIRONMENT_ADMIN})),
    KAFKA_KEY: Key(KAFKA_SECRET, frozenset({ORGANIZATION_ADMIN}), cloud=False),
}
