"""The tag sets by which attribution cuts an organization's figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.vendors.datadog.catalog import CONFIGURATIONS, UNSUFFIXED, Organization, TagConfiguration, Tags


@dataclass(frozen=True)
class Tagged:
    """One tag set of one organization; `tags` None: not broken down. `total`: of all its sets."""

    org: Organization
    source: str
    tags: Tags | None
    shares: tuple[int, ...]
    of: tuple[int, ...]

    def part(self, amount: int) -> int:
        """Its part of an amount; the parts of all sets of a source add up to the amount."""
        ends, begin = {}, 0
        for index, share in enumerate(self.of):
            ends[index] = (amount * begin // 1000, amount * (begin + share) // 1000)
            begin += share
        return sum(ends[index][1] - ends[index][0] for index in self.shares)


def tag_sets(orgs: Sequence[Organization], keys: tuple[str, ...]) -> Iterator[Tagged]:
    """The row sets of the organizations under a breakdown."""
    for org in orgs:
        for configuration in CONFIGURATIONS[org.public_id]:
            yield from _broken_down(org, configuration, keys)


def spelled(kind: str) -> str:
    """A type as hourly attribution is asked for it."""
    return kind if kind in UNSUFFIXED else f"{kind}_usage"


def _broken_down(org: Organization, configuration: TagConfiguration, keys: tuple[str, ...]) -> Iterator[Tagged]:
    of = tuple(share for share, _ in configuration.sets)
    if not keys or not set(keys) <= set(configuration.keys):
        yield Tagged(org, configuration.source, None, tuple(range(len(of))), of)
        return
    merged: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for index, (_, values) in enumerate(configuration.sets):
        kept = tuple(values[configuration.keys.index(key)] for key in keys)
        merged.setdefault(kept, []).append(index)
    for kept, indexes in merged.items():
        tags = {key: list(values) for key, values in zip(keys, kept, strict=True)}
        yield Tagged(org, configuration.source, tags, tuple(indexes), of)
