"""What a vendor offers: its part of the spec, the streams that a config switches on, and the probes for check."""

from collections.abc import Callable, Mapping, Sequence, Set
from copy import deepcopy
from functools import cache
from importlib import resources
from typing import Any, ClassVar, NamedTuple

import yaml

from source_unified_usage.core.config import ADDRESS, base_url_of, present
from source_unified_usage.core.credentials import Key, faults, given, placeholders
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.window import days

# libyaml's, which PyYAML's wheels contain, takes an eighth of the time
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Probe(NamedTuple):
    """The cheapest request that proves a credential good. `ask` raises a SourceError when it is refused."""

    credential: str
    ask: Callable[[], object]


class Vendor:
    """One vendor, which a credential in its block of the config switches on."""

    name: ClassVar[str]
    title: ClassVar[str]
    address: ClassVar[str]  # where the API is when no base_url is configured
    keys: ClassVar[Sequence[Key]]  # its credentials
    one_of: ClassVar[Sequence[str]] = ()  # options of which exactly one must be set: they say whose figures are read
    as_of: ClassVar[str]  # YYYY-MM in which its documentation was read, and which pages of it, by title
    pages: ClassVar[Sequence[str]]

    def __init__(self, block: Mapping[str, Any]) -> None:
        self.options = _with_defaults(block, self._fragment()["properties"])

    def streams(self) -> Sequence[UsageStream]:
        """Every stream that this config offers, without asking the vendor."""
        raise NotImplementedError

    def offered(self) -> Sequence[UsageStream]:
        """The same with the configured lookback; without one each keeps its own."""
        streams = self.streams()
        lookback = self.options.get("lookback_days")
        if lookback is not None:
            for stream in streams:
                stream.lookback = days(lookback)
        return streams

    def probes(self) -> Sequence[Probe]:
        """One per configured credential."""
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """The configured address of the API, checked. Raises ConfigError."""
        return base_url_of(f"{self.name}.base_url", self.options.get("base_url") or self.address)

    @classmethod
    def addresses(cls) -> Sequence[str]:
        """Where its APIs are when no other address is configured: every class attribute that ends in `address`."""
        return [value for name, value in vars(cls).items() if name.endswith("address")]

    @classmethod
    def spec(cls) -> dict[str, Any]:
        """The vendor's object in the spec: its spec.yaml and the two options that every vendor has."""
        fragment = deepcopy(cls._fragment())
        options = fragment["properties"]
        order = max(option["order"] for option in options.values())
        options["lookback_days"] = {
            "type": "integer",
            "title": f"{cls.title} lookback (days)",
            "description": f"How many days before the end of what is already read are read again at every sync, "
            f"because {cls.title} still corrects them. Empty: each stream's own default.",
            "minimum": 0,
            "maximum": 366,
            "order": order + 1,
        }
        options["base_url"] = {
            "title": f"{cls.title} base URL",
            "description": "Where the API is, for a proxy or gateway: scheme, host and an optional path prefix. Https "
            f"only, except on localhost. Empty: {cls.address}.",
            "order": order + 2,
        }
        _complete(options, {key.option for key in cls.keys})
        return {"type": "object", "always_show": True, **fragment}

    @classmethod
    def _fragment(cls) -> dict[str, Any]:
        return spec_file(f"source_unified_usage.vendors.{cls.name}")


@cache
def spec_file(package: str) -> dict[str, Any]:
    """What the spec.yaml of a package holds."""
    text = (resources.files(package) / "spec.yaml").read_text(encoding="utf-8")
    fragment: dict[str, Any] = yaml.load(text, Loader=_LOADER)
    return fragment


def _with_defaults(block: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The block with the spec's defaults for what it leaves out, also inside of objects that it has."""
    defaults = {name: option["default"] for name, option in options.items() if "default" in option}
    inner = {
        name: _with_defaults(value, options[name]["properties"])
        for name, value in block.items()
        if isinstance(value, Mapping) and "properties" in options.get(name, {})
    }
    return {**defaults, **block, **inner}


def configured(vendors: Sequence[type[Vendor]], config: Mapping[str, Any]) -> list[Vendor]:
    """The vendors that a credential switches on. Raises one ConfigError with all that is wrong with credentials."""
    config = present(config)
    blocks = [(vendor, config.get(vendor.name, {})) for vendor in vendors]
    wrong = [
        f"{vendor.title}: {fault}" for vendor, block in blocks for fault in faults(vendor.name, vendor.keys, block)
    ]
    wrong += [fault for vendor, block in blocks if (fault := _ambiguous(vendor, block))]
    if places := placeholders(config):
        wrong.insert(0, f"Still a placeholder: {', '.join(places)}. Put your own value there or take it out.")
    if wrong:
        raise ConfigError(" ".join(wrong))
    found = [vendor(block) for vendor, block in blocks if given(vendor.keys, block)]
    if not found:
        names = ", ".join(vendor.name for vendor in vendors)
        raise ConfigError(f"No vendor is configured. Add the credentials of at least one of {names}.")
    return found


def _ambiguous(vendor: type[Vendor], block: Mapping[str, Any]) -> str:
    """What is wrong with options that exclude each other; empty when nothing is."""
    count = sum(bool(block.get(option)) for option in vendor.one_of)
    if not vendor.one_of or count == 1 or not given(vendor.keys, block):
        return ""
    options = " and ".join(f"{vendor.name}.{option}" for option in vendor.one_of)
    found = "both are" if count else "neither is"
    return f"{vendor.title}: {found} set of {options}. Set exactly one: it says whose figures are read."


def _complete(options: Mapping[str, Any], credentials: Set[str], place: str = "") -> None:
    """Give all addresses one schema, and keep the form from hiding credentials among the optional fields."""
    for name, option in options.items():
        path = place + name
        if name.endswith("base_url"):
            option.update(ADDRESS)
        if any(f"{credential}.".startswith(f"{path}.") for credential in credentials):
            option["always_show"] = True
        _complete(option.get("properties", {}), credentials, f"{path}.")
