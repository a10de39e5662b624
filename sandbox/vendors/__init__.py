"""The simulated vendors, one module each."""

from sandbox.vendor import SandboxVendor

VENDORS: tuple[type[SandboxVendor], ...] = ()
