"""The simulated vendors, one package each."""

from sandbox.vendor import SandboxVendor
from sandbox.vendors.confluent import ConfluentSandbox
from sandbox.vendors.cursor import CursorSandbox
from sandbox.vendors.scenario import ScenarioSandbox

VENDORS: tuple[type[SandboxVendor], ...] = (ConfluentSandbox, CursorSandbox, ScenarioSandbox)
