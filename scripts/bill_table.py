"""How many requests of a first sync the bills need: they are the first of their credential."""

from collections.abc import Iterable
from typing import NamedTuple

BEGIN, END = "<!-- bill first: begin, written by `make requests` -->", "<!-- bill first: end -->"


class Bill(NamedTuple):
    """The bills of one credential: their requests, names and shared answers included, and all of the vendor's."""

    vendor: str
    names: tuple[str, ...]
    own: int
    all: int


def table(bills: Iterable[Bill]) -> str:
    """The bills in Markdown."""
    lines = [
        "| Vendor | Bill | Requests of the sync | The bill's, which come first | Share |",
        "|---|---|---:|---:|---:|",
    ]
    for vendor, names, own, all in bills:
        lines.append(f"| {vendor} | {', '.join(f'`{name}`' for name in names)} | {all} | {own} | {own / all:.0%} |")
    return "\n".join(lines) + "\n"
