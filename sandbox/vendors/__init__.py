"""The simulated vendors, one package each."""

from typing import Any

from sandbox.vendor import SandboxVendor
from sandbox.vendors.claude import ClaudeSandbox
from sandbox.vendors.confluent import ConfluentSandbox
from sandbox.vendors.cursor import CursorSandbox
from sandbox.vendors.datadog import DatadogSandbox
from sandbox.vendors.openai import OpenAISandbox
from sandbox.vendors.scenario import ScenarioSandbox

VENDORS: tuple[type[SandboxVendor[Any, Any]], ...] = (
    ClaudeSandbox,
    ConfluentSandbox,
    CursorSandbox,
    DatadogSandbox,
    OpenAISandbox,
    ScenarioSandbox,
)
