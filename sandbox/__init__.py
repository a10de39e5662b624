"""The vendors' usage APIs as one local server that behaves as their documentation says."""

from sandbox.faults import Fault
from sandbox.server import Sandbox

__all__ = ["Fault", "Sandbox"]
