"""What to read: the vendors that the configuration names, each with a configuration of its own and its streams."""

import difflib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lake.errors import LakeError, WrongCommand
from source_unified_usage.core import clock
from source_unified_usage.core.config import excluded_fields, present, read_range, unknown_options, validate
from source_unified_usage.core.credentials import given
from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.files import read_config
from source_unified_usage.core.spec import connection_specification
from source_unified_usage.core.vendor import Vendor, configured
from source_unified_usage.streams import all_streams
from source_unified_usage.vendors import VENDORS

_WITHOUT_FILE = (
    " Copy secrets.example/config.json there and put your keys in, or name another file: "
    "make sync CONFIG=..., or python -m lake sync --config ..."
)


@dataclass(frozen=True)
class Selected:
    """One vendor of the configuration.

    `config`: with this vendor alone, so that a mistake in another one's block does not stop it. `offered`: its streams.
    `wanted`: those to read. `mistake`: why nothing can be read; then both are empty.
    """

    vendor: type[Vendor]
    config: Mapping[str, Any]
    offered: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    mistake: str = ""

    @property
    def name(self) -> str:
        return self.vendor.name


def select(path: str, vendors: Collection[str], streams: Collection[str]) -> list[Selected]:
    """Every vendor that the file configures. One of which nothing is asked for has no `wanted` streams.

    `vendors`, `streams`: names, or nothing for all. Raises LakeError when the file cannot be used, WrongCommand when
    the file does not offer what is asked for.
    """
    try:
        config = read_config(path)
    except ConfigError as error:
        raise LakeError(f"{error}{'' if Path(path).exists() else _WITHOUT_FILE}") from None
    common = {name: value for name, value in config.items() if name not in {vendor.name for vendor in VENDORS}}
    present_blocks = present(config)
    found = [
        _of(vendor, {**common, vendor.name: config[vendor.name]})
        for vendor in VENDORS
        if _is_meant(vendor, present_blocks.get(vendor.name, {}))
    ]
    if not found:
        hints = "".join(f" {sentence}" for sentence in unknown_options(config, connection_specification(VENDORS)))
        raise LakeError(
            f"{path} configures no vendor.{hints} Add the credentials of at least one of {_names(VENDORS)}."
        )
    _hold_names(path, [one.name for one in found], vendors, [vendor.name for vendor in VENDORS], "vendor")
    for one in found:
        if one.mistake and any(stream.startswith(f"{one.name}_") for stream in streams):
            raise LakeError(f"--streams: none of {one.name} can be read. {one.mistake}")
    offered = [stream for one in found for stream in one.offered]
    _hold_names(path, offered, streams, [stream.name for stream in all_streams()], "stream")
    return [_narrowed(one, vendors, streams) for one in found]


def _is_meant(vendor: type[Vendor], block: Any) -> bool:
    """Whether a block shall be read: it has credentials, or what may be the misspelled name of one."""
    if not isinstance(block, Mapping):
        return True  # which `_of` says
    return bool(given(vendor.keys, block)) or any(unknown_options(block, vendor.spec()))


def _of(vendor: type[Vendor], config: Mapping[str, Any]) -> Selected:
    try:
        with _unheard():
            specification = connection_specification(VENDORS)
            validate(config, specification)
            known = present(config)
            if not given(vendor.keys, known[vendor.name]):
                raise ConfigError(" ".join(unknown_options({vendor.name: known[vendor.name]}, specification)))
            # what a read would refuse before its first row; PyAirbyte would say only that the connector failed
            read_range(known, clock.now())
            excluded_fields(known)
        (one,) = configured([vendor], config)
        offered = tuple(stream.name for stream in one.offered())
    except ConfigError as error:
        return Selected(vendor, config, mistake=str(error))
    return Selected(vendor, config, offered, offered)


@contextmanager
def _unheard() -> Iterator[None]:
    """Within the block the source logs nothing: its process will warn again."""
    logger = logging.getLogger("airbyte")
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


def _narrowed(one: Selected, vendors: Collection[str], streams: Collection[str]) -> Selected:
    wanted = tuple(
        stream for stream in one.wanted if (not vendors or one.name in vendors) and (not streams or stream in streams)
    )
    left_out = one.mistake and ((vendors and one.name not in vendors) or streams)
    return Selected(one.vendor, one.config, one.offered, wanted, "" if left_out else one.mistake)


def _hold_names(path: str, offered: Sequence[str], asked: Collection[str], known: Sequence[str], kind: str) -> None:
    """Raises WrongCommand for the first name that the configuration does not offer."""
    for name in asked:
        if name in offered:
            continue
        if name in known:
            raise WrongCommand(f"--{kind}s: {path} does not configure {name}; it offers {', '.join(offered)}.")
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(known)}."
        raise WrongCommand(f"--{kind}s: {name!r} is no {kind}.{hint}")


def _names(vendors: Sequence[type[Vendor]]) -> str:
    return ", ".join(vendor.name for vendor in vendors)
