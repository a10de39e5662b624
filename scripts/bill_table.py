"""With which request a bill is whole, beside those that the bill needs itself."""

from collections.abc import Mapping, Sequence

from benchmarks.round_trips import Trips

BEGIN, END = "<!-- bill first: begin, written by `make requests` -->", "<!-- bill first: end -->"


def table(found: Mapping[str, Sequence[Trips]]) -> str:
    """The bills of the vendors in Markdown."""
    lines = [
        "| Vendor | Bill | Requests of the sync | Until the bill is whole | Share | The bill's own | Share |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for vendor, all_trips in found.items():
        for trips in all_trips:
            bill = ", ".join(f"`{name}`" for name in trips.bills)
            whole, own = trips.requests_bill, trips.requests_alone
            lines.append(
                f"| {vendor} | {bill} | {trips.requests} | {whole} | {whole / trips.requests:.0%} | {own} "
                f"| {own / trips.requests:.0%} |"
            )
    return "\n".join(lines) + "\n"
