"""The vendors, one package each: a new package is a new vendor, and no list names them."""

from importlib import import_module
from pkgutil import iter_modules

from source_unified_usage.core.vendor import Vendor


def _vendor(package: str) -> type[Vendor]:
    """The one vendor that a package defines."""
    members = vars(import_module(package)).values()
    (vendor,) = (
        one for one in members if isinstance(one, type) and issubclass(one, Vendor) and one.__module__ == package
    )
    return vendor


VENDORS = tuple(_vendor(f"{__name__}.{name}") for name in sorted(module.name for module in iter_modules(__path__)))
