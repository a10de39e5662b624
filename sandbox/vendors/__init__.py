"""The simulated vendors, one package each: a new package is a new vendor, and no list names them."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sandbox.vendor import SandboxVendor


def _vendor(package: str) -> type[SandboxVendor[Any, Any]]:
    """The one vendor that a package exports."""
    members = vars(import_module(package)).values()
    (vendor,) = (
        one
        for one in members
        if isinstance(one, type) and issubclass(one, SandboxVendor) and one.__module__.startswith(f"{package}.")
    )
    return vendor


VENDORS = tuple(_vendor(f"{__name__}.{name}") for name in sorted(module.name for module in iter_modules(__path__)))
