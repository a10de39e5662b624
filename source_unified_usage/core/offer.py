"""Why a configuration does not offer a stream: a misspelled name, or options that are not set."""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.stream import UsageStream
from source_unified_usage.core.vendor import Vendor

Option = tuple[str, ...]  # its path in the configuration
_CREDENTIAL = "a-credential-of-nobody"


class Offer:
    """Which streams configurations offer, as the vendors themselves say. `streams` makes those of a configuration."""

    def __init__(
        self, vendors: Iterable[type[Vendor]], streams: Callable[[Mapping[str, Any]], Iterable[UsageStream]]
    ) -> None:
        self._vendors, self._streams = tuple(vendors), streams
        self._offered: dict[str, list[str]] = {}  # the same few configurations are asked about for every stream

    def names(self, config: Mapping[str, Any]) -> list[str]:
        """The streams that the configuration offers; none where it cannot be used."""
        key = json.dumps(config, sort_keys=True)
        if key not in self._offered:
            self._offered[key] = self._names(config)
        return self._offered[key]

    def _names(self, config: Mapping[str, Any]) -> list[str]:
        try:
            return [stream.name for stream in self._streams(config)]
        except ConfigError:
            return []

    def all_streams(self) -> Iterator[tuple[type[Vendor], UsageStream]]:
        """Every stream that some configuration offers: those of each vendor with all of its options on.

        Where options exclude each other, those of all of them.
        """
        for vendor in self._vendors:
            found = {
                stream.name: stream
                for config, switches in _alternatives(vendor, {})
                for stream in self._streams(_with(config, switches))
            }
            yield from ((vendor, stream) for stream in found.values())

    def all_names(self) -> set[str]:
        return {stream.name for _, stream in self.all_streams()}

    def why_not(self, name: str, config: Mapping[str, Any]) -> str:
        """The sentence for a stream of the catalog that the configuration does not offer."""
        said = f"Stream {name} is in the catalog but not offered by this configuration"
        if needed := self.needed(name, config):
            return f"{said}: it needs {needed}. Set that, or take the stream out of the catalog."
        offered = self.names(config)
        near = [
            one if one in offered else f"{one} (which needs {self.needed(one, config)})"
            for one in difflib.get_close_matches(name, sorted(self.all_names()), cutoff=0.7)
        ]
        advice = f"Did you mean {' or '.join(near)}?" if near else f"It offers {', '.join(offered)}."
        return f"{said}, and no option would offer it. {advice}"

    def needed(self, name: str, config: Mapping[str, Any]) -> str:
        """The fewest options that would offer a stream that is not offered, in words; empty when none would."""
        return ", or ".join(" and ".join(way) for way in self.ways(name, config))

    def ways(self, name: str, config: Mapping[str, Any]) -> list[list[str]]:
        """Each choice of the fewest options that would offer a stream that is not offered."""
        return [[*map(_shown, chosen.items())] for _, chosen in self._choices(name, config)]

    def plainest(self, name: str) -> UsageStream:
        """The stream as the fewest options offer it."""
        block, chosen = self._choices(name, {})[0]
        return next(stream for stream in self._streams(_with(block, chosen)) if stream.name == name)

    def _choices(self, name: str, config: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[Option, Any]]]:
        """Each choice of the fewest options that would offer a stream, with the configuration that they add to."""
        for vendor in self._vendors:
            own = {vendor.name: config[vendor.name]} if config.get(vendor.name) else {}
            found = [
                (block, chosen)
                for block, switches in _alternatives(vendor, own)
                if name in self.names(_with(block, switches))
                for chosen in self._fewest(name, block, switches)
            ]
            if found:
                fewest = min(len(chosen) for _, chosen in found)
                return [(block, chosen) for block, chosen in found if len(chosen) == fewest]
        return []

    def _fewest(
        self, name: str, block: Mapping[str, Any], switches: Mapping[Option, Any]
    ) -> list[Mapping[Option, Any]]:
        """Each choice of the fewest of these options that offers the stream."""
        for count in range(1, len(switches)):
            choices = map(dict, combinations(switches.items(), count))
            if found := [chosen for chosen in choices if name in self.names(_with(block, chosen))]:
                return [*found]
        return [switches]


def _alternatives(
    vendor: type[Vendor], config: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Mapping[Option, Any]]]:
    """The configuration and its switches, once for each option that excludes others, without those; its own first."""
    own = config.get(vendor.name) or {}
    switches = dict(_off(vendor.spec(), (vendor.name,), own))
    for chosen in sorted(vendor.one_of, key=lambda option: not own.get(option)) or [""]:
        others = {option for option in vendor.one_of if option != chosen}
        block = {name: value for name, value in own.items() if name not in others}
        left = {option: value for option, value in switches.items() if option[-1] not in others}
        yield ({vendor.name: block} if block else {}), left


def _off(schema: Mapping[str, Any], path: Option, block: Mapping[str, Any]) -> Iterator[tuple[Option, Any]]:
    """The options that a configuration leaves off: flags, credentials, ids, each with a value that switches it on."""
    for name, option in schema["properties"].items():
        value = block.get(name)
        if option["type"] == "object":
            yield from _off(option, (*path, name), value or {})
        elif option["type"] == "boolean" and not value and not option.get("default"):
            yield (*path, name), True
        elif option["type"] == "string" and not value and not option.keys() & {"default", "enum", "pattern"}:
            yield (*path, name), _CREDENTIAL


def _with(config: Mapping[str, Any], switches: Mapping[Option, Any]) -> dict[str, Any]:
    changed = dict(config)
    for (*outer, name), value in switches.items():
        place = changed
        for step in outer:
            place[step] = dict(place.get(step) or {})
            place = place[step]
        place[name] = value
    return changed


def _shown(switch: tuple[Option, Any]) -> str:
    option, value = switch
    return ".".join(option) + (": true" if value is True else "")
