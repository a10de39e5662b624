"""What a vendor offers: its part of the spec, the streams that a config switches on, and the probes for check."""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, ClassVar, NamedTuple

import yaml

from source_unified_usage.core.config import base_url_of
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream

ADDRESS_PATTERN = r"^$|^https://\S+$|^http://(localhost|127\.0\.0\.1|\[::1\])([:/]\S*)?$"


class Probe(NamedTuple):
    """The cheapest question that proves one credential. `ask` raises a SourceError when it is refused."""

    credential: str
    ask: Callable[[], object]


class Vendor:
    """One vendor as one block of the config switches it on. An empty string in the block counts as absent."""

    name: ClassVar[str]
    title: ClassVar[str]
    address: ClassVar[str]  # where the API is when no base_url is configured

    def __init__(self, block: Mapping[str, Any]) -> None:
        self.options = block

    def streams(self) -> Sequence[UsageStream]:
        """Every stream that this config offers, without asking the vendor."""
        raise NotImplementedError

    def probes(self) -> Sequence[Probe]:
        """One per configured credential."""
        raise NotImplementedError

    def require(self, option: str, advice: str, why: str = "is missing") -> str:
        """A credential that must be there. Raises ConfigError."""
        value = self.options.get(option)
        if not value:
            raise ConfigError(f"{self.title}: {self.name}.{option} {why}. {advice}")
        return str(value)

    @property
    def base_url(self) -> str:
        """The configured address of the API, checked. Raises ConfigError."""
        return base_url_of(f"{self.name}.base_url", self.options.get("base_url") or self.address)

    @property
    def lookback_days(self) -> int | None:
        """The configured lookback; None: each stream's own."""
        days: int | None = self.options.get("lookback_days")
        return days

    @classmethod
    def spec(cls) -> dict[str, Any]:
        """The vendor's object in the spec: its spec.yaml and the two options that every vendor has."""
        file = resources.files(f"source_unified_usage.vendors.{cls.name}") / "spec.yaml"
        fragment: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        options = fragment["properties"]
        order = max(option["order"] for option in options.values())
        options["lookback_days"] = {
            "type": "integer",
            "title": "Lookback (days)",
            "description": f"How many days before the end of what is already read are read again at every sync, "
            f"because {cls.title} still corrects them. Empty: each stream's own default.",
            "minimum": 0,
            "maximum": 366,
            "order": order + 1,
        }
        options["base_url"] = {
            "type": "string",
            "title": "Base URL",
            "description": "Where the API is, for a proxy or gateway: scheme, host and an optional path prefix. Https "
            f"only, except on localhost. Empty: {cls.address}.",
            "pattern": ADDRESS_PATTERN,
            "pattern_descriptor": "https://host (plain http only for localhost)",
            "order": order + 2,
        }
        return {"type": "object", **fragment}
