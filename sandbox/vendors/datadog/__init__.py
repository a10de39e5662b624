"""Datadog: the Usage Metering API of one parent organization and what belongs to it."""

from sandbox.vendors.datadog.credentials import (
    API_KEY,
    APPLICATION_KEY,
    CHILD_API_KEY,
    CHILD_APPLICATION_KEY,
    UNSCOPED_APPLICATION_KEY,
    USAGE_ONLY_APPLICATION_KEY,
    ApplicationKey,
)
from sandbox.vendors.datadog.vendor import DatadogSandbox

__all__ = [
    "API_KEY",
    "APPLICATION_KEY",
    "CHILD_API_KEY",
    "CHILD_APPLICATION_KEY",
    "UNSCOPED_APPLICATION_KEY",
    "USAGE_ONLY_APPLICATION_KEY",
    "ApplicationKey",
    "DatadogSandbox",
]
